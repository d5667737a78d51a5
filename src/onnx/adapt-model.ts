import type { ChosenOutput } from './choose-output.js';
import {
  ELEMENT_TYPE,
  writeNode,
  writeTensor,
  writeValue,
  type GraphNode,
  type TensorConstant,
} from './graph.js';
import { isWhole, type InputPlan } from './plan-inputs.js';
import { ProtoWriter, readProto } from './protobuf.js';
import type { ReadModel, ReadNode } from './read-graph.js';

/** What the scores of a graph look like. */
export interface ScoreShape {
  /** Columns of [N, columns]; null: [N]. */
  columns: number | null;
  kind: 'PROBABILITY' | 'LOGIT';
  /** The column of the positive class; 0 of one column. */
  positive: number;
}

export interface Adaption {
  inputs: readonly InputPlan[];
  output: ChosenOutput;
  /** Missing numbers become 0 before the graph sees them; whole-number inputs are filled in any case. */
  fillMissing: boolean;
  /** Null: the scores come as they are, as `scores` float, to be looked at. */
  scores: ScoreShape | null;
}

/** Names that the scorer gives a meaning, and those of nodes that are added. */
const OWN = /^(?:numeric|categorical|probability|margin|scores|added\/.*|inner\/.*)$/;
const inner = (name: string): string => (OWN.test(name) ? `inner/${name}` : name);

/**
 * The file as the scorer serves it: inputs `numeric` float [N, numbers] (NaN = missing) and `categorical`
 * string [N, categories] ('' = missing), output `probability` or `margin` float [N, 1]. What the scores are made
 * from stays byte for byte, but for names that mean something here; outputs that are not asked for go, with
 * the nodes that made only them, and so do metadata and documentation. The same file and plan give the same bytes.
 */
export function adaptModel(model: ReadModel, adaption: Adaption): Uint8Array {
  const { nodes, constants } = partsFor(model, adaption.output.value);
  const added = adaption.inputs.map((plan, i) => feed(plan, i, adaption.fillMissing));
  const answer = answerParts(inner(adaption.output.value), adaption.scores);
  const before = added.flatMap((part) => part.nodes);
  const own = [...added.flatMap((part) => part.constants), ...answer.constants];
  const writer = new ProtoWriter()
    .integer(1, Math.max(model.irVersion, 4)) // below 4 constants have to be listed as inputs
    .string(2, model.producer);
  for (const [domain, version] of opsetsFor(model, [...before, ...answer.nodes]))
    writer.message(8, (opset) => opset.string(1, domain).integer(2, version));
  writer.message(7, (graph) => {
    const number = (node: GraphNode, i: number): void => {
      graph.message(1, (into) => {
        writeNode(into, node, `added/${node.op}_${i}`);
      });
    };
    before.forEach(number);
    for (const node of nodes) graph.bytes(1, renamedNode(node));
    answer.nodes.forEach((node, i) => {
      number(node, before.length + i);
    });
    graph.string(2, 'adapted');
    for (const { name, bytes } of constants)
      graph.bytes(5, OWN.test(name) ? renamed(bytes, new Set([8])) : bytes);
    for (const constant of own)
      graph.message(5, (into) => {
        writeTensor(into, constant);
      });
    writeEnds(graph, adaption);
  });
  return writer.finish();
}

interface Part {
  nodes: GraphNode[];
  constants: TensorConstant[];
}

/** The nodes and constants from which a value is made. */
function partsFor(model: ReadModel, value: string): Pick<ReadModel, 'nodes' | 'constants'> {
  const maker = new Map(model.nodes.flatMap((node) => node.outputs.map((name) => [name, node])));
  const wanted = new Set<ReadNode>();
  const needed = new Set<string>();
  const open = [value];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    needed.add(name);
    const node = maker.get(name);
    if (!node || wanted.has(node)) continue;
    wanted.add(node);
    open.push(...node.inputs);
  }
  return {
    nodes: model.nodes.filter((node) => wanted.has(node)),
    constants: model.constants.filter(({ name }) => needed.has(name)),
  };
}

/** From the scorer's inputs to one of the graph's. */
function feed(plan: InputPlan, index: number, fillMissing: boolean): Part {
  const part: Part = { nodes: [], constants: [] };
  const from = plan.kind === 'number' ? 'numeric' : 'categorical';
  const fill = plan.kind === 'number' && (fillMissing || isWhole(plan));
  const steps: Omit<GraphNode, 'inputs' | 'outputs'>[] = [];
  const constant = (step: number): string => `added/columns_${index}_${step}`;
  const place = (type: number): GraphNode['attributes'] => ({ to: { integer: type } });
  steps.push({ op: 'Gather', attributes: { axis: { integer: 1 } } });
  part.constants.push({
    name: constant(0),
    type: 'int64',
    dims: [plan.columns.length],
    values: plan.columns,
  });
  if (fill)
    steps.push({
      op: 'Imputer',
      domain: 'ai.onnx.ml',
      attributes: { imputed_value_floats: { floats: [0] }, replaced_value_float: { float: NaN } },
    });
  if (!plan.matrix) {
    steps.push({ op: 'Reshape' });
    part.constants.push({
      name: constant(steps.length - 1),
      type: 'int64',
      dims: [1],
      values: [-1],
    });
  }
  if (plan.kind === 'number' && plan.type !== ELEMENT_TYPE.float)
    steps.push({ op: 'Cast', attributes: place(plan.type) ?? {} });
  steps.forEach((step, at) => {
    const input = at === 0 ? from : `added/input_${index}_${at - 1}`;
    const last = at === steps.length - 1;
    const extra = step.op === 'Gather' || step.op === 'Reshape' ? [constant(at)] : [];
    part.nodes.push({
      ...step,
      inputs: [input, ...extra],
      outputs: [last ? inner(plan.name) : `added/input_${index}_${at}`],
    });
  });
  return part;
}

