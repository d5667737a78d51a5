import { deLong, normalBelow } from '../../numeric/confidence.js';
import { metricsOf } from '../train/evaluate.js';
import type { SliceColumn } from '../train/training.js';
import type { JudgedMetric, Slice } from './judgement.js';
import { withClosedIntervals, type MeasuredRows } from './metric-intervals.js';

/** A slice of fewer test rows says nothing. */
export const minSliceRows = 30;
/** Values of a dimension at most, the largest first. */
const maxValues = 50;
/** Rows of each class that a slice, and the rest, need for their AUCs to be compared. */
const minOfClass = 5;
/** Rows of the rest that a slice is compared with at most, evenly spaced. */
const maxRest = 20_000;
/** Chance of naming a slice worst, over all slices together, where none is worse than the rest. */
const alarm = 0.05;
const SLICE_METRICS: ReadonlySet<string> = new Set(['auc', 'precision', 'recall', 'logLoss']);

/** Positions of the rows of each value that has at least `minSliceRows`, the largest first. */
export function groupsOf(values: readonly string[]): [string, number[]][] {
  const groups = new Map<string, number[]>();
  for (const [row, value] of values.entries()) {
    const rows = groups.get(value);
    if (rows) rows.push(row);
    else groups.set(value, [row]);
  }
  return [...groups]
    .filter(([, rows]) => rows.length >= minSliceRows)
    .sort(([a, few], [b, many]) => many.length - few.length || (a < b ? -1 : 1))
    .slice(0, maxValues);
}

/** The rows at these positions. */
export function rowsAt(
  { labels, margins, threshold }: MeasuredRows,
  positions: readonly number[],
): MeasuredRows {
  return {
    labels: Uint8Array.from(positions, (at) => labels[at] ?? 0),
    margins: Float64Array.from(positions, (at) => margins[at] ?? NaN),
    threshold,
  };
}

/**
 * AUC, precision, recall and log loss of every value with at least 30 test rows of every dimension.
 *
 * The worst is the lowest AUC among those that are lower than the AUC of all other rows by more than chance: a
 * one-sided z test on DeLong's variances, which are independent as no row is in both, at 0.05 over all slices
 * together (Holm, Scand. J. Stat. 6, 1979). A small noisy slice is therefore not named, and maybe none is.
 * @param columns cover the rows of `rows`, in their order
 */
export function judgeSlices(columns: readonly SliceColumn[], rows: MeasuredRows): Slice[] {
  const found = columns.flatMap(({ dimension, values }) =>
    groupsOf(values).map(([value, positions]) => ({
      slice: {
        dimension,
        value,
        rows: positions.length,
        positives: positions.reduce((sum, at) => sum + (rows.labels[at] ?? 0), 0),
        metrics: metricsOfSlice(rowsAt(rows, positions)),
        worst: false,
      },
      chance: chanceOfBeingLower(rows, positions),
    })),
  );
  const worse = holm(found.map(({ chance }) => chance));
  let worst: Slice | null = null;
  for (const [at, { slice }] of found.entries())
    if (worse[at] && aucOf(slice) < (worst ? aucOf(worst) : Infinity)) worst = slice;
  if (worst) worst.worst = true;
  return found.map(({ slice }) => slice);
}

function aucOf({ metrics }: Slice): number {
  return metrics.find(({ name }) => name === 'auc')?.value ?? Infinity;
}

function metricsOfSlice(rows: MeasuredRows): JudgedMetric[] {
  const metrics = metricsOf(rows.labels, rows.margins, rows.threshold, 'TEST').filter(({ name }) =>
    SLICE_METRICS.has(name),
  );
  return withClosedIntervals(metrics, rows);
}

/** p value of "the AUC here is not below that of the rest"; null where there is too little to tell. */
function chanceOfBeingLower(rows: MeasuredRows, positions: readonly number[]): number | null {
  const within = new Set(positions);
  const others = [...rows.labels.keys()].filter((at) => !within.has(at));
  const step = Math.max(1, others.length / maxRest);
  const rest = others.filter((_, k) => Math.floor(k / step) !== Math.floor((k - 1) / step));
  const [here, there] = [rowsAt(rows, positions), rowsAt(rows, rest)];
  if (![here, there].every(hasBoth)) return null;
  const [mine, theirs] = [deLong(here.labels, here.margins), deLong(there.labels, there.margins)];
  if (!mine || !theirs) return null;
  const deviation = Math.sqrt(mine.variance + theirs.variance);
  if (deviation === 0) return mine.area < theirs.area ? 0 : 1;
  return normalBelow((mine.area - theirs.area) / deviation);
}

function hasBoth({ labels }: MeasuredRows): boolean {
  const positives = labels.reduce((sum, label) => sum + label, 0);
  return positives >= minOfClass && labels.length - positives >= minOfClass;
}

/** Which hypotheses are rejected by Holm's step-down; nulls are no hypotheses. */
function holm(chances: readonly (number | null)[]): boolean[] {
  const tested = [...chances.keys()]
    .filter((at) => chances[at] !== null)
    .sort((a, b) => (chances[a] ?? 1) - (chances[b] ?? 1));
  const rejected = chances.map(() => false);
  for (const [k, at] of tested.entries()) {
    if ((chances[at] ?? 1) > alarm / (tested.length - k)) break;
    rejected[at] = true;
  }
  return rejected;
}
