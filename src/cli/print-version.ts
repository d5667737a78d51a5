import { figure, table, type Output } from './output.js';

interface MetricRow {
  name: string;
  split: string;
  value: number;
  low: number | null;
  high: number | null;
}

/** A version as the commands ask for it; what only `VERSION_DETAIL` holds may be absent. */
export interface VersionRow {
  id: string;
  version: number;
  stage: string;
  algorithm: string;
  threshold: number | null;
  trainingRows: number;
  testRows: number;
  trainedAt: string;
  /** What is told of a file from elsewhere; null for a version trained here. */
  upload?: { producer: string } | null;
  metrics: MetricRow[];
  targets?: { metric: string; goal: number; value: number; met: boolean }[];
  importances?: { feature: string; gain: number; meanAbsoluteContribution: number; rank: number }[];
  thresholds?: {
    rule: string;
    threshold: number;
    precision: number | null;
    recall: number | null;
    positiveRate: number;
    totalCost: number;
    chosen: boolean;
    reached?: boolean | null;
  }[];
  slices?: {
    dimension: string;
    value: string;
    rows: number;
    worst: boolean;
    metrics: { name: string; value: number }[];
  }[];
  fairness?: { attribute: string; parityGap: number | null; opportunityGap: number | null }[];
  ruleChecks?: { name: string; rows: number; violations: number; veto: boolean; met: boolean }[];
  blend?: { algorithm: string; weight: number }[];
  reproduces?: {
    version: { version: number };
    sameData: boolean;
    sameMetrics: boolean;
    differences: string[];
  } | null;
}

export const VERSION_FIELDS = `id version stage algorithm threshold trainingRows testRows trainedAt
  upload { producer }
  metrics { name split value low high }`;
export const VERSION_DETAIL = `${VERSION_FIELDS} targets { metric goal value met }
  importances { feature gain meanAbsoluteContribution rank }
  thresholds { rule threshold precision recall positiveRate totalCost chosen reached }
  slices { dimension value rows worst metrics { name value } }
  fairness { attribute parityGap opportunityGap }
  ruleChecks { name rows violations veto met } blend { algorithm weight }
  reproduces { version { version } sameData sameMetrics differences }`;

/** The value of a metric on a part; a dash where there is none. */
export function metricText(version: VersionRow, name: string, split: string): string {
  const found = version.metrics.find((m) => m.name === name && m.split === split);
  return figure(found?.value);
}

/** A version for people, the most important first; one JSON object a line with `--json`. */
export function printVersion(version: VersionRow, output: Output): void {
  if (output.json) {
    output.line(JSON.stringify(version));
    return;
  }
  output.line(
    version.upload
      ? `version ${version.version} (${version.algorithm}, ${version.stage}), a file of ${version.upload.producer || 'an unnamed program'}, not measured here`
      : `version ${version.version} (${version.algorithm}, ${version.stage}), trained on ${figure(version.trainingRows)} rows, tested on ${figure(version.testRows)}`,
  );
  const { blend = [] } = version;
  if (blend.length > 0)
    output.line(`a blend of ${blend.map((m) => `${m.algorithm} ${figure(m.weight)}`).join(', ')}`);
  if (version.metrics.length > 0) output.line(metricTable(version));
  for (const target of version.targets ?? [])
    output.line(
      `target ${target.metric} > ${target.goal}: ${figure(target.value)} ${target.met ? 'met' : 'NOT met'}`,
    );
  printThresholds(version, output);
  printGroups(version, output);
  const top = [...(version.importances ?? [])].sort((a, b) => a.rank - b.rank).slice(0, 8);
  if (top.length > 0)
    output.line(
      table(
        ['feature', 'mean |contribution|'],
        top.map((row) => [row.feature, figure(row.meanAbsoluteContribution)]),
      ),
    );
  printReproduction(version, output);
}

function metricTable(version: VersionRow): string {
  const names = [...new Set(version.metrics.map((m) => m.name))];
  const splits = ['TRAIN', 'CROSS_VALIDATION', 'TEST'];
  return table(
    ['metric', ...splits.map((split) => split.toLowerCase().replace('_', ' ')), '95 % of test'],
    names.map((name) => {
      const tested = version.metrics.find((m) => m.name === name && m.split === 'TEST');
      const known = typeof tested?.low === 'number';
      return [
        name,
        ...splits.map((split) => metricText(version, name, split)),
        known ? `${figure(tested.low)} to ${figure(tested.high)}` : '–',
      ];
    }),
  );
}

function printThresholds({ thresholds = [] }: VersionRow, output: Output): void {
  if (thresholds.length === 0) return;
  output.line(
    table(
      ['threshold by', 'at', 'precision', 'recall', 'positive', 'cost'],
      thresholds.map((row) => [
        row.rule +
          (row.chosen ? ' (its own)' : '') +
          (row.reached === false ? ' (not reached)' : ''),
        ...[row.threshold, row.precision, row.recall, row.positiveRate, row.totalCost].map(figure),
      ]),
    ),
  );
}

function printGroups(version: VersionRow, output: Output): void {
  const { slices = [], fairness = [], ruleChecks = [] } = version;
  const worst = slices.find((slice) => slice.worst);
  const auc = worst?.metrics.find(({ name }) => name === 'auc');
  if (worst)
    output.line(
      `worst slice: ${worst.dimension} = ${worst.value || 'unknown'}, AUC ${figure(auc?.value)} on ${figure(worst.rows)} rows`,
    );
  else if (slices.length > 0)
    output.line(
      slices.length === 1
        ? 'one slice, nothing to compare it with'
        : `${slices.length} slices, none worse than the rest by more than chance`,
    );
  for (const { attribute, parityGap, opportunityGap } of fairness)
    output.line(
      `fairness ${attribute}: called positive differs by ${figure(parityGap)}, true positive rate by ${figure(opportunityGap)}`,
    );
  for (const rule of ruleChecks)
    output.line(
      `rule ${rule.name}: ${rule.met ? 'met' : 'NOT met'}, ${figure(rule.violations)} of ${figure(rule.rows)} rows${rule.veto ? ', may veto promotion' : ''}`,
    );
}

function printReproduction({ reproduces }: VersionRow, output: Output): void {
  if (!reproduces) return;
  const { version, sameData, sameMetrics, differences } = reproduces;
  output.line(
    `repeats version ${version.version}: ${sameData ? 'same data' : 'the data have changed'}, ${sameMetrics ? 'equal metrics' : 'other metrics'}`,
  );
  for (const difference of differences) output.line(`  ${difference}`);
}
