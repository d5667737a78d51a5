import type { Forest } from './forest.js';
import type { DesignMatrix } from './table.js';
import { codeRows, readThresholdCodes, type ThresholdCodes } from './threshold-codes.js';

/** The part of a forest that decides where a row goes. */
export type ForestNodes = Pick<
  Forest,
  'feature' | 'threshold' | 'left' | 'right' | 'missingLeft' | 'value'
>;

/** From this many rows on, preparing the forest costs less than it saves. */
const ENOUGH_ROWS = 2000;
/** Rows coded at once, a multiple of 4: their codes and one tree stay in the first-level cache. */
const BLOCK = 64;
/** Above every code of a value: leaves compare with it, and stay where they are. */
const NEVER_BELOW = 1 << 30;

/**
 * Margins (log-odds) of all rows, shape [rows]: baseValue plus the leaf of each tree in order, summed
 * in float64. NaN takes the learned side; infinite values compare as numbers.
 * @throws RangeError if the columns are not those of the forest
 * Cost: O(rows * trees * depth).
 */
export function predictMargin(forest: Forest, x: DesignMatrix): Float64Array {
  if (x.rows >= ENOUGH_ROWS) return preparePredictor(forest)(x);
  requireColumns(forest, x);
  const margins = new Float64Array(x.rows).fill(forest.baseValue);
  for (let tree = 0; tree < forest.treeCount; tree++) {
    addTree(forest, forest.treeStart[tree]!, x, margins);
  }
  return margins;
}

/**
 * `predictMargin` for a forest that is used again and again; the same margins, bit for bit, several
 * times as fast on many rows. Values become codes (see ThresholdCodes), children lie side by side, and
 * leaves lead to themselves, so that a step is `left + (code > nodeCode)` without a branch and
 * every row of a tree takes the same number of them. Holds 5 numbers a node; calls share a buffer.
 */
export function preparePredictor(forest: Forest): (x: DesignMatrix) => Float64Array {
  const codes = readThresholdCodes(forest);
  const trees = layOutTrees(forest, codes);
  const coded = new Int32Array(BLOCK * codes.width);
  return (x) => {
    requireColumns(forest, x);
    const margins = new Float64Array(Math.ceil(x.rows / 4) * 4).fill(forest.baseValue);
    for (let from = 0; from < x.rows; from += BLOCK) {
      const to = Math.min(x.rows, from + BLOCK);
      codeRows(codes, x, from, to, coded);
      for (let tree = 0; tree < forest.treeCount; tree++) {
        addCodedTree(trees, tree, coded, codes.width, from, to, margins);
      }
    }
    return margins.subarray(0, x.rows);
  };
}

interface LaidOutTrees {
  roots: Int32Array;
  depths: Int32Array;
  /** For each node: position of its code in a coded row, its code, its left child; the right one is next. */
  position: Int32Array;
  code: Int32Array;
  left: Int32Array;
  value: Float64Array;
}

/** Breadth-first, so that the two children of a node are neighbours. */
function layOutTrees(forest: Forest, codes: ThresholdCodes): LaidOutTrees {
  const nodes = forest.feature.length;
  const trees: LaidOutTrees = {
    roots: new Int32Array(forest.treeCount),
    depths: new Int32Array(forest.treeCount),
    position: new Int32Array(nodes),
    code: new Int32Array(nodes),
    left: new Int32Array(nodes),
    value: new Float64Array(nodes),
  };
  let next = 0;
  for (let tree = 0; tree < forest.treeCount; tree++) {
    trees.roots[tree] = next;
    let level = [forest.treeStart[tree]!];
    let at = next;
    next += 1;
    while (level.length > 0) {
      const below: number[] = [];
      for (const node of level) {
        const isLeaf = forest.feature[node]! < 0;
        trees.position[at] = codes.nodePosition[node]!;
        trees.code[at] = isLeaf ? NEVER_BELOW : codes.nodeCode[node]!;
        trees.left[at] = isLeaf ? at : next;
        trees.value[at] = forest.value[node]!;
        at++;
        if (isLeaf) continue;
        below.push(forest.left[node]!, forest.right[node]!);
        next += 2;
      }
      if (below.length > 0) trees.depths[tree]!++;
      level = below;
    }
  }
  return trees;
}

/** Four rows at a time: each step waits for memory, and four can wait together. */
function addCodedTree(
  trees: LaidOutTrees,
  tree: number,
  coded: Int32Array,
  width: number,
  from: number,
  to: number,
  margins: Float64Array,
): void {
  const { position, code, left, value } = trees;
  const root = trees.roots[tree]!;
  const depth = trees.depths[tree]!;
  // Rows past the last are codes of earlier blocks (or 0): harmless, their margins are cut off.
  for (let row = from, a = 0; row < to; row += 4, a += 4 * width) {
    const b = a + width;
    const c = b + width;
    const d = c + width;
    let i = root;
    let j = root;
    let k = root;
    let l = root;
    for (let step = 0; step < depth; step++) {
      i = left[i]! + ((code[i]! - coded[a + position[i]!]!) >>> 31);
      j = left[j]! + ((code[j]! - coded[b + position[j]!]!) >>> 31);
      k = left[k]! + ((code[k]! - coded[c + position[k]!]!) >>> 31);
      l = left[l]! + ((code[l]! - coded[d + position[l]!]!) >>> 31);
    }
    margins[row]! += value[i]!;
    margins[row + 1]! += value[j]!;
    margins[row + 2]! += value[k]!;
    margins[row + 3]! += value[l]!;
  }
}

/** Adds the leaf that one tree gives each row to its margin. */
export function addTree(
  nodes: ForestNodes,
  root: number,
  x: DesignMatrix,
  margins: Float64Array,
): void {
  const { value } = nodes;
  for (let row = 0; row < x.rows; row++) margins[row]! += value[leafOf(nodes, root, x, row)]!;
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
