import type { Command } from 'commander';
import { algorithms } from '../../model/spec-parts.js';
import type { CliContext } from '../context.js';
import { followJob } from '../follow-job.js';
import { instant, listOf, oneOf, wholeNumber } from '../option-values.js';
import { figure, table, type Output } from '../output.js';
import {
  metricText,
  printVersion,
  VERSION_DETAIL,
  VERSION_FIELDS,
  type VersionRow,
} from '../print-version.js';
import { ask, must, type Remote } from '../remote.js';
import { addGovernCommands } from './models-govern.js';
import { addPromoteCommand } from './models-promote.js';
import { addRegisterCommand } from './models-register.js';
import { addShowCommand } from './models-show.js';
import { addReplayCommand } from './replay.js';

interface TrainOptions {
  asOf?: string;
  horizonDays?: number;
  label?: string;
  algorithms?: string[];
  trials?: number;
  seed?: number;
  promote?: boolean;
}

async function train(
  remote: Remote,
  model: string,
  options: TrainOptions,
  output: Output,
): Promise<void> {
  // what was not given is undefined, and JSON leaves it out: the model's spec decides then
  const { asOf, horizonDays, label, algorithms, trials, seed, promote } = options;
  const input = { model, asOf, horizonDays, label, algorithms, trials, seed, promote };
  const { trainModel } = await ask<{
    trainModel: { job: { id: string } | null; userErrors: never[] };
  }>(
    remote,
    `mutation Train($input: TrainModelInput!) {
      trainModel(input: $input) { job { id } userErrors { code message path } }
    }`,
    { input },
  );
  const { job } = must(trainModel);
  if (!job) return;
  const done = await followJob(remote, job.id, `... on ModelVersion { ${VERSION_DETAIL} }`, output);
  printVersion(done.result as unknown as VersionRow, output);
}

/** `train`, `models list|show|promote|rollback|card|retrain`, `score`. */
export function addModelCommands(program: Command, context: CliContext): void {
  program
    .command('train')
    .description('train a model and follow the job; prints its metrics')
    .argument('<model>', 'for example churn')
    .option('--as-of <iso>', 'features as of this instant; labels from then on', instant)
    .option(
      '--horizon-days <n>',
      'how long after the instant the label looks, 1..3650',
      wholeNumber(1, 3650),
    )
    .option(
      '--label <source>',
      'behaviour (from events) or outcomes (imported labels)',
      oneOf(['BEHAVIOUR', 'OUTCOMES']),
    )
    .option('--algorithms <list>', `comma-separated: ${algorithms.join(',')}`, listOf(algorithms))
    .option('--trials <n>', 'how many settings to try, 1..200', wholeNumber(1, 200))
    .option('--seed <n>', 'same seed, same model', wholeNumber(0, 0x7fff_ffff))
    .option('--promote', 'serve it at once')
    .action(async (model: string, options: TrainOptions) => {
      await train(await context.remote(), model, options, context.output);
    });
  program
    .command('score')
    .description('score everyone into the ledger')
    .argument('<model>', 'for example churn')
    .option('--as-of <iso>', 'features as of this instant', instant)
    .action(async (model: string, options: { asOf?: string }) => {
      await scoreAll(await context.remote(), model, options.asOf, context.output);
    });
  addModelsGroup(program, context);
}

async function scoreAll(
  remote: Remote,
  model: string,
  asOf: string | undefined,
  output: Output,
): Promise<void> {
  const { scoreUsers } = await ask<{
    scoreUsers: { job: { id: string } | null; userErrors: never[] };
  }>(
    remote,
    `mutation Score($model: String!, $asOf: DateTime) {
      scoreUsers(model: $model, asOf: $asOf) { job { id } userErrors { code message path } }
    }`,
    { model, asOf: asOf ?? null },
  );
  const { job } = must(scoreUsers);
  if (!job) return;
  const done = await followJob(
    remote,
    job.id,
    '... on ScoreRun { rows positive seconds rowsPerSecond }',
    output,
  );
  const run = done.result as unknown as Record<
    'rows' | 'positive' | 'seconds' | 'rowsPerSecond',
    number
  >;
  output.line(
    output.json
      ? JSON.stringify(run)
      : `scored ${figure(run.rows)} users in ${figure(run.seconds)} s (${figure(Math.round(run.rowsPerSecond))} a second), ${figure(run.positive)} above the threshold`,
  );
}

function addModelsGroup(program: Command, context: CliContext): void {
  const models = program.command('models').description('the registry of models');
  addGovernCommands(models, context);
  addShowCommand(models, context);
  addPromoteCommand(models, context);
  addReplayCommand(models, context);
  addRegisterCommand(models, context);
  models
    .command('list')
    .description('models and what serves')
    .action(async () => {
      const data = await ask<{
        models: { name: string; task: string; production: VersionRow | null }[];
      }>(await context.remote(), `{ models { name task production { ${VERSION_FIELDS} } } }`);
      if (context.output.json) {
        for (const model of data.models) context.output.line(JSON.stringify(model));
        return;
      }
      context.output.line(
        table(
          ['model', 'task', 'serving', 'algorithm', 'test AUC', 'trained'],
          data.models.map(({ name, task, production: p }) => [
            name,
            task,
            p ? `version ${p.version}` : 'nothing',
            p?.algorithm ?? '–',
            p ? metricText(p, 'auc', 'TEST') : '–',
            p?.trainedAt.slice(0, 16) ?? '–',
          ]),
        ),
      );
    });
  models
    .command('rollback')
    .description('serve the version that served before')
    .argument('<model>')
    .action(async (model: string) => {
      const { rollBackModel } = await ask<{
        rollBackModel: { modelVersion: VersionRow | null; userErrors: never[] };
      }>(
        await context.remote(),
        `mutation RollBack($model: String!) {
          rollBackModel(model: $model) { modelVersion { ${VERSION_FIELDS} } userErrors { code message path } }
        }`,
        { model },
      );
      const { modelVersion } = must(rollBackModel);
      if (modelVersion) printVersion(modelVersion, context.output);
    });
}
