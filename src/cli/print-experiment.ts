import { figure, table, wrap, type Output } from './output.js';

interface VariantResultRow {
  variant: { key: string; control: boolean };
  users: number;
  exposures: number;
  outcomes: number;
  mean: number | null;
  low: number | null;
  high: number | null;
}

interface ComparisonRow {
  metric: string;
  control: { key: string };
  treatment: { key: string };
  difference: number;
  relativeLift: number | null;
  low: number;
  high: number;
  pValue: number;
  sequentialPValue: number;
  adjustedPValue: number;
  significant: boolean;
  method: string;
}

/** An experiment with results, as `EXPERIMENT_RESULTS` asks for it. */
export interface ResultsRow {
  key: string;
  status: string;
  hypothesis: string;
  primaryMetric: string;
  startsAt: string;
  endsAt: string;
  results: {
    asOf: string;
    variants: VariantResultRow[];
    comparisons: ComparisonRow[];
    sampleRatio: { pValue: number; mismatch: boolean };
    decision: string;
    winner: { key: string } | null;
    reason: string;
    waitingFor: string[];
    disagreement: { users: number; share: number; meanAbsoluteDifference: number } | null;
  };
}

/** What `printResults` needs of an experiment. */
export const EXPERIMENT_RESULTS = `key status hypothesis primaryMetric startsAt endsAt
  results {
    asOf decision reason winner { key } sampleRatio { pValue mismatch } waitingFor
    disagreement { users share meanAbsoluteDifference }
    variants { variant { key control } users exposures outcomes mean low high }
    comparisons {
      metric control { key } treatment { key } difference relativeLift low high pValue sequentialPValue
      adjustedPValue significant method
    }
  }`;

/** The results of an experiment for people. */
export function printResults(experiment: ResultsRow, output: Output): void {
  const { key, status, primaryMetric, hypothesis, startsAt, endsAt, results } = experiment;
  const { sampleRatio, decision, winner, reason, waitingFor, disagreement } = results;
  output.line(
    `${key} (${status}), ${startsAt.slice(0, 10)} to ${endsAt.slice(0, 10)}, as of ${results.asOf}`,
  );
  output.line(wrap(hypothesis));
  output.line('');
  output.line(armTable(primaryMetric, results.variants));
  output.line('');
  if (results.comparisons.length > 0) {
    output.line(comparisonTable(results.comparisons));
    output.line('');
  }
  for (const missing of waitingFor) output.line(wrap(`waiting: ${missing}`));
  if (disagreement) output.line(disagreementText(disagreement));
  output.line(
    sampleRatio.mismatch
      ? `sample ratio: p ${chance(sampleRatio.pValue)}, the arms are not as large as their weights say: do not trust the rest`
      : `sample ratio: p ${chance(sampleRatio.pValue)}, the arms are as large as their weights say`,
  );
  output.line(`decision: ${decision}${winner ? `, ${winner.key}` : ''}`);
  output.line(wrap(reason));
}

function disagreementText({
  users,
  share,
  meanAbsoluteDifference,
}: NonNullable<ResultsRow['results']['disagreement']>): string {
  return `disagreement: ${figure(users)} customers were scored by both, ${(share * 100).toFixed(1)}% got other verdicts, probabilities ${value(meanAbsoluteDifference)} apart`;
}

function armTable(metric: string, arms: readonly VariantResultRow[]): string {
  return table(
    ['arm', 'customers', 'exposures', 'outcomes', metric, '95% from', 'to'],
    arms.map(({ variant, users, exposures, outcomes, mean, low, high }) => [
      variant.control ? `${variant.key} (control)` : variant.key,
      ...[figure(users), figure(exposures), figure(outcomes), value(mean), value(low), value(high)],
    ]),
  );
}

function comparisonTable(comparisons: readonly ComparisonRow[]): string {
  return table(
    [
      'metric',
      'arm',
      'difference',
      '95% from',
      'to',
      'lift',
      'p',
      'p at any time',
      'adjusted',
      '',
      'method',
    ],
    comparisons.map((row) => [
      row.metric,
      row.treatment.key,
      ...[value(row.difference), value(row.low), value(row.high)],
      row.relativeLift === null ? '–' : `${(row.relativeLift * 100).toFixed(1)}%`,
      ...[row.pValue, row.sequentialPValue, row.adjustedPValue].map(chance),
      ...[row.significant ? 'significant' : '', row.method],
    ]),
  );
}

function value(number: number | null): string {
  // no -0.0000
  return number === null ? '–' : (Math.round(number * 10_000) / 10_000 + 0).toFixed(4);
}

function chance(pValue: number): string {
  return pValue < 0.0001 ? '<0.0001' : pValue.toFixed(4);
}
