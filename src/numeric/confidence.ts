/** An estimate's 95 % confidence interval. */
export interface Interval {
  low: number;
  high: number;
}

/** 0.975 quantile of the standard normal distribution. */
export const Z95 = 1.959963984540054;

/**
 * 95 % interval of a share, 0..1, by Wilson's score (J. Am. Stat. Assoc. 22, 1927); it holds its coverage for
 * small counts and shares near 0 and 1. Null of no trials.
 */
export function wilsonInterval(successes: number, trials: number): Interval | null {
  if (!(trials > 0)) return null;
  const share = successes / trials;
  const square = Z95 * Z95;
  const centre = (share + square / (2 * trials)) / (1 + square / trials);
  const half =
    (Z95 / (1 + square / trials)) *
    Math.sqrt((share * (1 - share)) / trials + square / (4 * trials * trials));
  return { low: Math.max(0, centre - half), high: Math.min(1, centre + half) };
}

/**
 * 95 % interval of F1. F1 = 2 J / (1 + J) rises with J = TP / (TP + FP + FN), which is a plain share of the rows that
 * are or are called positive: Wilson's interval of J, mapped. Null where there are no such rows.
 */
export function f1Interval(
  truePositives: number,
  falsePositives: number,
  falseNegatives: number,
): Interval | null {
  const share = wilsonInterval(truePositives, truePositives + falsePositives + falseNegatives);
  const f1 = (jaccard: number): number => (2 * jaccard) / (1 + jaccard);
  return share && { low: f1(share.low), high: f1(share.high) };
}

/** 95 % interval of a mean from its standard error. Null of fewer than two values. Cost: O(values). */
export function meanInterval(values: Float64Array): Interval | null {
  if (values.length < 2) return null;
  let mean = 0;
  for (const value of values) mean += value / values.length;
  let squares = 0;
  for (const value of values) squares += (value - mean) ** 2;
  const half = Z95 * Math.sqrt(squares / (values.length - 1) / values.length);
  return { low: mean - half, high: mean + half };
}

/** Area under the ROC curve with the variance of its estimate. */
export interface AreaEstimate {
  area: number;
  variance: number;
}

/**
 * AUC and its variance by DeLong, DeLong & Clarke-Pearson (Biometrics 44, 1988), in the fast form with midranks of
 * Sun & Xu (IEEE Signal Processing Letters 21, 2014). Null with fewer than two rows of a class.
 * @param labels 0 or 1, shape [rows]
 * @param scores larger = more likely positive, shape [rows]
 * Cost: O(rows log rows).
 */
export function deLong(labels: Uint8Array, scores: Float64Array): AreaEstimate | null {
  const positive = scores.filter((_, i) => labels[i] === 1);
  const negative = scores.filter((_, i) => labels[i] !== 1);
  const m = positive.length;
  const n = negative.length;
  if (m < 2 || n < 2) return null;
  const together = new Float64Array(m + n);
  together.set(positive);
  together.set(negative, m);
  const ranks = midranks(together);
  const own = [midranks(positive), midranks(negative)] as const;
  // the share of the other class that each row beats
  const beaten = Float64Array.from(own[0], (rank, i) => (ranks[i]! - rank) / n);
  const beating = Float64Array.from(own[1], (rank, j) => 1 - (ranks[m + j]! - rank) / m);
  return {
    area: meanOf(beaten),
    variance: varianceOf(beaten) / m + varianceOf(beating) / n,
  };
}

/** 95 % interval of an AUC, normal, cut to 0..1. */
export function areaInterval({ area, variance }: AreaEstimate): Interval {
  const half = Z95 * Math.sqrt(variance);
  return { low: Math.max(0, area - half), high: Math.min(1, area + half) };
}

/** Rank of each value, from 1, equal values sharing the mean of their ranks. */
function midranks(values: Float64Array): Float64Array {
  const order = Uint32Array.from(values.keys()).sort((a, b) => values[a]! - values[b]!);
  const ranks = new Float64Array(values.length);
  for (let from = 0; from < order.length;) {
    let until = from;
    while (until < order.length && values[order[until]!] === values[order[from]!]) until++;
    for (let k = from; k < until; k++) ranks[order[k]!] = (from + until + 1) / 2;
    from = until;
  }
  return ranks;
}

function meanOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function varianceOf(values: Float64Array): number {
  const mean = meanOf(values);
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
}

/**
 * The chance that a standard normal variate is below `z`; absolute error < 7.5e-8.
 * Source: Abramowitz & Stegun 26.2.17.
 */
export function normalBelow(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const series =
    t *
    (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  const above = (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * series;
  return z > 0 ? 1 - above : above;
}
