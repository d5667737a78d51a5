import { AppError } from '../kernel/error.js';
import { DAY_MS } from '../kernel/clock.js';
import { horizonMsOf } from '../model/label-horizon.js';
import type { Model } from '../model/model.js';

/** Which scores make one point. */
export type PerformanceStep = 'DAY' | 'MONTH';

export interface PerformanceQuery {
  modelId: string;
  /** Scored in [since, until). */
  since: Date;
  until: Date;
  step: PerformanceStep;
  /** How long after the as-of instant an outcome may lie; null = without end. */
  horizonMs: number | null;
  /** A profile attribute: a point for each of its values; null = one point for all. */
  slice: string | null;
}

/** Sums over the scores of a model in a step (UTC), and of a value of the slice. */
export interface PerformanceSums {
  at: Date;
  /** The value; null where there is none, it is not told, or nothing was cut. */
  slice: string | null;
  predictions: number;
  /** Those whose outcome is known by now; the rest is about them. */
  labelled: number;
  positives: number;
  /** Sum of the ranks of the positive ones by probability, 1 = lowest, ties at their mean. */
  positiveRanks: number;
  /** Mean of -ln(probability of what happened); probabilities are kept 1e-15 away from 0 and 1. */
  logLoss: number;
  brier: number;
  truePositives: number;
  falsePositives: number;
}

/** Figures of the scores of a model whose outcome is known by now. */
export interface PerformancePoint {
  at: Date;
  slice: string | null;
  predictions: number;
  labelled: number;
  /** None without a labelled score; no AUC where a class is missing. */
  metrics: { name: string; value: number }[];
}

export interface PerformanceDeps {
  performanceSums(query: PerformanceQuery): Promise<PerformanceSums[]>;
}

/** Longest window, in days, by step. */
const MOST_DAYS: Record<PerformanceStep, number> = { DAY: 400, MONTH: 3_660 };
const MOST_POINTS = 2_000;

/**
 * How a model does over time, judged by outcomes that came later: a label that comes in late changes points of
 * the past. Scores count at the threshold they were given with, each as often as it was given; what rules said
 * in the model's place is left out. Points ascend; a step without scores has none.
 * @throws AppError INVALID for a window that is none or too long, a slice that the spec does not name, or more than
 * 2,000 points
 */
export async function performanceOf(
  deps: PerformanceDeps,
  { id, spec }: Pick<Model, 'id' | 'spec'>,
  question: Pick<PerformanceQuery, 'since' | 'until' | 'step' | 'slice'>,
): Promise<PerformancePoint[]> {
  checkWindow(question);
  checkSlice(spec, question.slice);
  const sums = await deps.performanceSums({
    ...question,
    modelId: id,
    horizonMs: horizonMsOf(spec),
  });
  if (sums.length > MOST_POINTS)
    throw new AppError(
      'INVALID',
      `performance must be at most ${MOST_POINTS} points, got ${sums.length}: ask for a shorter window or no slice`,
    );
  return sums.map(pointOf);
}

function checkWindow({
  since,
  until,
  step,
}: Pick<PerformanceQuery, 'since' | 'until' | 'step'>): void {
  if (since >= until)
    throw new AppError(
      'INVALID',
      `since must be before until, got ${since.toISOString()} and ${until.toISOString()}`,
    );
  const days = (until.getTime() - since.getTime()) / DAY_MS;
  if (days > MOST_DAYS[step])
    throw new AppError(
      'INVALID',
      `since and until must be at most ${MOST_DAYS[step]} days apart by ${step}, got ${Math.ceil(days)}`,
    );
}

function checkSlice(
  { slices, fairness }: Pick<Model['spec'], 'slices' | 'fairness'>,
  slice: string | null,
): void {
  const known = [...new Set([...slices, ...fairness])];
  if (slice === null || known.includes(slice)) return;
  const names = known.length > 0 ? known.join(', ') : 'none';
  throw new AppError(
    'INVALID',
    `slice must be an attribute that the spec names under slices or fairness (${names}), got ${slice.slice(0, 80)}`,
  );
}

/** The metrics of the sums, named as those of a version are. */
export function pointOf(sums: PerformanceSums): PerformancePoint {
  const { at, slice, predictions, labelled, positives, truePositives, falsePositives } = sums;
  const point = { at, slice, predictions, labelled };
  if (labelled === 0) return { ...point, metrics: [] };
  const negatives = labelled - positives;
  const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);
  const metrics = [
    { name: 'logLoss', value: sums.logLoss },
    { name: 'brier', value: sums.brier },
    { name: 'accuracy', value: (truePositives + negatives - falsePositives) / labelled },
    { name: 'precision', value: share(truePositives, truePositives + falsePositives) },
    { name: 'recall', value: share(truePositives, positives) },
    { name: 'f1', value: share(2 * truePositives, truePositives + falsePositives + positives) },
    { name: 'prevalence', value: positives / labelled },
  ];
  if (positives === 0 || negatives === 0) return { ...point, metrics };
  // the statistic of Mann and Whitney: pairs of a positive and a negative that are in the right order, ties half
  const ordered = sums.positiveRanks - (positives * (positives + 1)) / 2;
  return {
    ...point,
    metrics: [{ name: 'auc', value: ordered / (positives * negatives) }, ...metrics],
  };
}
