import type { Forest } from './forest.js';

/**
 * One forest whose margin is the mean of the margins of `forests` (bagging): all trees side by side, leaf
 * values divided by the number of forests and rounded to float32, as is the base value.
 * @throws RangeError without forests, or if their columns differ
 * Cost: O(nodes).
 */
export function averageForests(forests: readonly Forest[]): Forest {
  const first = forests[0];
  if (!first) throw new RangeError('forests must be at least 1, got 0');
  if (forests.some(({ columns }) => columns !== first.columns))
    throw new RangeError('forests must have the same columns');
  if (forests.length === 1) return first;
  const nodes = forests.reduce((sum, forest) => sum + forest.feature.length, 0);
  const merged: Forest = {
    treeCount: forests.reduce((sum, { treeCount }) => sum + treeCount, 0),
    treeStart: new Int32Array(forests.reduce((sum, { treeCount }) => sum + treeCount, 1)),
    feature: new Int32Array(nodes),
    threshold: new Float32Array(nodes),
    left: new Int32Array(nodes),
    right: new Int32Array(nodes),
    missingLeft: new Uint8Array(nodes),
    value: new Float64Array(nodes),
    cover: new Float64Array(nodes),
    baseValue: Math.fround(
      forests.reduce((sum, { baseValue }) => sum + baseValue, 0) / forests.length,
    ),
    columns: first.columns,
  };
  let node = 0;
  let tree = 0;
  for (const forest of forests) {
    copyForest(forest, merged, node, tree, forests.length);
    node += forest.feature.length;
    tree += forest.treeCount;
  }
  return merged;
}

function copyForest(
  from: Forest,
  to: Forest,
  firstNode: number,
  firstTree: number,
  divisor: number,
): void {
  for (let tree = 0; tree <= from.treeCount; tree++)
    to.treeStart[firstTree + tree] = from.treeStart[tree]! + firstNode;
  to.feature.set(from.feature, firstNode);
  to.threshold.set(from.threshold, firstNode);
  to.missingLeft.set(from.missingLeft, firstNode);
  to.cover.set(from.cover, firstNode);
  for (let i = 0; i < from.feature.length; i++) {
    const isLeaf = from.feature[i]! < 0;
    to.left[firstNode + i] = from.left[i]! + (isLeaf ? 0 : firstNode);
    to.right[firstNode + i] = from.right[i]! + (isLeaf ? 0 : firstNode);
    to.value[firstNode + i] = Math.fround(from.value[i]! / divisor);
  }
}
