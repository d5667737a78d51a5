import { LARGEST_FLOAT32, type BinnedMatrix } from './binning.js';
import type { GrownTree } from './grower.js';
import { columnsOfNode, type RandomForestParameters } from './random-forest-parameters.js';
import {
  allKnownLeft,
  createGroups,
  createPurity,
  createSplitFinder,
  type BinGroups,
  type VoteSplit,
} from './random-forest-split.js';

/** One tree of a decision forest, nodes as in `GrownTree`; leaves hold their votes. */
export interface VoteTree extends GrownTree {
  /** Weighted share of positives among the drawn rows of the node, 0..1. */
  vote: Float64Array;
}

/** Below this many rows of a node, sorting them beats a histogram of the column. */
const FEW_ROWS = 24;
/** ... unless the column has no more bins than this. */
const FEW_BINS = 16;

interface OpenNode {
  node: number;
  depth: number;
  negative: number;
  positive: number;
}

/**
 * A grower of trees on one binned matrix: given how often each row is drawn, it returns a tree that is overwritten
 * by the next call. Depth first, left before right; a node stays a leaf when it is pure, at maxDepth,
 * or when no column splits it. `gain` is the decrease of impurity as a share of the tree's weight.
 */
export function createVoteGrower(
  data: BinnedMatrix,
  labels: Uint8Array,
  parameters: RandomForestParameters,
  random: () => number,
): (draws: Int32Array) => VoteTree {
  const { maxDepth, minRowsInLeaf, positiveWeight } = parameters;
  const purity = createPurity(parameters);
  const findSplit = createSplitFinder(parameters, purity, random);
  const collect = createCollector(data);
  const tree = createTree(Math.min(2 * data.rows - 1, 2 ** (maxDepth + 1) - 1));
  const rows = new Int32Array(data.rows);
  const scratch = new Int32Array(data.rows);
  const codes = new Int32Array(data.rows);
  const order = Int32Array.from({ length: data.columns }, (_, column) => column);
  const columnsDrawn = columnsOfNode(parameters, data.columns);
  const groups = createGroups();
  const best: VoteSplit = { score: 0, bin: 0, missingLeft: false };
  const candidate: VoteSplit = { score: 0, bin: 0, missingLeft: false };

  /** The best split of freshly drawn columns into `best`; the column, or -1. */
  const search = (start: number, end: number, { negative, positive }: OpenNode): number => {
    let found = -1;
    best.score = -Infinity;
    for (let k = 0; k < order.length && (k < columnsDrawn || found < 0); k++) {
      const pick = k + Math.floor(random() * (order.length - k));
      const column = order[pick]!;
      order[pick] = order[k]!;
      order[k] = column;
      collect(groups, column, rows, codes, start, end);
      findSplit(groups, negative, positive, candidate);
      if (!(candidate.score > best.score)) continue;
      found = column;
      best.score = candidate.score;
      best.bin = candidate.bin;
      best.missingLeft = candidate.missingLeft;
    }
    return found;
  };

  return (draws) => {
    const root = startTree(tree, draws, labels, rows, codes);
    const totalWeight = root.negative + positiveWeight * root.positive;
    const open = [root];
    for (let next = open.pop(); next; next = open.pop()) {
      const { node, depth, negative, positive } = next;
      const p = positiveWeight * positive;
      tree.vote[node] = p / (p + negative);
      if (depth >= maxDepth || negative === 0 || positive === 0) continue;
      if (negative + positive < 2 * minRowsInLeaf) continue;
      const start = tree.rowStart[node]!;
      const end = tree.rowEnd[node]!;
      const column = search(start, end, next);
      if (column < 0) continue;
      const middle = partition(data, column, best, rows, scratch, start, end);
      writeSplit(tree, node, data, column, best);
      tree.gain[node] = Math.max(0, best.score - purity(negative, positive)) / totalWeight;
      const left = openLeaf(tree, start, middle, depth + 1, rows, codes);
      const right = openLeaf(tree, middle, end, depth + 1, rows, codes);
      tree.left[node] = left.node;
      tree.right[node] = right.node;
      open.push(right, left);
    }
    return tree;
  };
}

function createTree(nodes: number): VoteTree {
  return {
    nodeCount: 0,
    feature: new Int32Array(nodes),
    threshold: new Float32Array(nodes),
    left: new Int32Array(nodes),
    right: new Int32Array(nodes),
    missingLeft: new Uint8Array(nodes),
    gain: new Float64Array(nodes),
    rowStart: new Int32Array(nodes),
    rowEnd: new Int32Array(nodes),
    vote: new Float64Array(nodes),
  };
}

/** Lists the drawn rows, ascending, with draws * 2 + label as their code. */
function startTree(
  tree: VoteTree,
  draws: Int32Array,
  labels: Uint8Array,
  rows: Int32Array,
  codes: Int32Array,
): OpenNode {
  let count = 0;
  for (let row = 0; row < draws.length; row++) {
    codes[row] = 2 * draws[row]! + labels[row]!;
    if (draws[row]! > 0) rows[count++] = row;
  }
  tree.nodeCount = 0;
  return openLeaf(tree, 0, count, 0, rows, codes);
}

