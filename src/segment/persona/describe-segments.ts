import { groupFacts } from '../../numeric/group-facts.js';
import type { FeatureTable } from '../../numeric/table.js';
import type { FeatureFacts, MixFacts } from '../segment.js';
import type { PersonaDimensions } from '../segmentation-spec.js';

/** A profile attribute of every customer; null, '' and NaN = unknown. */
export type AttributeColumn =
  { kind: 'text'; values: readonly (string | null)[] } | { kind: 'number'; values: Float32Array };

/** Everybody who was grouped; columns have one value a row of the table, in its order. */
export interface Population {
  /** Raw inputs: those the customers were grouped by and any others to be told of. */
  table: FeatureTable;
  attributes: Readonly<Record<string, AttributeColumn>>;
  /** Numbers that are also shown as a mix of bands, by name: ascending borders; age has 25 and 40. */
  bands?: Readonly<Record<string, readonly number[]>>;
}

/** What a segment is like in numbers. */
export interface SegmentFacts {
  number: number;
  size: number;
  /** Of all rows, noise included: 0..1. */
  share: number;
  /** The table's numbers in their order, then those attributes that are numbers and have another name. */
  features: FeatureFacts[];
  /** The table's categories, attributes that are texts, and bands. */
  mixes: MixFacts[];
}

/** Below the first is young, above the second mature; the borders themselves lie in the middle. */
export const AGE_BORDERS = [25, 40] as const;
/** Values of a mix that are listed, the most frequent ones over everybody; the rest is not told apart. */
export const MIX_VALUES = 20;

/**
 * Numbers and mixes of each segment beside everybody. Rows with label -1 (noise) belong to no segment and count among
 * everybody. Where a segment has no value of a feature (`missing` = its size), its mean, deviation and median are 0
 * and its mean rank is 0.5.
 * @param labels shape [rows]: 0..segments-1 or -1
 * @throws RangeError when a column has another number of rows, or a label lies outside
 * Cost: one radix sort a number, one pass a category; 20 bytes a row, one number at a time.
 */
export function describeSegments(
  population: Population,
  labels: Int32Array,
  segments: number,
): SegmentFacts[] {
  checkShapes(population, labels, segments);
  const sizes = new Int32Array(segments);
  for (const label of labels) if (label >= 0) sizes[label] = (sizes[label] ?? 0) + 1;
  const rows = labels.length;
  const described: SegmentFacts[] = Array.from({ length: segments }, (_, number) => {
    const size = sizes[number] ?? 0;
    return { number, size, share: rows > 0 ? size / rows : 0, features: [], mixes: [] };
  });
  for (const [name, values] of numbersOf(population)) {
    factsOf(name, values, labels, segments).forEach((facts, i) =>
      described[i]?.features.push(facts),
    );
    const borders = population.bands?.[name];
    if (borders) addMix(described, name, bandsOf(values, borders), labels);
  }
  for (const [name, values] of textsOf(population)) addMix(described, name, values, labels);
  return described;
}

/**
 * Columns of the attributes that a persona is told by, out of the profiles of the customers in the order of the rows;
 * numbers where every known value is one (`numeric` names those that must be).
 */
export function attributeColumns(
  dimensions: Pick<PersonaDimensions, 'age' | 'gender' | 'city'>,
  profiles: readonly Readonly<Record<string, unknown>>[],
): Pick<Population, 'attributes' | 'bands'> {
  const attributes: Record<string, AttributeColumn> = {};
  const { age, gender, city } = dimensions;
  if (age !== null) {
    const values = Float32Array.from(profiles, (profile) => numberIn(profile[age]));
    attributes[age] = { kind: 'number', values };
  }
  for (const name of [gender, city]) {
    if (name === null) continue;
    attributes[name] = { kind: 'text', values: profiles.map((profile) => textIn(profile[name])) };
  }
  return { attributes, bands: age === null ? {} : { [age]: AGE_BORDERS } };
}

function numberIn(value: unknown): number {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && value.trim() !== '' ? Number(value) : NaN;
}

function textIn(value: unknown): string | null {
  if (typeof value === 'string') return value === '' ? null : value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : null;
}

