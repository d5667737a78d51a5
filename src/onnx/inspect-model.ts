import { ALLOWED_OPERATORS, SUPPORTED_VERSIONS } from './allowed-operators.js';
import {
  ELEMENT_BYTES,
  elementsOf,
  type ReadModel,
  type ReadNode,
  type ReadTensor,
} from './read-graph.js';

/** Elements that a constant shape may ask for at once: 64 MiB of float32. */
const MOST_ELEMENTS = 16_777_216;
const STRING = 8;

/**
 * Holds a file from elsewhere to what may be run here, without running it: versions, operators, nothing outside
 * the file, constants as large as they say, no constant shape that asks for more than 16,777,216 elements.
 * What only shows when it runs (time, memory, answers) is not looked at.
 * @throws RangeError with the first thing that is wrong
 */
export function inspectModel(model: ReadModel): void {
  checkVersions(model);
  if (model.functions > 0)
    fail(`functions of its own are not taken, it has ${model.functions}: inline them`);
  if (model.trainings > 0) fail('instructions for training are not taken');
  if (model.sparseConstants > 0) fail('sparse constants are not taken');
  if (model.nodes.length === 0) fail('the graph has no nodes');
  for (const constant of model.constants) checkTensor(constant);
  for (const node of model.nodes) checkNode(node);
  checkSizes(model);
}

function checkVersions({ irVersion, opsets }: ReadModel): void {
  const { ir } = SUPPORTED_VERSIONS;
  if (irVersion < ir.from || irVersion > ir.to)
    fail(`the IR version must be ${ir.from}..${ir.to}, got ${irVersion}`);
  if (opsets.size === 0) fail('the file names no operator set');
  for (const domain of ['', 'ai.onnx.ml'] as const) {
    const version = opsets.get(domain);
    const { from, to } = SUPPORTED_VERSIONS[domain];
    if (version !== undefined && (version < from || version > to))
      fail(`the operator set of ${domain || 'ai.onnx'} must be ${from}..${to}, got ${version}`);
  }
}

function checkNode(node: ReadNode): void {
  const allowed = ALLOWED_OPERATORS.get(node.domain);
  if (!allowed)
    fail(
      `operators must be of ai.onnx or ai.onnx.ml, ${node.op} of node "${node.name}" is of ${JSON.stringify(node.domain)}`,
    );
  if (!allowed.has(node.op))
    fail(`the operator ${node.op} of ${node.domain || 'ai.onnx'} is not allowed`);
  for (const attribute of node.attributes) {
    if (attribute.foreign)
      fail(`${node.op} holds a ${attribute.foreign} in "${attribute.name}", which is not taken`);
    if (attribute.reference) fail(`${node.op} refers to an attribute of a function`);
    for (const tensor of attribute.tensors) checkTensor(tensor);
  }
}

function checkTensor(tensor: ReadTensor): void {
  const { name, dims, type, stored, external } = tensor;
  if (external)
    fail(
      `the values of constant "${name}" lie in another file, which is not taken: export it into one`,
    );
  if (type !== STRING && ELEMENT_BYTES[type] === undefined)
    fail(`constant "${name}" is of the unknown type ${type}`);
  const expected = elementsOf(tensor);
  if (stored !== expected)
    fail(
      `constant "${name}" of shape [${dims.join(', ')}] needs ${expected} values, the file holds ${stored}`,
    );
}

/** What a node makes out of a constant shape, bounded before it is made. */
function checkSizes({ nodes, constants }: ReadModel): void {
  const known = new Map<string, readonly number[]>();
  for (const { name, integers } of constants) if (integers) known.set(name, integers);
  for (const node of nodes) {
    const constant = node.op === 'Constant' ? constantOf(node) : null;
    const [output] = node.outputs;
    if (constant && output !== undefined) known.set(output, constant);
    const asked = known.get(shapeInput(node) ?? '');
    if (!asked) continue;
    const elements = asked.reduce((product, dim) => product * Math.max(Math.abs(dim), 1), 1);
    if (elements > MOST_ELEMENTS)
      fail(
        `${node.op} "${node.name}" asks for ${elements} elements at once, at most ${MOST_ELEMENTS} are allowed`,
      );
  }
}

function constantOf({ attributes }: ReadNode): readonly number[] | null {
  for (const { name, integer, integers, tensors } of attributes) {
    if (name === 'value_int' && integer !== null) return [integer];
    if (name === 'value_ints') return integers;
    if (name === 'value') return tensors[0]?.integers ?? null;
  }
  return null;
}

/** The input that says how much is made. */
function shapeInput({ op, inputs }: ReadNode): string | undefined {
  if (op === 'ConstantOfShape') return inputs[0];
  return op === 'Expand' || op === 'Tile' ? inputs[1] : undefined;
}

function fail(message: string): never {
  throw new RangeError(message);
}
