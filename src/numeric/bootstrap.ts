import type { Interval } from './confidence.js';
import { randomStream } from './random.js';
import {
  averagePrecision,
  recallAtPrecision,
  sweepThresholds,
  type ThresholdSweep,
} from './threshold-sweep.js';

/** Resamples of a bootstrap. */
export const RESAMPLES = 200;

/**
 * 95 % intervals of figures of a threshold sweep that have no closed form: percentiles of `RESAMPLES` bootstrap
 * resamples of the rows (Efron & Tibshirani, 1993), seeded. A figure that is not finite in a resample is left out
 * of it; null where fewer than half of the resamples had it.
 * Cost: one sort, then O(RESAMPLES x rows).
 */
export function bootstrapSweep<Name extends string>(
  labels: Uint8Array,
  scores: Float64Array,
  figures: Readonly<Record<Name, (sweep: ThresholdSweep) => number>>,
  seed: number,
): Record<Name, Interval | null> {
  const resample = resampler(labels, scores, seed);
  const names = Object.keys(figures) as Name[];
  const drawn = names.map((): number[] => []);
  for (let k = 0; k < RESAMPLES; k++) {
    const sweep = resample();
    for (const [at, name] of names.entries()) {
      const value = figures[name](sweep);
      if (Number.isFinite(value)) drawn[at]?.push(value);
    }
  }
  const intervals = names.map((name, at) => [name, percentiles(drawn[at] ?? [])]);
  return Object.fromEntries(intervals) as Record<Name, Interval | null>;
}

/** Average precision and the recalls at precision 0.6 and 0.9. */
export const sweepFigures = {
  averagePrecision,
  recallAtPrecision60: (sweep: ThresholdSweep): number => recallAtPrecision(sweep, 0.6),
  recallAtPrecision90: (sweep: ThresholdSweep): number => recallAtPrecision(sweep, 0.9),
};

/** Each call draws as many rows as there are, with replacement, and counts them along the sorted scores. */
function resampler(labels: Uint8Array, scores: Float64Array, seed: number): () => ThresholdSweep {
  const { threshold } = sweepThresholds(labels, scores);
  const entryOf = entriesOf(threshold, scores);
  const random = randomStream(seed);
  const rows = labels.length;
  const positives = new Float64Array(threshold.length);
  const negatives = new Float64Array(threshold.length);
  return () => {
    positives.fill(0);
    negatives.fill(0);
    for (let k = 0; k < rows; k++) {
      const row = Math.floor(random() * rows);
      const counted = labels[row] ? positives : negatives;
      counted[entryOf[row]!]!++;
    }
    return sweepOf(threshold, positives, negatives);
  };
}

/** Entries nobody was drawn of are left out: a precision there would be one of no rows. */
function sweepOf(
  thresholds: Float64Array,
  positives: Float64Array,
  negatives: Float64Array,
): ThresholdSweep {
  const threshold = new Float64Array(thresholds.length);
  const truePositives = new Float64Array(thresholds.length);
  const falsePositives = new Float64Array(thresholds.length);
  let [kept, right, wrong] = [0, 0, 0];
  for (let k = 0; k < thresholds.length; k++) {
    if (positives[k] === 0 && negatives[k] === 0) continue;
    right += positives[k]!;
    wrong += negatives[k]!;
    threshold[kept] = thresholds[k]!;
    truePositives[kept] = right;
    falsePositives[kept++] = wrong;
  }
  return {
    threshold: threshold.subarray(0, kept),
    truePositives: truePositives.subarray(0, kept),
    falsePositives: falsePositives.subarray(0, kept),
    positives: right,
    negatives: wrong,
  };
}

/** For each row, the entry of the falling thresholds that its score is. */
function entriesOf(threshold: Float64Array, scores: Float64Array): Uint32Array {
  return Uint32Array.from(scores, (score) => {
    let low = 0;
    let high = threshold.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (threshold[middle]! <= score) high = middle;
      else low = middle + 1;
    }
    return low;
  });
}

function percentiles(values: number[]): Interval | null {
  if (values.length < RESAMPLES / 2) return null;
  values.sort((a, b) => a - b);
  const at = (share: number): number => values[Math.round(share * (values.length - 1))]!;
  return { low: at(0.025), high: at(0.975) };
}
