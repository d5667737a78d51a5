import type { Classifier, SingleClassifier } from './classifier.js';
import type { Forest } from './forest.js';

/** margin' = intercept + slope x margin. */
export interface Calibration {
  slope: number;
  intercept: number;
}

const MAX_ITERATIONS = 100;

/**
 * Platt scaling: slope and intercept that minimise the weighted log loss of sigmoid(intercept + slope x margin), by
 * Newton's method with step halving, on targets drawn in by Platt's prior so that separable margins have a finite
 * answer. The slope is never negative: margins that rank the wrong way get slope 0.
 * @param margins finite, shape [rows]; meant to be out of fold
 * @param labels 0 or 1, shape [rows], both must occur
 * @throws RangeError if lengths differ, a class is missing or a margin is not finite
 * Source: Platt, Probabilistic Outputs for Support Vector Machines (1999); Lin, Lin, Weng (2007).
 */
export function fitCalibration(margins: Float64Array, labels: Uint8Array): Calibration {
  const positives = labels.reduce((sum, label) => sum + label, 0);
  const negatives = labels.length - positives;
  if (margins.length !== labels.length)
    throw new RangeError(`${String(margins.length)} margins, but ${String(labels.length)} labels`);
  if (positives === 0 || negatives === 0) throw new RangeError('labels hold one class only');
  if (!margins.every(Number.isFinite)) throw new RangeError('a margin is not finite');
  const high = (positives + 1) / (positives + 2);
  const low = 1 / (negatives + 2);
  const targets = Float64Array.from(labels, (label) => (label ? high : low));
  let slope = 0;
  let intercept = Math.log((positives + 1) / (negatives + 1));
  let loss = lossAt(slope, intercept, margins, targets);
  for (let iteration = 0; iteration < MAX_ITERATIONS; iteration++) {
    const step = newtonStep(slope, intercept, margins, targets);
    let share = 1;
    let next = lossAt(slope - step.slope, intercept - step.intercept, margins, targets);
    while (!(next < loss) && share > 1e-10) {
      share /= 2;
      next = lossAt(
        slope - share * step.slope,
        intercept - share * step.intercept,
        margins,
        targets,
      );
    }
    if (!(next < loss)) break;
    slope -= share * step.slope;
    intercept -= share * step.intercept;
    const gained = loss - next;
    loss = next;
    if (gained < 1e-12 * Math.max(1, loss)) break;
  }
  if (slope >= 0) return { slope, intercept };
  return { slope: 0, intercept: Math.log((positives + 1) / (negatives + 1)) };
}

function lossAt(
  slope: number,
  intercept: number,
  margins: Float64Array,
  targets: Float64Array,
): number {
  let loss = 0;
  for (let i = 0; i < margins.length; i++) {
    const margin = intercept + slope * margins[i]!;
    loss += Math.max(margin, 0) - targets[i]! * margin + Math.log1p(Math.exp(-Math.abs(margin)));
  }
  return loss;
}

function newtonStep(
  slope: number,
  intercept: number,
  margins: Float64Array,
  targets: Float64Array,
): Calibration {
  let gradientA = 0;
  let gradientB = 0;
  // a ridge far below any curvature that matters keeps equal margins solvable
  let aa = 1e-12;
  let bb = 1e-12;
  let ab = 0;
  for (let i = 0; i < margins.length; i++) {
    const value = margins[i]!;
    const probability = 1 / (1 + Math.exp(-(intercept + slope * value)));
    const residual = probability - targets[i]!;
    const curvature = probability * (1 - probability);
    gradientA += residual * value;
    gradientB += residual;
    aa += curvature * value * value;
    ab += curvature * value;
    bb += curvature;
  }
  const determinant = aa * bb - ab * ab;
  if (!(determinant > 1e-12 * aa * bb)) return { slope: 0, intercept: gradientB / bb };
  return {
    slope: (bb * gradientA - ab * gradientB) / determinant,
    intercept: (aa * gradientB - ab * gradientA) / determinant,
  };
}

/**
 * The classifier whose margins are intercept + slope x those of the given one, to rounding; of the same kind and
 * size. Leaves of trees stay float32, as the file holds them.
 */
export function scaleMargins(classifier: Classifier, by: Calibration): Classifier {
  if (classifier.kind !== 'blend') return scaleSingle(classifier, by);
  return {
    ...classifier,
    intercept: by.intercept + by.slope * classifier.intercept,
    members: classifier.members.map(({ weight, classifier: member }) => ({
      weight: by.slope * weight,
      classifier: member,
    })),
  };
}

function scaleSingle(classifier: SingleClassifier, by: Calibration): SingleClassifier {
  const scaled = (values: Float64Array): Float64Array => values.map((value) => by.slope * value);
  switch (classifier.kind) {
    case 'boosting':
    case 'forest':
    case 'isolation':
      return { ...classifier, forest: scaleForest(classifier.forest, by) };
    case 'logistic':
      return {
        ...classifier,
        weights: scaled(classifier.weights),
        intercept: by.intercept + by.slope * classifier.intercept,
      };
    case 'perceptron':
      return {
        ...classifier,
        outputWeights: scaled(classifier.outputWeights),
        outputBias: by.intercept + by.slope * classifier.outputBias,
      };
  }
}

/** The forest whose sums are intercept + slope x those of the given one, rounded to float32 leaf by leaf. */
export function scaleForest(forest: Forest, { slope, intercept }: Calibration): Forest {
  return {
    ...forest,
    value: forest.value.map((value) => Math.fround(slope * value)),
    baseValue: Math.fround(intercept + slope * forest.baseValue),
  };
}