function checkShapes(
  { table, attributes }: Population,
  labels: Int32Array,
  segments: number,
): void {
  if (labels.length !== table.rows)
    throw new RangeError(`labels must have ${table.rows} rows, got ${labels.length}`);
  for (const [name, { values }] of Object.entries(attributes))
    if (values.length !== table.rows)
      throw new RangeError(`attribute ${name} must have ${table.rows} rows, got ${values.length}`);
  for (const label of labels)
    if (label < -1 || label >= segments)
      throw new RangeError(`a label must be -1..${segments - 1}, got ${label}`);
}

function* numbersOf({ table, attributes }: Population): Generator<[string, Float32Array], void> {
  const width = table.numericNames.length;
  for (const [column, name] of table.numericNames.entries()) {
    const values = new Float32Array(table.rows);
    for (let row = 0; row < table.rows; row++)
      values[row] = table.numeric[row * width + column] ?? NaN;
    yield [name, values];
  }
  for (const [name, attribute] of Object.entries(attributes))
    if (attribute.kind === 'number' && !table.numericNames.includes(name))
      yield [name, attribute.values];
}

function* textsOf({
  table,
  attributes,
}: Population): Generator<[string, readonly (string | null)[]], void> {
  const width = table.categoricalNames.length;
  for (const [column, name] of table.categoricalNames.entries())
    yield [
      name,
      Array.from({ length: table.rows }, (_, row) => table.categorical[row * width + column] ?? ''),
    ];
  for (const [name, attribute] of Object.entries(attributes))
    if (attribute.kind === 'text' && !table.categoricalNames.includes(name))
      yield [name, attribute.values];
}

function factsOf(
  feature: string,
  values: Float32Array,
  labels: Int32Array,
  segments: number,
): FeatureFacts[] {
  const facts = groupFacts(values, labels, segments);
  return Array.from({ length: segments }, (_, i) => ({
    feature,
    mean: facts.mean[i] ?? 0,
    standardDeviation: facts.standardDeviation[i] ?? 0,
    median: facts.median[i] ?? 0,
    overallMean: facts.overall.mean,
    overallStandardDeviation: facts.overall.standardDeviation,
    meanRank: facts.meanRank[i] ?? 0.5,
    missing: facts.missing[i] ?? 0,
  }));
}

/** `<25`, `25-40`, `>40` for the borders 25 and 40, which lie in the middle. */
function bandsOf(values: Float32Array, borders: readonly number[]): (string | null)[] {
  const first = borders[0] ?? 0;
  const last = borders.at(-1) ?? 0;
  const bandOf = (value: number): string | null => {
    if (!Number.isFinite(value)) return null;
    if (value < first) return `<${first}`;
    if (value > last) return `>${last}`;
    const above = borders.findIndex((border, i) => i > 0 && value <= border);
    return above < 1 ? String(first) : `${borders[above - 1] ?? first}-${borders[above] ?? last}`;
  };
  return Array.from(values, bandOf);
}

/** Counts a text over the segments; equal counts are told in the order of the values. */
function addMix(
  described: SegmentFacts[],
  attribute: string,
  values: readonly (string | null)[],
  labels: Int32Array,
): void {
  const overall = new Map<string | null, number>();
  for (const text of values) {
    const value = text === '' ? null : text;
    overall.set(value, (overall.get(value) ?? 0) + 1);
  }
  const listed = [...overall]
    .sort(([a, m], [b, n]) => n - m || compareTexts(a, b))
    .slice(0, MIX_VALUES);
  const place = new Map(listed.map(([value], i) => [value, i]));
  const counts = described.map(() => new Int32Array(listed.length));
  for (const [row, text] of values.entries()) {
    const at = place.get(text === '' ? null : text);
    const own = counts[labels[row] ?? -1];
    if (own && at !== undefined) own[at] = (own[at] ?? 0) + 1;
  }
  for (const [i, { size, mixes }] of described.entries())
    mixes.push({
      attribute,
      values: listed
        .map(([value, everybody], at) => {
          const count = counts[i]?.[at] ?? 0;
          const share = size > 0 ? count / size : 0;
          return { value, count, share, overallShare: everybody / values.length };
        })
        .sort((a, b) => b.count - a.count || compareTexts(a.value, b.value)),
    });
}

/** By code points, the unknown last: the same on every machine. */
function compareTexts(a: string | null, b: string | null): number {
  if (a === b) return 0;
  if (a === null) return 1;
  return b === null || a < b ? -1 : 1;
}
