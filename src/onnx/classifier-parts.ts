import type {
  BlendClassifier,
  Encoding,
  LogisticClassifier,
  PerceptronClassifier,
  SingleClassifier,
} from '../numeric/classifier.js';
import { treeAttributes } from './forest-attributes.js';
import type { GraphNode, TensorConstant } from './graph.js';

/** A piece of a graph; `output` names what it computes. */
export interface GraphPart {
  nodes: GraphNode[];
  constants: TensorConstant[];
}

/** Nodes of a classifier that take `numeric` and `categorical` and give `output`, the margin as float [N, 1]. */
export function singlePart(
  classifier: SingleClassifier,
  prefix: string,
  output: string,
): GraphPart {
  switch (classifier.kind) {
    case 'boosting':
    case 'forest':
    case 'isolation': {
      const { encoding, forest } = classifier;
      const design = designPart(encoding, 'numeric', prefix);
      const attributes = treeAttributes(forest);
      design.nodes.push({
        op: 'TreeEnsembleRegressor',
        domain: 'ai.onnx.ml',
        inputs: [`${prefix}design`],
        outputs: [output],
        attributes,
      });
      return design;
    }
    case 'logistic':
      return logisticPart(classifier, prefix, output);
    case 'perceptron':
      return perceptronPart(classifier, prefix, output);
  }
}

/** The members' margins, weighted and summed in double. */
export function blendPart({ intercept, members }: BlendClassifier, output: string): GraphPart {
  const part: GraphPart = { nodes: [], constants: [] };
  const margins = members.map(({ classifier }, member) => {
    const name = `member${String(member)}_margin`;
    const { nodes, constants } = singlePart(classifier, `member${String(member)}_`, name);
    part.nodes.push(...nodes);
    part.constants.push(...constants);
    return name;
  });
  part.constants.push(
    {
      name: 'blend_weights',
      type: 'double',
      dims: [members.length, 1],
      values: members.map(({ weight }) => weight),
    },
    { name: 'blend_intercept', type: 'double', dims: [1, 1], values: [intercept] },
  );
  part.nodes.push(
    concat(margins, 'blend_margins'),
    cast('blend_margins', 'blend_margins64', DOUBLE),
    {
      op: 'Gemm',
      inputs: ['blend_margins64', 'blend_weights', 'blend_intercept'],
      outputs: ['blend_margin64'],
    },
    cast('blend_margin64', output, FLOAT),
  );
  return part;
}

/** `TensorProto.DataType` of what our graphs cast to. */
export const FLOAT = 1;
export const DOUBLE = 11;

export function cast(from: string, to: string, type: number): GraphNode {
  return { op: 'Cast', inputs: [from], outputs: [to], attributes: { to: { integer: type } } };
}

function logisticPart(classifier: LogisticClassifier, prefix: string, output: string): GraphPart {
  const { mean, weights, intercept } = classifier;
  const part = scaledPart(classifier, prefix);
  part.constants.push(
    { name: `${prefix}weights`, type: 'double', dims: [mean.length, 1], values: weights },
    { name: `${prefix}intercept`, type: 'double', dims: [1, 1], values: [intercept] },
  );
  part.nodes.push(
    {
      op: 'Gemm',
      inputs: [`${prefix}scaled`, `${prefix}weights`, `${prefix}intercept`],
      outputs: [`${prefix}margin64`],
    },
    cast(`${prefix}margin64`, output, FLOAT),
  );
  return part;
}

function perceptronPart(
  classifier: PerceptronClassifier,
  prefix: string,
  output: string,
): GraphPart {
  const { mean, hiddenWeights, hiddenBias, outputWeights, outputBias } = classifier;
  const hidden = hiddenBias.length;
  const part = scaledPart(classifier, prefix);
  const constant = (name: string, dims: number[], values: ArrayLike<number>): TensorConstant => ({
    name: `${prefix}${name}`,
    type: 'double',
    dims,
    values,
  });
  part.constants.push(
    constant('hidden_weights', [mean.length, hidden], hiddenWeights),
    constant('hidden_bias', [1, hidden], hiddenBias),
    constant('output_weights', [hidden, 1], outputWeights),
    constant('output_bias', [1, 1], [outputBias]),
  );
  part.nodes.push(
    {
      op: 'Gemm',
      inputs: [`${prefix}scaled`, `${prefix}hidden_weights`, `${prefix}hidden_bias`],
      outputs: [`${prefix}drive`],
    },
    { op: 'Relu', inputs: [`${prefix}drive`], outputs: [`${prefix}active`] },
    {
      op: 'Gemm',
      inputs: [`${prefix}active`, `${prefix}output_weights`, `${prefix}output_bias`],
      outputs: [`${prefix}margin64`],
    },
    cast(`${prefix}margin64`, output, FLOAT),
  );
  return part;
}

