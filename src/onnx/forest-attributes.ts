import type { Forest } from '../numeric/forest.js';
import type { GraphNode } from './graph.js';

/**
 * A forest as attributes of TreeEnsembleRegressor. Its own LOGISTIC transform is ignored by ONNX Runtime for
 * one target, so the sum stays a margin here and a Sigmoid node follows.
 */
export function treeAttributes(forest: Forest): NonNullable<GraphNode['attributes']> {
  const nodeCount = forest.feature.length;
  if (forest.treeCount === 0)
    return treeAttributes({ ...SINGLE_LEAF, baseValue: forest.baseValue });
  const treeIds = new Int32Array(nodeCount);
  const nodeIds = new Int32Array(nodeCount);
  const trueIds = new Int32Array(nodeCount);
  const falseIds = new Int32Array(nodeCount);
  const modes: string[] = new Array<string>(nodeCount);
  const leaves: number[] = [];
  for (let tree = 0; tree < forest.treeCount; tree++) {
    const start = forest.treeStart[tree]!;
    for (let node = start; node < forest.treeStart[tree + 1]!; node++) {
      const leaf = forest.feature[node]! < 0;
      treeIds[node] = tree;
      nodeIds[node] = node - start;
      trueIds[node] = leaf ? 0 : forest.left[node]! - start;
      falseIds[node] = leaf ? 0 : forest.right[node]! - start;
      modes[node] = leaf ? 'LEAF' : 'BRANCH_LEQ';
      if (leaf) leaves.push(node);
    }
  }
  const tracks = forest.missingLeft.map((flag, node) => (forest.feature[node]! < 0 ? 0 : flag));
  return {
    n_targets: { integer: 1 },
    aggregate_function: { string: 'SUM' },
    post_transform: { string: 'NONE' },
    base_values: { floats: [forest.baseValue] },
    nodes_treeids: { integers: treeIds },
    nodes_nodeids: { integers: nodeIds },
    nodes_featureids: { integers: forest.feature.map((column) => Math.max(column, 0)) },
    nodes_modes: { strings: modes },
    nodes_values: { floats: forest.threshold },
    nodes_truenodeids: { integers: trueIds },
    nodes_falsenodeids: { integers: falseIds },
    // Without it NaN goes right everywhere, on ONNX Runtime's faster path.
    ...(tracks.includes(1) ? { nodes_missing_value_tracks_true: { integers: tracks } } : {}),
    target_treeids: { integers: leaves.map((node) => treeIds[node]!) },
    target_nodeids: { integers: leaves.map((node) => nodeIds[node]!) },
    target_ids: { integers: new Int32Array(leaves.length) },
    target_weights: { floats: leaves.map((node) => forest.value[node]!) },
  };
}

/** Stands for a forest without trees, which the operator refuses. */
const SINGLE_LEAF: Omit<Forest, 'baseValue'> = {
  treeCount: 1,
  treeStart: Int32Array.of(0, 1),
  feature: Int32Array.of(-1),
  threshold: Float32Array.of(0),
  left: Int32Array.of(-1),
  right: Int32Array.of(-1),
  missingLeft: Uint8Array.of(0),
  value: Float64Array.of(0),
  cover: Float64Array.of(0),
  columns: 1,
};
