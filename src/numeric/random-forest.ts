import { binMatrix } from './binning.js';
import {
  appendTree,
  createForestBuilder,
  finishForest,
  sumCovers,
  type ForestBuilder,
} from './forest-builder.js';
import type { Forest } from './forest.js';
import { checkLabels, checkMatrix, requireBothClasses } from './labelled-rows.js';
import { leafOf } from './predictor.js';
import {
  checkRandomForestParameters,
  type RandomForestParameters,
} from './random-forest-parameters.js';
import { createVoteGrower, type VoteTree } from './random-forest-tree.js';
import { randomStream, sampleAscending } from './random.js';
import type { DesignMatrix } from './table.js';

export {
  defaultRandomForestParameters,
  type RandomForestParameters,
} from './random-forest-parameters.js';

/** What else the fit may do. */
export interface RandomForestHooks {
  /** Called after each tree (1-based); returning false ends the fit with the trees so far. */
  onTree?: (tree: number) => boolean | void;
}

/** A decision forest and what its own rows say of it. */
export interface RandomForestFit {
  /** Leaves hold the share of positives divided by the number of trees: the margin is the mean vote, 0..1. */
  forest: Forest;
  /**
   * Mean vote of the trees that did not draw the row, 0..1, shape [rows]; NaN where every tree drew it. An honest
   * estimate of votes on new rows.
   */
  oobVotes: Float64Array;
  /** Mean decrease of impurity by each column of the design matrix, shape [columns]. */
  gain: Float64Array;
}

/**
 * Decision forest (Breiman, Random Forests, 2001): each tree sees rows drawn anew, each node a new draw of
 * columns. Should none of those split the node, more are drawn until one does. Splits lie between
 * bins (`binMatrix`); rows with NaN go to the side that lowers the impurity more, and where a node has none, to
 * the side with more rows. A leaf votes with its (weighted) share of positives, not with its majority.
 * `cover` counts all training rows, also those that a tree did not draw.
 * The same input and seed give the same forest, bit for bit.
 * @param labels 0 or 1, shape [rows]
 * @throws RangeError for a parameter out of bounds, lengths that differ, labels other than 0 and 1, one class
 * only, or an infinite value (names column and row). Constant and all-missing columns are never split.
 * Cost: about trees * rows * columns of a node * depth additions.
 */
export function fitRandomForest(
  x: DesignMatrix,
  labels: Uint8Array,
  parameters: RandomForestParameters,
  hooks: RandomForestHooks = {},
): RandomForestFit {
  checkRandomForestParameters(parameters);
  checkMatrix(x, 2);
  checkLabels('training', x.rows, labels);
  requireBothClasses(labels);
  const random = randomStream(parameters.seed);
  const grow = createVoteGrower(binMatrix(x, parameters.maxBins), labels, parameters, random);
  const draws = new Int32Array(x.rows);
  const votes = new Float64Array(x.rows);
  const judges = new Int32Array(x.rows);
  const builder = createForestBuilder();
  let trees = 0;
  while (trees < parameters.trees) {
    drawRows(draws, parameters, random);
    const tree = grow(draws);
    const root = appendTree(builder, tree);
    setLeaves(builder, root, tree);
    for (let row = 0; row < x.rows; row++) {
      if (draws[row]! > 0) continue;
      const leaf = leafOf(builder.nodes, root, x, row);
      builder.nodes.cover[leaf]!++;
      votes[row]! += builder.nodes.value[leaf]!;
      judges[row]!++;
    }
    sumCovers(builder);
    trees++;
    if (hooks.onTree?.(trees) === false) break;
  }
  const { forest, gain } = finishForest(builder, trees, 0, x.columns);
  forest.value.forEach((vote, node) => (forest.value[node] = Math.fround(vote / trees)));
  return {
    forest,
    oobVotes: votes.map((sum, row) => (judges[row]! > 0 ? sum / judges[row]! : NaN)),
    gain: gain.map((sum) => sum / trees),
  };
}

/** How often each row is in the next tree. */
function drawRows(draws: Int32Array, parameters: RandomForestParameters, random: () => number) {
  const count = Math.max(1, Math.round(draws.length * parameters.rowShare));
  draws.fill(0);
  if (parameters.bootstrap) {
    for (let i = 0; i < count; i++) draws[Math.floor(random() * draws.length)]!++;
  } else {
    for (const row of sampleAscending(draws.length, count, random)) draws[row] = 1;
  }
}

/** Votes of the leaves, and their drawn rows as covers. */
function setLeaves(builder: ForestBuilder, root: number, tree: VoteTree): void {
  const { value, cover } = builder.nodes;
  for (let node = 0; node < tree.nodeCount; node++) {
    if (tree.feature[node]! >= 0) continue;
    value[root + node] = tree.vote[node]!;
    cover[root + node] = tree.rowEnd[node]! - tree.rowStart[node]!;
  }
}
