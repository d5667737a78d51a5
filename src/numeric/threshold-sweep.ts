/**
 * What a classifier answers at every threshold that makes a difference: entry k counts the rows with
 * score >= threshold[k]; thresholds strictly fall, equal scores share one entry.
 */
export interface ThresholdSweep {
  threshold: Float64Array;
  truePositives: Float64Array;
  falsePositives: Float64Array;
  positives: number;
  negatives: number;
}

/**
 * Sorts by score and counts.
 * @param labels 0 or 1, shape [rows]
 * @param scores probabilities or margins, shape [rows], larger = more likely positive
 * @throws RangeError if lengths differ or a score is NaN
 * Cost: O(rows log rows).
 */
export function sweepThresholds(labels: Uint8Array, scores: Float64Array): ThresholdSweep {
  if (labels.length !== scores.length)
    throw new RangeError(`${String(labels.length)} labels, ${String(scores.length)} scores`);
  const order = Uint32Array.from(scores, (score, i) => {
    if (Number.isNaN(score)) throw new RangeError(`score ${String(i)} is NaN`);
    return i;
  }).sort((a, b) => scores[b]! - scores[a]!);
  const threshold: number[] = [];
  const truePositives: number[] = [];
  const falsePositives: number[] = [];
  let positives = 0;
  for (let k = 0; k < order.length; k++) {
    positives += labels[order[k]!]!;
    const score = scores[order[k]!]!;
    if (k + 1 < order.length && scores[order[k + 1]!]! === score) continue;
    threshold.push(score);
    truePositives.push(positives);
    falsePositives.push(k + 1 - positives);
  }
  return {
    threshold: Float64Array.from(threshold),
    truePositives: Float64Array.from(truePositives),
    falsePositives: Float64Array.from(falsePositives),
    positives,
    negatives: order.length - positives,
  };
}

/**
 * Area under the ROC curve = chance that a positive row scores above a negative one, ties half.
 * NaN if a class is missing. Cost: O(entries).
 */
export function areaUnderRoc(sweep: ThresholdSweep): number {
  let area = 0;
  let positives = 0;
  let negatives = 0;
  for (let k = 0; k < sweep.threshold.length; k++) {
    const nextPositives = sweep.truePositives[k]!;
    const nextNegatives = sweep.falsePositives[k]!;
    area += ((nextNegatives - negatives) * (positives + nextPositives)) / 2;
    positives = nextPositives;
    negatives = nextNegatives;
  }
  return area / (sweep.positives * sweep.negatives);
}

/** Sum over thresholds of (recall gained) x precision, no interpolation. NaN without positives. */
export function averagePrecision(sweep: ThresholdSweep): number {
  let sum = 0;
  let positives = 0;
  for (let k = 0; k < sweep.threshold.length; k++) {
    sum += (sweep.truePositives[k]! - positives) * precisionAt(sweep, k);
    positives = sweep.truePositives[k]!;
  }
  return sum / sweep.positives;
}

/** The threshold with the highest F1 (the highest such threshold on a tie). NaN without positives. */
export function bestF1(sweep: ThresholdSweep): { threshold: number; f1: number } {
  let best = { threshold: Number.NaN, f1: Number.NaN };
  for (let k = 0; k < sweep.threshold.length; k++) {
    const answered = sweep.truePositives[k]! + sweep.falsePositives[k]!;
    const f1 = (2 * sweep.truePositives[k]!) / (answered + sweep.positives);
    if (sweep.positives > 0 && !(f1 <= best.f1)) best = { threshold: sweep.threshold[k]!, f1 };
  }
  return best;
}

/** The highest recall of all thresholds whose precision is at least `precision`; 0 if none is. */
export function recallAtPrecision(sweep: ThresholdSweep, precision: number): number {
  for (let k = sweep.threshold.length - 1; k >= 0; k--)
    if (precisionAt(sweep, k) >= precision) return sweep.truePositives[k]! / sweep.positives;
  return 0;
}

function precisionAt(sweep: ThresholdSweep, k: number): number {
  return sweep.truePositives[k]! / (sweep.truePositives[k]! + sweep.falsePositives[k]!);
}