function openLeaf(
  tree: VoteTree,
  start: number,
  end: number,
  depth: number,
  rows: Int32Array,
  codes: Int32Array,
): OpenNode {
  const node = tree.nodeCount++;
  tree.feature[node] = -1;
  tree.threshold[node] = 0;
  tree.left[node] = 0;
  tree.right[node] = 0;
  tree.missingLeft[node] = 0;
  tree.gain[node] = 0;
  tree.rowStart[node] = start;
  tree.rowEnd[node] = end;
  let all = 0;
  let positive = 0;
  for (let i = start; i < end; i++) {
    const code = codes[rows[i]!]!;
    all += code >> 1;
    positive += (code >> 1) * (code & 1);
  }
  return { node, depth, negative: all - positive, positive };
}

function writeSplit(
  tree: VoteTree,
  node: number,
  data: BinnedMatrix,
  column: number,
  split: VoteSplit,
): void {
  const { bin } = split;
  tree.feature[node] = data.source[column]!;
  tree.threshold[node] =
    bin < data.binCount[column]! - 1 ? data.edges[data.cellStart[column]! + bin]! : LARGEST_FLOAT32;
  tree.missingLeft[node] = split.missingLeft ? 1 : 0;
}

/** Stable partition of rows[start..end); returns where the right part begins. */
function partition(
  data: BinnedMatrix,
  column: number,
  split: VoteSplit,
  rows: Int32Array,
  scratch: Int32Array,
  start: number,
  end: number,
): number {
  const bins = data.bins[column]!;
  const missingBin = data.binCount[column]!;
  const border = split.bin === allKnownLeft ? missingBin - 1 : split.bin;
  let left = start;
  let right = 0;
  for (let i = start; i < end; i++) {
    const row = rows[i]!;
    const bin = bins[row]!;
    const isLeft = (bin === missingBin ? split.missingLeft : bin <= border) ? 1 : 0;
    rows[left] = row; // left <= i: never overwrites a row not yet read
    scratch[right] = row;
    left += isLeft;
    right += 1 - isLeft;
  }
  rows.set(scratch.subarray(0, right), left);
  return left;
}

/** A function that groups the rows of a node by their bin of one column. */
function createCollector(
  data: BinnedMatrix,
): (
  groups: BinGroups,
  column: number,
  rows: Int32Array,
  codes: Int32Array,
  start: number,
  end: number,
) => void {
  // Draws with label 0 and 1 of each bin, side by side: one addition a row.
  const histogram = new Int32Array(2 * 256);
  const sortedBins = new Int32Array(FEW_ROWS);
  const sortedCodes = new Int32Array(FEW_ROWS);
  return (groups, column, rows, codes, start, end) => {
    const bins = data.bins[column]!;
    const binCount = data.binCount[column]!;
    groups.count = 0;
    groups.missingNegative = 0;
    groups.missingPositive = 0;
    if (end - start <= FEW_ROWS && binCount > FEW_BINS) {
      const count = end - start;
      for (let i = 0; i < count; i++) {
        const row = rows[start + i]!;
        insert(sortedBins, sortedCodes, i, bins[row]!, codes[row]!);
      }
      for (let i = 0; i < count; i++) {
        const code = sortedCodes[i]!;
        addDraws(groups, binCount, sortedBins[i]!, code >> 1, code & 1);
      }
      return;
    }
    for (let i = start; i < end; i++) {
      const row = rows[i]!;
      const code = codes[row]!;
      histogram[2 * bins[row]! + (code & 1)]! += code >> 1;
    }
    let count = 0;
    for (let bin = 0; bin < binCount; bin++) {
      const negative = histogram[2 * bin]!;
      const positive = histogram[2 * bin + 1]!;
      if (negative + positive === 0) continue;
      groups.bin[count] = bin;
      groups.negative[count] = negative;
      groups.positive[count++] = positive;
      histogram[2 * bin] = 0;
      histogram[2 * bin + 1] = 0;
    }
    groups.count = count;
    groups.missingNegative = histogram[2 * binCount]!;
    groups.missingPositive = histogram[2 * binCount + 1]!;
    histogram[2 * binCount] = 0;
    histogram[2 * binCount + 1] = 0;
  };
}

/** Inserts a pair so that the first `count` + 1 bins ascend. */
function insert(
  bins: Int32Array,
  codes: Int32Array,
  count: number,
  bin: number,
  code: number,
): void {
  let at = count;
  for (; at > 0 && bins[at - 1]! > bin; at--) {
    bins[at] = bins[at - 1]!;
    codes[at] = codes[at - 1]!;
  }
  bins[at] = bin;
  codes[at] = code;
}

/** Adds draws of the next bin in ascending order. */
function addDraws(
  groups: BinGroups,
  missingBin: number,
  bin: number,
  draws: number,
  label: number,
): void {
  if (bin === missingBin) {
    if (label) groups.missingPositive += draws;
    else groups.missingNegative += draws;
    return;
  }
  let group = groups.count - 1;
  if (group < 0 || groups.bin[group] !== bin) {
    group = groups.count++;
    groups.bin[group] = bin;
    groups.negative[group] = 0;
    groups.positive[group] = 0;
  }
  if (label) groups.positive[group]! += draws;
  else groups.negative[group]! += draws;
}
