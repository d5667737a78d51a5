import type { ReadModel, ReadValue } from './read-graph.js';

/** A feature as a graph may take it. */
export interface InputFeature {
  name: string;
  kind: 'number' | 'category';
}

/** Which features one input of a graph takes. */
export interface InputPlan {
  name: string;
  /** `TensorProto.DataType`. */
  type: number;
  kind: InputFeature['kind'];
  /** Of [N, columns]; false: [N]. */
  matrix: boolean;
  /** Indices into the features of its kind, in the order the graph takes them. */
  columns: readonly number[];
}

const FLOAT = 1;
const STRING = 8;
const TYPE_NAMES: Readonly<Record<number, string>> = {
  [FLOAT]: 'float',
  6: 'int32',
  7: 'int64',
  [STRING]: 'string',
  9: 'bool',
  11: 'double',
};

/** Whether a missing number has no place in the input: NaN would become some whole number. */
export function isWhole({ type }: Pick<InputPlan, 'type'>): boolean {
  return type === 6 || type === 7 || type === 9;
}

/**
 * Deals the features out to the inputs of a graph: numbers to its float, double and integer inputs, categories to
 * its string inputs, each in the order given; where every input bears the name of a feature, by name.
 * @throws RangeError when an input is no [N, columns], or the features are too few, too many or of another kind
 */
export function planInputs(
  { inputs }: Pick<ReadModel, 'inputs'>,
  features: readonly InputFeature[],
): InputPlan[] {
  if (inputs.length === 0) fail('the graph takes no inputs');
  const ordered = namedAfter(inputs, features) ?? features;
  const places = {
    number: { left: placesOf(features, ordered, 'number'), free: 0 },
    category: { left: placesOf(features, ordered, 'category'), free: 0 },
  };
  const shapes = inputs.map(shapeOf);
  for (const kind of ['number', 'category'] as const) {
    const own = shapes.filter((shape) => shape.kind === kind);
    const fixed = own.reduce((sum, { width }) => sum + (width ?? 0), 0);
    const open = own.filter(({ width }) => width === null);
    if (open.length > 1)
      fail(`only one input may leave its number of columns open, got ${named(open)}`);
    const { left } = places[kind];
    places[kind].free = left.length - fixed;
    const enough = open.length > 0 ? left.length > fixed : left.length === fixed;
    if (!enough) fail(miscount(kind, own, fixed, features));
  }
  return shapes.map(({ name, type, kind, matrix, width }) => ({
    name,
    type,
    kind,
    matrix,
    columns: places[kind].left.splice(0, width ?? places[kind].free),
  }));
}

interface Shape extends Omit<InputPlan, 'columns'> {
  /** Null: as many as come. */
  width: number | null;
}

function shapeOf({ name, kind, type, dims }: ReadValue): Shape {
  if (kind !== 'tensor') fail(`input "${name}" must be a tensor`);
  if (!TYPE_NAMES[type])
    fail(
      `input "${name}" must be of ${Object.values(TYPE_NAMES).join(', ')}, got element type ${type}`,
    );
  if (dims && (dims.length < 1 || dims.length > 2))
    fail(
      `input "${name}" must be [N, columns] or [N], got rank ${dims.length}: [${dims.map((dim) => dim ?? '?').join(', ')}]`,
    );
  const columns = dims?.[1];
  const width = dims?.length === 1 ? 1 : typeof columns === 'number' ? columns : null;
  return {
    name,
    type,
    kind: type === STRING ? 'category' : 'number',
    matrix: dims?.length !== 1,
    width,
  };
}

/** The features in the order of the inputs that bear their names; null where the names are others. */
function namedAfter(
  inputs: readonly ReadValue[],
  features: readonly InputFeature[],
): readonly InputFeature[] | null {
  if (inputs.length !== features.length) return null;
  const found = inputs.map(({ name }) => features.find((feature) => feature.name === name));
  return found.every((feature) => feature !== undefined) ? found : null;
}

function placesOf(
  features: readonly InputFeature[],
  ordered: readonly InputFeature[],
  kind: InputFeature['kind'],
): number[] {
  const own = features.filter((feature) => feature.kind === kind);
  return ordered.filter((feature) => feature.kind === kind).map((feature) => own.indexOf(feature));
}

function miscount(
  kind: InputFeature['kind'],
  inputs: readonly Shape[],
  wanted: number,
  features: readonly InputFeature[],
): string {
  const plural = kind === 'number' ? 'numbers' : 'categories';
  const own = features.filter((feature) => feature.kind === kind).map(({ name }) => name);
  const others = features.filter((feature) => feature.kind !== kind).map(({ name }) => name);
  const takes =
    inputs.length === 0
      ? `no input of the graph takes ${plural}`
      : `the graph takes ${wanted} ${plural} (${named(inputs)})`;
  const given = `${own.length} of the features are ${plural}${own.length > 0 ? `: ${own.join(', ')}` : ''}`;
  const rest = others.length > 0 ? `; not so ${others.join(', ')}` : '';
  return `${takes}, ${given}${rest}`;
}

function named(inputs: readonly Shape[]): string {
  return inputs
    .map(({ name, type, width }) => `"${name}" ${TYPE_NAMES[type]} [N, ${width ?? '?'}]`)
    .join(', ');
}

function fail(message: string): never {
  throw new RangeError(message);
}
