import type { Command } from 'commander';
import type { CliContext } from '../context.js';
import { followJob } from '../follow-job.js';
import { instant, listOf, oneOf, wholeNumber } from '../option-values.js';
import { figure, table, type Output } from '../output.js';
import { ask, must, type Remote } from '../remote.js';

const METHODS = [
  'CORRELATION',
  'MUTUAL_INFORMATION',
  'ANOVA_F',
  'CHI_SQUARE',
  'MODEL_IMPORTANCE',
  'RFECV',
] as const;
const STATUSES = ['DRAFT', 'REVIEW', 'APPROVED', 'DEPRECATED'] as const;

interface Selection {
  id: string;
  asOf: string;
  rows: number;
  positiveShare: number;
  methods: {
    method: string;
    seconds: number;
    ranking: { name: string; score: number | null; rank: number; selected: boolean }[];
  }[];
  overall: { name: string; votes: number; rankedBy: number; meanRank: number; selected: boolean }[];
  rfecvCurve: { features: number; meanScore: number; sd: number }[];
  redundant: { a: string; b: string; r: number }[];
  leftOut: { feature: string; reason: string }[];
}

const SELECTION = `id asOf rows positiveShare
  methods { method threshold k maxPValue rows seconds ranking { name score pValue rank selected } }
  overall { name votes rankedBy meanRank rank selected }
  rfecvCurve { features meanScore sd } redundant { a b r } leftOut { feature reason }`;

interface SelectOptions {
  asOf?: string;
  horizonDays?: number;
  label?: string;
  methods?: string[];
  candidates?: string;
  statuses?: string[];
  seed?: number;
}

/** `features select`, below the group `features`. */
export function addSelectCommand(features: Command, context: CliContext): void {
  features
    .command('select')
    .description('rank candidate features for a model and follow the job; prints the ranking')
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
    .option('--methods <list>', `comma-separated: ${METHODS.join(',')}`, listOf(METHODS))
    .option('--candidates <list>', 'comma-separated names (default: all approved ones that fit)')
    .option('--statuses <list>', `comma-separated: ${STATUSES.join(',')}`, listOf(STATUSES))
    .option('--seed <n>', 'same seed, same ranking', wholeNumber(0, 0x7fff_ffff))
    .action(async (model: string, options: SelectOptions) => {
      await select(await context.remote(), model, options, context.output);
    });
}

async function select(
  remote: Remote,
  model: string,
  { candidates, ...options }: SelectOptions,
  output: Output,
): Promise<void> {
  // what was not given is undefined, and JSON leaves it out: the defaults of the graph decide then
  const { asOf, horizonDays, label, methods, statuses, seed } = options;
  const names = candidates?.split(',').map((name) => name.trim());
  const input = { model, asOf, horizonDays, label, methods, statuses, seed, candidates: names };
  const { selectFeatures } = await ask<{
    selectFeatures: { job: { id: string } | null; userErrors: never[] };
  }>(
    remote,
    `mutation Select($input: SelectFeaturesInput!) {
      selectFeatures(input: $input) { job { id } userErrors { code message path } }
    }`,
    { input },
  );
  const { job } = must(selectFeatures);
  if (!job) return;
  const done = await followJob(remote, job.id, `... on FeatureSelection { ${SELECTION} }`, output);
  printSelection(done.result as unknown as Selection, output);
}

/** The candidates with their rank by each method (a star: selected), then what else was found. */
export function printSelection(selection: Selection, output: Output): void {
  if (output.json) {
    output.line(JSON.stringify(selection));
    return;
  }
  const { rows, positiveShare, asOf, methods, overall, rfecvCurve, redundant } = selection;
  output.line(
    `${figure(rows)} customers as of ${asOf}, ${figure(100 * positiveShare)} % positive; rank by each method, * = selected`,
  );
  output.line(
    table(
      ['feature', 'votes', 'mean rank', ...methods.map(({ method }) => titleOf(method))],
      overall.map(({ name, votes, rankedBy, meanRank, selected }) => [
        selected ? `${name} *` : name,
        `${votes}/${rankedBy}`,
        figure(meanRank),
        ...methods.map(({ ranking }) => rankIn(ranking, name)),
      ]),
    ),
  );
  const best = [...rfecvCurve].sort((a, b) => b.meanScore - a.meanScore || a.features - b.features);
  if (best[0])
    output.line(
      `RFECV: ${best[0].features} features reach F1 ${figure(best[0].meanScore)} ± ${figure(best[0].sd)}`,
    );
  for (const { a, b, r } of redundant) output.line(`redundant: ${a} and ${b}, r ${figure(r)}`);
  for (const { feature, reason } of selection.leftOut)
    output.line(`left out: ${feature}, ${reason.toLowerCase().replace('_', ' ')}`);
}

function titleOf(method: string): string {
  return method.toLowerCase().replaceAll('_', ' ');
}

function rankIn(ranking: Selection['methods'][number]['ranking'], name: string): string {
  const found = ranking.find((row) => row.name === name);
  return found ? `${found.rank}${found.selected ? ' *' : ''}` : '–';
}
