import type { Command } from 'commander';
import { AppError } from '../../kernel/error.js';
import type { CliContext } from '../context.js';
import { listOf } from '../option-values.js';
import { figure, table } from '../output.js';
import { EXPERIMENT_RESULTS, printResults, type ResultsRow } from '../print-experiment.js';
import { ask } from '../remote.js';

interface ExperimentRow {
  key: string;
  status: string;
  hypothesis: string;
  primaryMetric: string;
  trafficShare: number;
  startsAt: string;
  endsAt: string;
  model: { name: string } | null;
  variants: { key: string; control: boolean; users: number }[];
}

const STATUSES = ['DRAFT', 'RUNNING', 'STOPPED', 'CONCLUDED'] as const;

/** `experiments list | results`. */
export function addExperimentCommands(program: Command, context: CliContext): void {
  const experiments = program
    .command('experiments')
    .description('comparisons of arms over customers');
  experiments
    .command('list')
    .description('experiments, the newest first')
    .option('--status <list>', `comma-separated: ${STATUSES.join(',')}`, listOf(STATUSES))
    .action(async ({ status }: { status?: string[] }) => {
      const { experiments: rows } = await ask<{ experiments: ExperimentRow[] }>(
        await context.remote(),
        `query Experiments($status: [ExperimentStatus!]) {
          experiments(status: $status) {
            key status hypothesis primaryMetric trafficShare startsAt endsAt model { name }
            variants { key control users }
          }
        }`,
        { status: status ?? null },
      );
      printList(rows, context);
    });
  experiments
    .command('results')
    .description('arms, differences with intervals, and the decision with its reason')
    .argument('<experiment>', 'its key')
    .action(async (key: string) => {
      const { experiment } = await ask<{ experiment: ResultsRow | null }>(
        await context.remote(),
        `query Results($key: String!) { experiment(key: $key) { ${EXPERIMENT_RESULTS} } }`,
        { key },
      );
      if (!experiment)
        throw new AppError(
          'NOT_FOUND',
          `there is no experiment ${key}: \`experiments list\` shows what there is`,
        );
      if (context.output.json) context.output.line(JSON.stringify(experiment));
      else printResults(experiment, context.output);
    });
}

function printList(rows: readonly ExperimentRow[], { output }: CliContext): void {
  if (output.json) {
    for (const row of rows) output.line(JSON.stringify(row));
    return;
  }
  if (rows.length === 0) {
    output.line('no experiment: the mutation createExperiment writes one down');
    return;
  }
  output.line(
    table(
      ['experiment', 'status', 'arms', 'customers', 'metric', 'from', 'until', 'model'],
      rows.map((row) => [
        row.key,
        row.status,
        row.variants.map(({ key, control }) => (control ? `${key}*` : key)).join(', '),
        figure(row.variants.reduce((sum, { users }) => sum + users, 0)),
        row.primaryMetric,
        row.startsAt.slice(0, 10),
        row.endsAt.slice(0, 10),
        row.model?.name ?? '–',
      ]),
    ),
  );
  output.line('* the control');
}