/** (imputed - mean) / scale as `scaled`, double [N, columns]. */
function scaledPart(
  {
    encoding,
    median,
    mean,
    scale,
  }: Pick<LogisticClassifier, 'encoding' | 'median' | 'mean' | 'scale'>,
  prefix: string,
): GraphPart {
  const imputing: GraphPart = { nodes: [], constants: [] };
  if (encoding.numericNames.length > 0) {
    imputing.constants.push({
      name: `${prefix}median`,
      type: 'float',
      dims: [1, median.length],
      values: median,
    });
    imputing.nodes.push(
      { op: 'IsNaN', inputs: ['numeric'], outputs: [`${prefix}missing`] },
      {
        op: 'Where',
        inputs: [`${prefix}missing`, `${prefix}median`, 'numeric'],
        outputs: [`${prefix}imputed`],
      },
    );
  }
  const design = designPart(encoding, `${prefix}imputed`, prefix);
  // In double from here on: a mean that is large beside its scale would cost float32 its digits.
  const columns = mean.length;
  return {
    constants: [
      ...imputing.constants,
      ...design.constants,
      { name: `${prefix}mean`, type: 'double', dims: [1, columns], values: mean },
      { name: `${prefix}scale`, type: 'double', dims: [1, columns], values: scale },
    ],
    nodes: [
      ...imputing.nodes,
      ...design.nodes,
      cast(`${prefix}design`, `${prefix}design64`, DOUBLE),
      {
        op: 'Sub',
        inputs: [`${prefix}design64`, `${prefix}mean`],
        outputs: [`${prefix}centred`],
      },
      { op: 'Div', inputs: [`${prefix}centred`, `${prefix}scale`], outputs: [`${prefix}scaled`] },
    ],
  };
}

/** Numbers beside one-hot blocks as `design`, float [N, columns]. */
function designPart(encoding: Encoding, numbers: string, prefix: string): GraphPart {
  const { nodes, constants, outputs } = oneHot(encoding, prefix);
  const inputs = [...(encoding.numericNames.length > 0 ? [numbers] : []), ...outputs];
  return { constants, nodes: [...nodes, concat(inputs, `${prefix}design`)] };
}

/** One-hot blocks, one output `onehot_<i>` float [N, categories] an input; empty blocks are left out. */
export function oneHot(encoding: Encoding, prefix: string): GraphPart & { outputs: string[] } {
  const part: GraphPart & { outputs: string[] } = { nodes: [], constants: [], outputs: [] };
  encoding.categories.forEach((categories, i) => {
    if (categories.length === 0) return;
    const column = `${prefix}category_${String(i)}`;
    // A scalar index drops the axis: [N, Fc] -> [N], and the encoder gives [N, categories] without a Reshape.
    part.constants.push({
      name: `${prefix}index_${String(i)}`,
      type: 'int64',
      dims: [],
      values: [i],
    });
    part.nodes.push(
      {
        op: 'Gather',
        inputs: ['categorical', `${prefix}index_${String(i)}`],
        outputs: [column],
        attributes: { axis: { integer: 1 } },
      },
      {
        op: 'OneHotEncoder',
        domain: 'ai.onnx.ml',
        inputs: [column],
        outputs: [`${prefix}onehot_${String(i)}`],
        // zeros: a category that was never seen gives an all-zero block instead of an error.
        attributes: { cats_strings: { strings: categories }, zeros: { integer: 1 } },
      },
    );
    part.outputs.push(`${prefix}onehot_${String(i)}`);
  });
  return part;
}

/** Columns side by side. */
export function concat(inputs: readonly string[], output: string): GraphNode {
  return inputs.length === 1
    ? { op: 'Identity', inputs, outputs: [output] }
    : { op: 'Concat', inputs, outputs: [output], attributes: { axis: { integer: 1 } } };
}
