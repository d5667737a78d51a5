/** Logistic function; exact to the last bits at both ends. */
export function sigmoid(margin: number): number {
  if (margin >= 0) return 1 / (1 + Math.exp(-margin));
  const odds = Math.exp(margin);
  return odds / (1 + odds);
}

/**
 * Mean of -log(probability of what happened), natural log, straight from log-odds, so that certainty
 * costs no precision. NaN for no rows.
 */
export function logLossOfMargins(labels: Uint8Array, margins: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < labels.length; i++) {
    const signed = labels[i] ? -margins[i]! : margins[i]!;
    sum += Math.max(signed, 0) + Math.log1p(Math.exp(-Math.abs(signed)));
  }
  return sum / labels.length;
}

/** `logLossOfMargins` with positive rows counting `positiveWeight` times, > 0, and the others once. */
export function weightedLogLossOfMargins(
  labels: Uint8Array,
  margins: Float64Array,
  positiveWeight: number,
): number {
  let sum = 0;
  let total = 0;
  for (let i = 0; i < labels.length; i++) {
    const weight = labels[i] ? positiveWeight : 1;
    const signed = labels[i] ? -margins[i]! : margins[i]!;
    sum += weight * (Math.max(signed, 0) + Math.log1p(Math.exp(-Math.abs(signed))));
    total += weight;
  }
  return sum / total;
}

/** Mean squared distance of probability and outcome. NaN for no rows. */
export function brierScore(labels: Uint8Array, probabilities: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < labels.length; i++) sum += (probabilities[i]! - labels[i]!) ** 2;
  return sum / labels.length;
}

export interface Confusion {
  truePositives: number;
  falsePositives: number;
  falseNegatives: number;
  trueNegatives: number;
}

/** Counts at `threshold`: a row is called positive iff probability >= threshold. */
export function confusionAt(
  labels: Uint8Array,
  probabilities: Float64Array,
  threshold: number,
): Confusion {
  const counts = { truePositives: 0, falsePositives: 0, falseNegatives: 0, trueNegatives: 0 };
  for (let i = 0; i < labels.length; i++) {
    const called = probabilities[i]! >= threshold;
    if (labels[i]) counts[called ? 'truePositives' : 'falseNegatives']++;
    else counts[called ? 'falsePositives' : 'trueNegatives']++;
  }
  return counts;
}

/**
 * Rates of a confusion matrix. Precision is 0 where nothing is called positive, recall 0 where nothing
 * is positive, F1 0 where both are; accuracy is NaN for no rows.
 */
export function ratesOf(counts: Confusion): {
  accuracy: number;
  precision: number;
  recall: number;
  f1: number;
} {
  const { truePositives, falsePositives, falseNegatives, trueNegatives } = counts;
  const rows = truePositives + falsePositives + falseNegatives + trueNegatives;
  const share = (part: number, whole: number) => (whole === 0 ? 0 : part / whole);
  return {
    accuracy: (truePositives + trueNegatives) / rows,
    precision: share(truePositives, truePositives + falsePositives),
    recall: share(truePositives, truePositives + falseNegatives),
    f1: share(2 * truePositives, 2 * truePositives + falsePositives + falseNegatives),
  };
}
