import type { ForestBuilder } from './forest-builder.js';
import { weightedLogLossOfMargins } from './metrics.js';
import { addTree } from './predictor.js';
import type { DesignMatrix } from './table.js';

/** What is known about the validation part so far. */
export interface Watch {
  /** Adds the tree to the validation margins; their weighted mean log loss, or null without validation rows. */
  afterTree: (builder: ForestBuilder, root: number) => number | null;
  isOver: () => boolean;
  /** null unless early stopping is on. */
  bestRound: () => number | null;
  losses: () => Float64Array;
}

/**
 * Follows the log loss on the validation part and says when it has stopped falling.
 * @param positiveWeight of a row with label 1, as in training: the forest is on that scale
 */
export function createWatch(
  validation: { x: DesignMatrix; labels: Uint8Array } | undefined,
  baseValue: number,
  patience: number,
  positiveWeight: number,
): Watch {
  if (!validation) {
    return {
      afterTree: () => null,
      isOver: () => false,
      bestRound: () => null,
      losses: () => new Float64Array(0),
    };
  }
  const { x, labels } = validation;
  const margins = new Float64Array(x.rows).fill(baseValue);
  const losses: number[] = [];
  let best = 0;
  return {
    afterTree: (builder, root) => {
      addTree(builder.nodes, root, x, margins);
      const loss = weightedLogLossOfMargins(labels, margins, positiveWeight);
      losses.push(loss);
      if (losses.length === 1 || loss < losses[best]!) best = losses.length - 1;
      return loss;
    },
    isOver: () => patience > 0 && losses.length - 1 - best >= patience,
    bestRound: () => (patience > 0 ? best + 1 : null),
    losses: () => Float64Array.from(losses),
  };
}
