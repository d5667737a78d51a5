import type { Candidate } from './candidates.js';
import type { TrainingOptions } from './training.js';

/**
 * Weight of a positive row in every fit; a negative one weighs 1. `balanced` gives both classes the same total weight:
 * negatives / positives. That raises recall at 0.5 and takes the scores off probabilities by log(weight), which
 * calibration, unless it is `none`, takes back.
 * @param labels both classes must occur
 */
export function positiveWeightOf(
  classWeight: TrainingOptions['classWeight'],
  labels: Uint8Array,
): number {
  if (classWeight === 'none') return 1;
  const positives = labels.reduce((sum, label) => sum + label, 0);
  return (labels.length - positives) / positives;
}

/** What its weighting adds to every margin of a candidate, in log-odds; 0 without weights. */
export function shiftOf(candidate: Candidate): number {
  return Math.log(weightOf(candidate));
}

function weightOf(candidate: Candidate): number {
  switch (candidate.algorithm) {
    case 'logistic':
      return candidate.positiveWeight ?? 1;
    case 'isolation':
      return candidate.positiveWeight;
    case 'boosting':
    case 'forest':
    case 'perceptron':
      return candidate.parameters.positiveWeight;
  }
}
