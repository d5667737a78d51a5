import type { ThresholdSweep } from './threshold-sweep.js';

/** A point of a plot; `threshold` is null where no threshold belongs to it. */
export interface PlotPoint {
  x: number;
  y: number;
  threshold: number | null;
}

/** Points of a curve at most. */
export const maxCurvePoints = 200;

/**
 * ROC curve, false positive rate -> true positive rate, from (0, 0) to (1, 1); at most
 * `maxCurvePoints`, evenly thinned. Empty if a class is missing.
 */
export function rocCurve(sweep: ThresholdSweep): PlotPoint[] {
  if (sweep.positives === 0 || sweep.negatives === 0) return [];
  const points = thin(sweep.threshold.length, maxCurvePoints - 1).map((k) => ({
    x: sweep.falsePositives[k]! / sweep.negatives,
    y: sweep.truePositives[k]! / sweep.positives,
    threshold: sweep.threshold[k]!,
  }));
  return [{ x: 0, y: 0, threshold: null }, ...points];
}

/** Recall -> precision, falling thresholds; at most `maxCurvePoints`. Empty without positives. */
export function precisionRecallCurve(sweep: ThresholdSweep): PlotPoint[] {
  if (sweep.positives === 0) return [];
  return thin(sweep.threshold.length, maxCurvePoints).map((k) => ({
    x: sweep.truePositives[k]! / sweep.positives,
    y: sweep.truePositives[k]! / (sweep.truePositives[k]! + sweep.falsePositives[k]!),
    threshold: sweep.threshold[k]!,
  }));
}

/** A bin of the reliability curve. */
export interface CalibrationBin extends PlotPoint {
  /** Rows in it. */
  count: number;
}

/**
 * Reliability: mean predicted probability -> observed share of positives, in `bins` bins of (nearly)
 * equal numbers of rows, ascending; equal probabilities may fall into two bins. Empty for no rows.
 */
export function calibrationCurve(
  labels: Uint8Array,
  probabilities: Float64Array,
  bins = 20,
): CalibrationBin[] {
  const order = Uint32Array.from(labels.keys()).sort(
    (a, b) => probabilities[a]! - probabilities[b]!,
  );
  const count = Math.min(bins, order.length);
  return Array.from({ length: count }, (_, bin) => {
    const from = Math.floor((bin * order.length) / count);
    const rows = order.subarray(from, Math.floor(((bin + 1) * order.length) / count));
    const mean = (of: ArrayLike<number>) =>
      rows.reduce((sum, row) => sum + of[row]!, 0) / rows.length;
    return { x: mean(probabilities), y: mean(labels), threshold: null, count: rows.length };
  });
}

/** At most `most` of 0..length-1, evenly spread, the last one always among them. */
function thin(length: number, most: number): number[] {
  const count = Math.min(length, most);
  return Array.from({ length: count }, (_, k) =>
    count === 1 ? length - 1 : Math.round((k * (length - 1)) / (count - 1)),
  );
}
