import type { Forest } from './forest.js';
import type { DesignMatrix } from './table.js';

/** The part of a forest that decides where a row goes. */
export type ForestNodes = Pick<
  Forest,
  'feature' | 'threshold' | 'left' | 'right' | 'missingLeft' | 'value'
>;

const BLOCK = 128;

/**
 * Margins (log-odds) of all rows, shape [rows]: baseValue plus the leaf of each tree in order, summed
 * in float64. NaN takes the learned side; infinite values compare as numbers.
 * @throws RangeError if the columns are not those of the forest
 * Cost: O(rows * trees * depth).
 */
export function predictMargin(forest: Forest, x: DesignMatrix): Float64Array {
  requireColumns(forest, x);
  const margins = new Float64Array(x.rows).fill(forest.baseValue);
  for (let from = 0; from < x.rows; from += BLOCK) {
    const to = Math.min(x.rows, from + BLOCK);
    for (let tree = 0; tree < forest.treeCount; tree++) {
      addTree(forest, forest.treeStart[tree]!, x, from, to, margins);
    }
  }
  return margins;
}

/** Adds the leaf that one tree gives rows from..to-1 to their margins. */
export function addTree(
  nodes: ForestNodes,
  root: number,
  x: DesignMatrix,
  from: number,
  to: number,
  margins: Float64Array,
): void {
  const { value } = nodes;
  for (let row = from; row < to; row++) margins[row]! += value[leafOf(nodes, root, x, row)]!;
}

/** The leaf node that a row reaches in the tree with this root. */
export function leafOf(nodes: ForestNodes, root: number, x: DesignMatrix, row: number): number {
  const { feature, threshold, left, right, missingLeft } = nodes;
  const { values } = x;
  const base = row * x.columns;
  let node = root;
  for (let column = feature[node]!; column >= 0; column = feature[node]!) {
    const value = values[base + column]!;
    if (value <= threshold[node]!) node = left[node]!;
    else if (Number.isNaN(value) && missingLeft[node] === 1) node = left[node]!;
    else node = right[node]!;
  }
  return node;
}

/** @throws RangeError if `x` does not have the columns that the forest was trained on */
export function requireColumns(forest: Forest, x: DesignMatrix): void {
  if (x.columns !== forest.columns) {
    throw new RangeError(
      `columns must be ${String(forest.columns)} as in training, got ${String(x.columns)}`,
    );
  }
}
