import { logLossOfMargins } from '../../numeric/metrics.js';

/** Share by which a blend must lower the cross-validated log loss to be worth its size. */
export const blendGain = 0.001;

/** Members of a blend at most. */
export const mostMembers = 4;

/** Steps of the selection: weights are multiples of about 1 / steps. */
const steps = 16;

/** A member that gets less of the weight than this is left out. */
const leastWeight = 0.1;

/** A blend of the given candidates: its weights, and what they are worth. */
export interface Blend {
  /** One a candidate, >= 0, sum 1. */
  weights: number[];
  /** Out-of-fold margins of the blend of all folds' weights, shape [rows]. */
  margins: Float64Array;
  /** Of each fold's rows with the weights that the other folds chose: choosing is not flattered. */
  logLoss: number;
}

/**
 * Weighted mean of out-of-fold margins by forward selection with replacement: starts with the best candidate and adds
 * the one that lowers the log loss most, as long as one does. Sums to 1, so that it cannot sharpen what it blends.
 * Source: Caruana, Niculescu-Mizil, Crew, Ksikes, Ensemble Selection from Libraries of Models (2004).
 * @param candidates out-of-fold margins, each of shape [rows], at least 1
 * @param foldOf fold of each row
 * Cost: O(folds x steps x candidates x rows).
 */
export function blend(
  candidates: readonly Float64Array[],
  labels: Uint8Array,
  foldOf: Uint8Array,
): Blend {
  const weights = selectWeights(candidates, labels);
  const blindly = new Float64Array(labels.length);
  const folds = Math.max(...foldOf) + 1;
  for (let fold = 0; fold < folds; fold++) {
    const isOther = (_: unknown, row: number): boolean => foldOf[row] !== fold;
    const others = candidates.map((margins) => margins.filter(isOther));
    const mixed = mix(candidates, selectWeights(others, labels.filter(isOther)));
    mixed.forEach((margin, row) => {
      if (foldOf[row] === fold) blindly[row] = margin;
    });
  }
  return {
    weights,
    margins: mix(candidates, weights),
    logLoss: logLossOfMargins(labels, blindly),
  };
}

function selectWeights(candidates: readonly Float64Array[], labels: Uint8Array): number[] {
  const picks = new Array<number>(candidates.length).fill(0);
  const sum = new Float64Array(labels.length);
  let count = 0;
  let loss = Infinity;
  while (count < steps) {
    let best = { k: -1, loss };
    for (const [k, margins] of candidates.entries()) {
      if (picks[k] === 0 && picks.filter(Boolean).length === mostMembers) continue;
      const tried = logLossOfMargins(
        labels,
        sum.map((total, row) => (total + (margins[row] ?? 0)) / (count + 1)),
      );
      if (tried < best.loss) best = { k, loss: tried };
    }
    const chosen = candidates[best.k];
    if (!chosen) break;
    picks[best.k] = (picks[best.k] ?? 0) + 1;
    chosen.forEach((margin, row) => {
      sum[row] = (sum[row] ?? 0) + margin;
    });
    loss = best.loss;
    count++;
  }
  return normalised(picks);
}

/** Shares of the picks, without those that are too small to matter. */
function normalised(picks: readonly number[]): number[] {
  const total = picks.reduce((sum, pick) => sum + pick, 0);
  const kept = picks.map((pick) => (pick >= leastWeight * total ? pick : 0));
  const left = kept.reduce((sum, pick) => sum + pick, 0);
  return kept.map((pick) => pick / left);
}

function mix(candidates: readonly Float64Array[], weights: readonly number[]): Float64Array {
  const mixed = new Float64Array(candidates[0]?.length ?? 0);
  candidates.forEach((margins, k) => {
    const weight = weights[k] ?? 0;
    if (weight === 0) return;
    margins.forEach((margin, row) => {
      mixed[row] = (mixed[row] ?? 0) + weight * margin;
    });
  });
  return mixed;
}
