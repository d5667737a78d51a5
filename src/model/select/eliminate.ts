import {
  defaultBoostingParameters,
  fitBoosting,
  type BoostingParameters,
} from '../../numeric/boosting.js';
import { stratifiedFolds } from '../../numeric/cross-validation.js';
import { confusionAt, ratesOf } from '../../numeric/metrics.js';
import { predictMargin } from '../../numeric/predictor.js';
import type { RfecvPoint } from '../selection.js';
import { gainShares, partOf, type Design } from './gains.js';

export interface EliminationOptions {
  folds: number;
  /** Inputs taken away at a time. */
  step: number;
  seed: number;
}

export interface Elimination {
  /** Rising number of features; mean and population standard deviation of F1 over the folds. */
  curve: RfecvPoint[];
  /** Number of features with the best mean; of equal ones the smallest. */
  chosen: number;
  /** Inputs by the order in which they went, the last one first; `score` is the gain share among the chosen, 0 for the others. */
  order: { feature: string; score: number }[];
}

const parameters: BoostingParameters = {
  ...defaultBoostingParameters,
  rounds: 60,
  maxDepth: 3,
  maxLeaves: 8,
  maxBins: 64,
};
const LEAF_SHARE = 0.002;

/**
 * Recursive feature elimination with cross-validation: in each fold a small forest is fitted on all inputs,
 * those with the least split gain go, and so on down to one; F1 of the held-out rows says how many are
 * best; the same on all rows says which. Rows are weighted so that both labels weigh the same, and a row is
 * called positive from a weighted probability of 0.5. Elimination is inside each fold, so no held-out row
 * takes part in choosing.
 * Source: Guyon et al., Machine Learning 46 (2002); scikit-learn's RFECV.
 * @throws RangeError when a label has fewer rows than there are folds
 * Cost: (folds + 1) x inputs / step fits of 60 trees.
 */
export function eliminate(
  design: Design,
  labels: Uint8Array,
  options: EliminationOptions,
  onFit: (share: number) => void,
): Elimination {
  const counts = countsDownFrom(design.inputs.length, options.step);
  const foldOf = stratifiedFolds(labels, options.folds, options.seed);
  const rowsWhere = (holds: (fold: number) => boolean): Uint32Array =>
    Uint32Array.from(foldOf.keys()).filter((row) => holds(foldOf[row] ?? 0));
  let fits = 0;
  const told = (): void => onFit(++fits / (counts.length * (options.folds + 1)));
  const scores = Array.from({ length: options.folds }, (_, fold) => {
    const train = rowsWhere((of) => of !== fold);
    const held = rowsWhere((of) => of === fold);
    return walk(design, labels, counts, options.seed, train, told, held).scores;
  });
  const curve = counts.map((features, at) => pointOf(features, scores, at)).reverse();
  const best = Math.max(...curve.map(({ meanScore }) => meanScore));
  const chosen = curve.find(({ meanScore }) => meanScore === best)?.features ?? 1;
  const everyRow = rowsWhere(() => true);
  const { gone, shares } = walk(design, labels, counts, options.seed, everyRow, told);
  const kept = shares[counts.indexOf(chosen)];
  const order = gone.reverse().map((input) => ({
    feature: design.inputs[input] ?? '',
    score: kept?.[input] ?? 0,
  }));
  return { curve, chosen, order };
}

/** `from`, `from - step`, …, 1. */
function countsDownFrom(from: number, step: number): number[] {
  const counts: number[] = [];
  for (let count = from; count > 1; count = Math.max(1, count - step)) counts.push(count);
  return [...counts, 1];
}

function pointOf(features: number, scores: readonly (readonly number[])[], at: number): RfecvPoint {
  const ofFolds = scores.map((fold) => fold[at] ?? 0);
  const meanScore = ofFolds.reduce((sum, score) => sum + score, 0) / ofFolds.length;
  const squares = ofFolds.reduce((sum, score) => sum + (score - meanScore) ** 2, 0);
  return { features, meanScore, sd: Math.sqrt(squares / ofFolds.length) };
}

interface Walk {
  /** F1 of `held` at each count; empty without them. */
  scores: number[];
  /** Inputs in the order in which they went, the survivor last. */
  gone: number[];
  /** Gain shares of every input at each count. */
  shares: Float64Array[];
}

/** One way down, on the rows of `train`. */
function walk(
  design: Design,
  labels: Uint8Array,
  counts: readonly number[],
  seed: number,
  train: Uint32Array,
  onFit: () => void,
  held?: Uint32Array,
): Walk {
  const result: Walk = { scores: [], gone: [], shares: [] };
  const labelsOf = (rows: Uint32Array): Uint8Array =>
    Uint8Array.from(rows, (row) => labels[row] ?? 0);
  const trainLabels = labelsOf(train);
  const left = new Set(design.inputs.keys());
  counts.forEach((_, at) => {
    const { x, inputOf } = partOf(design, train, left);
    const fit = fitBoosting(x, trainLabels, fitParameters(trainLabels, seed));
    if (held) {
      const margins = predictMargin(fit.forest, partOf(design, held, left).x);
      result.scores.push(ratesOf(confusionAt(labelsOf(held), margins, 0)).f1);
    }
    const shares = gainShares(fit, inputOf, design.inputs.length);
    result.shares.push(shares);
    const weakest = [...left].sort((a, b) => (shares[a] ?? 0) - (shares[b] ?? 0) || b - a);
    for (const input of weakest.slice(0, left.size - (counts[at + 1] ?? 0))) {
      left.delete(input);
      result.gone.push(input);
    }
    onFit();
  });
  return result;
}

function fitParameters(labels: Uint8Array, seed: number): BoostingParameters {
  const positives = labels.reduce((sum, label) => sum + label, 0);
  return {
    ...parameters,
    positiveWeight: (labels.length - positives) / positives,
    minRowsInLeaf: Math.max(1, Math.round(LEAF_SHARE * labels.length)),
    seed,
  };
}
