import type {
  TreeClassifier,
  Classifier,
  Encoding,
  LogisticClassifier,
} from '../numeric/classifier.js';
import type { Forest } from '../numeric/forest.js';
import { checkClassifier, classifierToText } from './classifier-text.js';
import type { GraphNode, OnnxModel, TensorConstant } from './graph.js';
import { encodeModel } from './graph.js';

/** Where the file keeps the classifier itself, for explanations and for a second opinion. */
export const CLASSIFIER_KEY = 'augury.classifier';

/**
 * The whole classifier as one ONNX file (IR 10, ai.onnx 21, ai.onnx.ml 3). Inputs are raw:
 * `numeric` float [N, Fn] with NaN for missing, `categorical` string [N, Fc] with '' for missing; an input
 * without columns is left out. Outputs: `margin` float [N, 1] in log-odds and `probability` float [N, 1].
 * N = 0 is answered. The classifier travels along in the metadata, see `readClassifier`.
 * @throws RangeError when the classifier contradicts itself, has no inputs, or holds NaN
 */
export function writeClassifier(classifier: Classifier): Uint8Array {
  checkClassifier(classifier);
  const { encoding } = classifier;
  const parts = classifier.kind === 'logistic' ? logistic(classifier) : trees(classifier);
  const model: OnnxModel = {
    irVersion: 10,
    producer: 'augury',
    name: `augury_${classifier.kind}`,
    description: 'Binary classifier on raw feature values; NaN and the empty string mean missing.',
    opsets: { '': 21, 'ai.onnx.ml': 3 },
    nodes: [...parts.nodes, { op: 'Sigmoid', inputs: ['margin'], outputs: ['probability'] }],
    constants: parts.constants,
    inputs: [
      { name: 'numeric', type: 'float' as const, dims: ['N', encoding.numericNames.length] },
      {
        name: 'categorical',
        type: 'string' as const,
        dims: ['N', encoding.categoricalNames.length],
      },
    ].filter((input) => input.dims[1] !== 0),
    outputs: [
      { name: 'margin', type: 'float', dims: ['N', 1] },
      { name: 'probability', type: 'float', dims: ['N', 1] },
    ],
    metadata: { [CLASSIFIER_KEY]: classifierToText(classifier) },
  };
  return encodeModel(model);
}

interface GraphPart {
  nodes: GraphNode[];
  constants: TensorConstant[];
}

/** One-hot blocks, one output `onehot_<i>` float [N, categories] an input; empty blocks are left out. */
function oneHot(encoding: Encoding): GraphPart & { outputs: string[] } {
  const part: GraphPart & { outputs: string[] } = { nodes: [], constants: [], outputs: [] };
  encoding.categories.forEach((categories, i) => {
    if (categories.length === 0) return;
    const column = `category_${String(i)}`;
    // A scalar index drops the axis: [N, Fc] -> [N], and the encoder gives [N, categories] without a Reshape.
    part.constants.push({ name: `index_${String(i)}`, type: 'int64', dims: [], values: [i] });
    part.nodes.push(
      {
        op: 'Gather',
        inputs: ['categorical', `index_${String(i)}`],
        outputs: [column],
        attributes: { axis: { integer: 1 } },
      },
      {
        op: 'OneHotEncoder',
        domain: 'ai.onnx.ml',
        inputs: [column],
        outputs: [`onehot_${String(i)}`],
        // zeros: a category that was never seen gives an all-zero block instead of an error.
        attributes: { cats_strings: { strings: categories }, zeros: { integer: 1 } },
      },
    );
    part.outputs.push(`onehot_${String(i)}`);
  });
  return part;
}

function concat(inputs: readonly string[], output: string): GraphNode {
  return inputs.length === 1
    ? { op: 'Identity', inputs, outputs: [output] }
    : { op: 'Concat', inputs, outputs: [output], attributes: { axis: { integer: 1 } } };
}

function trees({ encoding, forest }: TreeClassifier): GraphPart {
  const blocks = oneHot(encoding);
  const inputs = [...(encoding.numericNames.length > 0 ? ['numeric'] : []), ...blocks.outputs];
  return {
    constants: blocks.constants,
    nodes: [
      ...blocks.nodes,
      concat(inputs, 'design'),
      {
        op: 'TreeEnsembleRegressor',
        domain: 'ai.onnx.ml',
        inputs: ['design'],
        outputs: ['margin'],
        attributes: treeAttributes(forest),
      },
    ],
  };
}

/**
 * A forest as attributes of TreeEnsembleRegressor. Its own LOGISTIC transform is ignored by ONNX Runtime for
 * one target, so the sum stays a margin here and a Sigmoid node follows.
 */
function treeAttributes(forest: Forest): NonNullable<GraphNode['attributes']> {
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

function logistic(classifier: LogisticClassifier): GraphPart {
  const { encoding, median, mean, scale, weights, intercept } = classifier;
  const columns = mean.length;
  const blocks = oneHot(encoding);
  const part: GraphPart = { nodes: [], constants: [] };
  const inputs: string[] = [];
  if (encoding.numericNames.length > 0) {
    part.constants.push({
      name: 'median',
      type: 'float',
      dims: [1, median.length],
      values: median,
    });
    part.nodes.push(
      { op: 'IsNaN', inputs: ['numeric'], outputs: ['missing'] },
      { op: 'Where', inputs: ['missing', 'median', 'numeric'], outputs: ['imputed'] },
    );
    inputs.push('imputed');
  }
  inputs.push(...blocks.outputs);
  // In double from here on: a mean that is large beside its scale would cost float32 its digits.
  part.constants.push(
    ...blocks.constants,
    { name: 'mean', type: 'double', dims: [1, columns], values: mean },
    { name: 'scale', type: 'double', dims: [1, columns], values: scale },
    { name: 'weights', type: 'double', dims: [columns, 1], values: weights },
    { name: 'intercept', type: 'double', dims: [1, 1], values: [intercept] },
  );
  part.nodes.push(
    ...blocks.nodes,
    concat(inputs, 'design'),
    { op: 'Cast', inputs: ['design'], outputs: ['design64'], attributes: { to: { integer: 11 } } },
    { op: 'Sub', inputs: ['design64', 'mean'], outputs: ['centred'] },
    { op: 'Div', inputs: ['centred', 'scale'], outputs: ['scaled'] },
    { op: 'Gemm', inputs: ['scaled', 'weights', 'intercept'], outputs: ['margin64'] },
    { op: 'Cast', inputs: ['margin64'], outputs: ['margin'], attributes: { to: { integer: 1 } } },
  );
  return part;
}