/** From the graph's scores to the scorer's output. */
function answerParts(value: string, scores: ScoreShape | null): Part {
  const cast = (output: string): GraphNode => ({
    op: 'Cast',
    inputs: [value],
    outputs: [output],
    attributes: { to: { integer: ELEMENT_TYPE.float } },
  });
  if (!scores) return { nodes: [cast('scores')], constants: [] };
  const output = answerName(scores);
  const { columns, positive } = scores;
  const column = (name: string, values: number[], dims = [1]): TensorConstant => ({
    name,
    type: 'int64',
    dims,
    values,
  });
  const pick = (from: string, index: string, to: string): GraphNode => ({
    op: 'Gather',
    inputs: [from, index],
    outputs: [to],
    attributes: { axis: { integer: 1 } },
  });
  if (columns === null || columns === 1)
    return {
      nodes: [
        cast('added/scores'),
        { op: 'Reshape', inputs: ['added/scores', 'added/shape'], outputs: [output] },
      ],
      constants: [column('added/shape', [-1, 1], [2])],
    };
  const positives = column('added/positive', [positive]);
  if (scores.kind === 'PROBABILITY')
    return {
      nodes: [cast('added/scores'), pick('added/scores', positives.name, output)],
      constants: [positives],
    };
  if (columns === 2)
    // The difference of two logits is the log-odds themselves, without the rounding of a softmax.
    return {
      nodes: [
        cast('added/scores'),
        pick('added/scores', positives.name, 'added/for'),
        pick('added/scores', 'added/negative', 'added/against'),
        { op: 'Sub', inputs: ['added/for', 'added/against'], outputs: [output] },
      ],
      constants: [positives, column('added/negative', [1 - positive])],
    };
  return {
    nodes: [
      cast('added/scores'),
      {
        op: 'Softmax',
        inputs: ['added/scores'],
        outputs: ['added/shares'],
        attributes: { axis: { integer: 1 } },
      },
      pick('added/shares', positives.name, output),
    ],
    constants: [positives],
  };
}

/** Log-odds of several classes become a probability; those of one or two stay a margin. */
function answerName({ kind, columns }: ScoreShape): 'probability' | 'margin' {
  return kind === 'LOGIT' && (columns ?? 1) <= 2 ? 'margin' : 'probability';
}

function writeEnds(graph: ProtoWriter, { inputs, scores }: Adaption): void {
  const width = (kind: InputPlan['kind']): number =>
    inputs.reduce((sum, plan) => sum + (plan.kind === kind ? plan.columns.length : 0), 0);
  const ends = [
    { name: 'numeric', type: 'float' as const, dims: ['N', width('number')] },
    { name: 'categorical', type: 'string' as const, dims: ['N', width('category')] },
  ];
  for (const end of ends.filter(({ dims }) => dims[1] !== 0))
    graph.message(11, (into) => {
      writeValue(into, end);
    });
  graph.message(12, (into) => {
    if (scores) writeValue(into, { name: answerName(scores), type: 'float', dims: ['N', 1] });
    else
      into.string(1, 'scores').message(2, (type) => {
        type.message(1, (tensor) => tensor.integer(1, ELEMENT_TYPE.float));
      });
  });
}

/** The file's own, with those that added nodes need beside them. */
function opsetsFor(
  { opsets }: ReadModel,
  added: readonly GraphNode[],
): ReadonlyMap<string, number> {
  const all = new Map([...opsets].filter(([domain]) => domain === '' || domain === 'ai.onnx.ml'));
  if (!all.has('')) all.set('', 15);
  if (!all.has('ai.onnx.ml') && added.some(({ domain }) => domain === 'ai.onnx.ml'))
    all.set('ai.onnx.ml', 1);
  return all;
}

function renamedNode(node: ReadNode): Uint8Array {
  const own = [node.name, ...node.inputs, ...node.outputs].some((name) => OWN.test(name));
  return own ? renamed(node.bytes, new Set([1, 2, 3])) : node.bytes;
}

/** A NodeProto or TensorProto of which the fields that hold names of values are written anew. */
function renamed(bytes: Uint8Array, nameFields: ReadonlySet<number>): Uint8Array {
  const writer = new ProtoWriter();
  const decoder = new TextDecoder();
  let at = 0;
  for (const { field, bytes: value, end } of readProto(bytes)) {
    if (nameFields.has(field)) writer.string(field, inner(decoder.decode(value)));
    else writer.verbatim(bytes.subarray(at, end));
    at = end;
  }
  return writer.finish();
}
