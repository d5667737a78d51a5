import { confusionAt, ratesOf, sigmoid, type Confusion } from '../../numeric/metrics.js';
import { bestF1, sweepThresholds, type ThresholdSweep } from '../../numeric/threshold-sweep.js';
import { costOf, type CostMatrix } from '../cost-report.js';
import type { ThresholdRule } from '../train/training.js';
import type { ThresholdRow } from './judgement.js';

/** Probability from which a row is called positive when nothing better is known. */
const STANDARD = 0.5;
const PRECISIONS = [0.6, 0.8, 0.9];

/** Labels with margins (log-odds) of rows the classifier did not learn from. */
export interface Scored {
  labels: Uint8Array;
  margins: Float64Array;
}

/**
 * The threshold (a probability, positive iff probability >= threshold) that a rule finds on scored rows: given,
 * the highest F1, the highest recall among those with the precision asked for, or the least total cost minus what is
 * saved. A precision that no threshold reaches gives the one with the highest precision; on a tie the highest wins.
 */
export function chooseThreshold(rule: ThresholdRule, { labels, margins }: Scored): number {
  if (rule.kind === 'fixed') return rule.value;
  return thresholdIn(rule, sweepThresholds(labels, margins.map(sigmoid)));
}

function thresholdIn(
  rule: Exclude<ThresholdRule, { kind: 'fixed' }>,
  sweep: ThresholdSweep,
): number {
  switch (rule.kind) {
    case 'f1':
      return bestF1(sweep).threshold;
    case 'precision':
      return thresholdAtPrecision(sweep, rule.atLeast);
    case 'cost':
      return cheapestThreshold(sweep, rule.costs);
  }
}

function thresholdAtPrecision(sweep: ThresholdSweep, atLeast: number): number {
  let best = { threshold: STANDARD, precision: -1 };
  for (let k = sweep.threshold.length - 1; k >= 0; k--) {
    const right = sweep.truePositives[k] ?? 0;
    const precision = right / (right + (sweep.falsePositives[k] ?? 0));
    const threshold = sweep.threshold[k] ?? STANDARD;
    if (precision >= atLeast) return threshold;
    if (precision >= best.precision) best = { threshold, precision };
  }
  return best.threshold;
}

function cheapestThreshold(sweep: ThresholdSweep, costs: CostMatrix): number {
  const { positives, negatives } = sweep;
  const netOf = (right: number, wrong: number): number =>
    costOf(
      {
        truePositives: right,
        falsePositives: wrong,
        falseNegatives: positives - right,
        trueNegatives: negatives - wrong,
      },
      costs,
    ) -
    right * costs.savedPerTruePositive;
  // calling nobody positive is a choice as well: a threshold above every score
  let best = { threshold: 1, net: netOf(0, 0) };
  for (const [k, threshold] of sweep.threshold.entries()) {
    const net = netOf(sweep.truePositives[k] ?? 0, sweep.falsePositives[k] ?? 0);
    if (net < best.net) best = { threshold, net };
  }
  return best.threshold;
}

/**
 * What an operator gets and pays at the usual thresholds and at the version's own: each is found on `outOfFold`
 * rows of the training part and measured on the test part, so that no row decides about itself.
 */
export function thresholdTable(input: {
  outOfFold: Scored;
  test: Scored;
  rule: ThresholdRule;
  threshold: number;
  costs: CostMatrix;
}): ThresholdRow[] {
  const { outOfFold, test, rule, threshold, costs } = input;
  const sweep = sweepThresholds(outOfFold.labels, outOfFold.margins.map(sigmoid));
  const probabilities = test.margins.map(sigmoid);
  const usual: [string, number, number | null][] = [
    ['fixed 0.5', STANDARD, null],
    ['f1', thresholdIn({ kind: 'f1' }, sweep), null],
    ...PRECISIONS.map((atLeast): [string, number, number] => [
      `precision >= ${atLeast}`,
      thresholdAtPrecision(sweep, atLeast),
      atLeast,
    ]),
    ['cost', cheapestThreshold(sweep, costs), null],
  ];
  const own = nameOf(rule);
  const others = usual.filter(([name]) => name !== own);
  const row = (
    [name, at, atLeast]: [string, number, number | null],
    chosen: boolean,
  ): ThresholdRow =>
    measured(
      { rule: name, threshold: at, chosen, reached: isReached(outOfFold, at, atLeast) },
      confusionAt(test.labels, probabilities, at),
      costs,
    );
  return [
    row([own, threshold, rule.kind === 'precision' ? rule.atLeast : null], true),
    ...others.filter(([, at]) => Number.isFinite(at)).map((each) => row(each, false)),
  ];
}

/** Null where no precision is asked for. */
function isReached(
  { labels, margins }: Scored,
  threshold: number,
  atLeast: number | null,
): boolean | null {
  if (atLeast === null) return null;
  return ratesOf(confusionAt(labels, margins.map(sigmoid), threshold)).precision >= atLeast;
}

function nameOf(rule: ThresholdRule): string {
  switch (rule.kind) {
    case 'fixed':
      return `fixed ${rule.value}`;
    case 'precision':
      return `precision >= ${rule.atLeast}`;
    case 'f1':
    case 'cost':
      return rule.kind;
  }
}

/** A share of nothing is null. */
function measured(
  row: Pick<ThresholdRow, 'rule' | 'threshold' | 'chosen' | 'reached'>,
  counts: Confusion,
  costs: CostMatrix,
): ThresholdRow {
  const { truePositives, falsePositives, falseNegatives, trueNegatives } = counts;
  const called = truePositives + falsePositives;
  const positives = truePositives + falseNegatives;
  const rates = ratesOf(counts);
  return {
    ...row,
    precision: called > 0 ? rates.precision : null,
    recall: positives > 0 ? rates.recall : null,
    f1: positives > 0 ? rates.f1 : null,
    positiveRate: called / Math.max(1, positives + falsePositives + trueNegatives),
    totalCost: costOf(counts, costs),
  };
}
