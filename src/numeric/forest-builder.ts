import type { Forest } from './forest.js';
import type { GrownTree } from './grower.js';

/** A forest that grows tree by tree; arrays are doubled as needed and cut to size by `finish`. */
export interface ForestBuilder {
  readonly nodes: Omit<Forest, 'treeCount' | 'treeStart' | 'baseValue' | 'columns'>;
  /** Root of each tree so far, and the end of the last. */
  readonly treeStart: number[];
  /** Gain of the split of each node, 0 in leaves. */
  gain: Float64Array;
}

export function createForestBuilder(): ForestBuilder {
  return {
    nodes: {
      feature: new Int32Array(1024),
      threshold: new Float32Array(1024),
      left: new Int32Array(1024),
      right: new Int32Array(1024),
      missingLeft: new Uint8Array(1024),
      value: new Float64Array(1024),
      cover: new Float64Array(1024),
    },
    treeStart: [0],
    gain: new Float64Array(1024),
  };
}

/** Appends the structure of a tree (values and cover 0) and returns its root. */
export function appendTree(builder: ForestBuilder, tree: GrownTree): number {
  const root = builder.treeStart[builder.treeStart.length - 1]!;
  const end = root + tree.nodeCount;
  reserve(builder, end);
  const { nodes, gain } = builder;
  for (let i = 0; i < tree.nodeCount; i++) {
    const inner = tree.feature[i]! >= 0;
    nodes.feature[root + i] = tree.feature[i]!;
    nodes.threshold[root + i] = tree.threshold[i]!;
    nodes.left[root + i] = inner ? root + tree.left[i]! : 0;
    nodes.right[root + i] = inner ? root + tree.right[i]! : 0;
    nodes.missingLeft[root + i] = tree.missingLeft[i]!;
    nodes.value[root + i] = 0;
    nodes.cover[root + i] = 0;
    gain[root + i] = tree.gain[i]!;
  }
  builder.treeStart.push(end);
  return root;
}

/** Covers of the inner nodes of the last tree from those of its leaves. */
export function sumCovers(builder: ForestBuilder): void {
  const { feature, left, right, cover } = builder.nodes;
  const root = builder.treeStart[builder.treeStart.length - 2]!;
  const end = builder.treeStart[builder.treeStart.length - 1]!;
  // Children come after their parent, so walking backwards meets them first.
  for (let node = end - 1; node >= root; node--) {
    if (feature[node]! >= 0) cover[node] = cover[left[node]!]! + cover[right[node]!]!;
  }
}

/** The first `treeCount` trees as a forest, and the total gain of each column in them. */
export function finishForest(
  builder: ForestBuilder,
  treeCount: number,
  baseValue: number,
  columns: number,
): { forest: Forest; gain: Float64Array } {
  const end = builder.treeStart[treeCount]!;
  const { nodes } = builder;
  const gain = new Float64Array(columns);
  for (let node = 0; node < end; node++) {
    const column = nodes.feature[node]!;
    if (column >= 0) gain[column]! += builder.gain[node]!;
  }
  const forest: Forest = {
    treeCount,
    treeStart: Int32Array.from(builder.treeStart.slice(0, treeCount + 1)),
    feature: nodes.feature.slice(0, end),
    threshold: nodes.threshold.slice(0, end),
    left: nodes.left.slice(0, end),
    right: nodes.right.slice(0, end),
    missingLeft: nodes.missingLeft.slice(0, end),
    value: nodes.value.slice(0, end),
    cover: nodes.cover.slice(0, end),
    baseValue,
    columns,
  };
  return { forest, gain };
}

function reserve(builder: ForestBuilder, size: number): void {
  const { nodes } = builder;
  if (size <= nodes.feature.length) return;
  const length = Math.max(size, 2 * nodes.feature.length);
  const ints = (from: Int32Array): Int32Array => {
    const to = new Int32Array(length);
    to.set(from);
    return to;
  };
  const doubles = (from: Float64Array): Float64Array => {
    const to = new Float64Array(length);
    to.set(from);
    return to;
  };
  const threshold = new Float32Array(length);
  threshold.set(nodes.threshold);
  const missingLeft = new Uint8Array(length);
  missingLeft.set(nodes.missingLeft);
  Object.assign(nodes, {
    feature: ints(nodes.feature),
    threshold,
    left: ints(nodes.left),
    right: ints(nodes.right),
    missingLeft,
    value: doubles(nodes.value),
    cover: doubles(nodes.cover),
  });
  builder.gain = doubles(builder.gain);
}
