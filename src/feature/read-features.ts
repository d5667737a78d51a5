import { createHash } from 'node:crypto';
import { AppError } from '../kernel/error.js';
import type { FeatureTable } from '../numeric/table.js';
import { compileFeatures, type CompiledFeatures, type Form } from './compile.js';
import { eventTypesOf } from './definition.js';
import type { FeatureDefinition, FeatureType } from './feature.js';
import { peopleColumns, peopleOf, type People, type PeopleAsked } from './people.js';
import type { Stretch } from './placeholders.js';

export interface FeatureRequest {
  /** At most one version of a name. */
  features: readonly FeatureDefinition[];
  /** Ids, or every customer. */
  users: readonly number[] | 'everyone';
  /** Only events before this instant count. */
  asOf: Date;
  /** Reads `FeatureRows.people` too, or just the consent (see `consentOf`); default false. */
  people?: PeopleAsked;
}

/** The same for listed users who come with an instant each. */
export interface OwnInstantsRequest extends Omit<FeatureRequest, 'asOf'> {
  asOf: Date | readonly Date[];
}

/** The same also for a stretch of ids, ascending. */
export interface AnyRequest extends Omit<OwnInstantsRequest, 'users'> {
  users: FeatureRequest['users'] | Stretch;
}

/** Numbers (missing NaN; booleans 0 or 1; instants in ms since 1970), or texts (missing null). */
export type FeatureColumn = Float64Array | (string | null)[];

/** A table of features: ids ascending for everyone, else in the order given. */
export interface FeatureRows {
  userIds: Float64Array;
  rows: number;
  columns: ReadonlyMap<string, FeatureColumn>;
  /** Null, or left out, unless asked for. */
  people?: People | null;
}

export interface ReadFeaturesDeps {
  /** Runs the compiled statement; see featureReader in feature.store.ts. */
  run: (
    compiled: CompiledFeatures,
    values: readonly unknown[],
    name: string | null,
  ) => Promise<RawColumns>;
  /** Ids of event types; unknown names are added, so that later look-ups cost no statement. */
  typeIds: (names: readonly string[]) => Promise<Map<string, number>>;
}

/** Arrays as they come from Postgres, in no particular order. */
export interface RawColumns {
  position: Float64Array;
  columns: FeatureColumn[];
}

export type ReadFeatures = (request: FeatureRequest) => Promise<FeatureRows>;
export type ReadOwnInstants = (request: OwnInstantsRequest) => Promise<FeatureRows>;
export type ReadAny = (request: AnyRequest) => Promise<FeatureRows>;

/** From here on, one pass over the events of all users beats a scan of the index for each; measured in test/bench. */
const GROUPED_FROM = 10;
const MAX_PREPARED = 64;
const MAX_COMPILED = 256;

/**
 * Reads any features of any users as of any instant with ONE statement. Compiled texts are kept; the first
 * 64 are prepared by name, so that a repeat is parsed once a connection.
 * @throws AppError INVALID when two versions of one name are asked for, or instants that are not one a user
 */
export function readFeatures(deps: ReadFeaturesDeps): ReadAny {
  const compile = compilerWithMemory();
  return async ({ features, users, asOf, people = false }) => {
    checkNames(features);
    const stretch = typeof users === 'object' && 'until' in users;
    const everyone = stretch || users === 'everyone';
    const ids = stretch || users === 'everyone' ? null : Float64Array.from(users);
    if (!(asOf instanceof Date) && asOf.length !== ids?.length)
      throw new AppError('INVALID', 'instants must be one for all, or one for each listed user');
    if (ids && (ids.length === 0 || (features.length === 0 && !people)))
      return emptyRows(features, ids, people);
    const instants = asOf instanceof Date ? 'shared' : 'own';
    const many = ids === null || ids.length >= GROUPED_FROM;
    const access = many && instants === 'shared' ? 'grouped' : 'byUser';
    const { compiled, name } = compile(features, { access, everyone, stretch, instants, people });
    const typeIds = await deps.typeIds(namedTypes(features));
    const raw = await deps.run(compiled, compiled.valuesFor({ users, asOf, typeIds }), name);
    return inOrder(compiled, raw, ids);
  };
}

function compilerWithMemory(): (
  features: readonly FeatureDefinition[],
  form: Form,
) => { compiled: CompiledFeatures; name: string | null } {
  const memory = new Map<string, { compiled: CompiledFeatures; name: string | null }>();
  const prepared = new Set<string>();
  return (features, form) => {
    // an id stands for one definition for ever: versions are never edited
    const { access, everyone, stretch, instants, people } = form;
    const key = `${access} ${everyone} ${stretch} ${instants} ${people} ${features.map(({ id }) => id).join(' ')}`;
    const known = memory.get(key);
    if (known) return known;
    const compiled = compileFeatures(features, form);
    const name = `features_${createHash('sha1').update(compiled.text).digest('hex')}`;
    if (prepared.size < MAX_PREPARED) prepared.add(name);
    const entry = { compiled, name: prepared.has(name) ? name : null };
    if (memory.size >= MAX_COMPILED) memory.clear();
    memory.set(key, entry);
    return entry;
  };
}

function checkNames(features: readonly FeatureDefinition[]): void {
  const names = new Set<string>();
  for (const { name } of features) {
    if (names.has(name)) throw new AppError('INVALID', `feature ${name} is asked for twice`);
    names.add(name);
  }
}

function namedTypes(features: readonly FeatureDefinition[]): string[] {
  const types = new Set<string>();
  const visit = (feature: FeatureDefinition): void => {
    for (const type of eventTypesOf(feature.definition)) types.add(type);
    feature.dependencies.forEach(visit);
  };
  features.forEach(visit);
  return [...types];
}

function emptyRows(
  features: readonly FeatureDefinition[],
  userIds: Float64Array,
  people: PeopleAsked,
): FeatureRows {
  const all = [...features, ...peopleColumns(people)];
  const columns = new Map(all.map(({ name }) => [name, new Float64Array(0)]));
  return { userIds, rows: userIds.length, columns, people: peopleOf(columns) };
}

/** Puts the rows of the answer into the order promised. */
function inOrder(
  compiled: CompiledFeatures,
  raw: RawColumns,
  ids: Float64Array | null,
): FeatureRows {
  const rows = raw.position.length;
  const rank = ids
    ? Uint32Array.from(raw.position, (position) => position - 1)
    : rankOf(raw.position);
  const userIds = ids ?? Float64Array.from(raw.position).sort();
  const inPlace = rank.every((place, row) => place === row);
  const columns = new Map<string, FeatureColumn>();
  compiled.columns.forEach(({ name }, index) => {
    const column = raw.columns[index] ?? new Float64Array(rows);
    if (inPlace) columns.set(name, column);
    else if (column instanceof Float64Array) columns.set(name, placeNumbers(column, rank));
    else columns.set(name, placeTexts(column, rank));
  });
  return { userIds, rows, columns, people: peopleOf(columns) };
}

function rankOf(position: Float64Array): Uint32Array {
  const order = Uint32Array.from(position, (_, index) => index);
  if (!isAscending(position)) order.sort((a, b) => (position[a] ?? 0) - (position[b] ?? 0));
  const rank = new Uint32Array(order.length);
  order.forEach((row, place) => {
    rank[row] = place;
  });
  return rank;
}

function isAscending(values: Float64Array): boolean {
  for (let i = 1; i < values.length; i += 1)
    if ((values[i - 1] ?? 0) > (values[i] ?? 0)) return false;
  return true;
}

function placeNumbers(column: Float64Array, rank: Uint32Array): Float64Array {
  const placed = new Float64Array(column.length);
  for (let i = 0; i < column.length; i += 1) placed[rank[i] ?? 0] = column[i] ?? NaN;
  return placed;
}

function placeTexts(column: readonly (string | null)[], rank: Uint32Array): (string | null)[] {
  const placed = new Array<string | null>(column.length).fill(null);
  column.forEach((text, i) => {
    placed[rank[i] ?? 0] = text;
  });
  return placed;
}

/** Whether a model takes features of the type as categories; every other type it takes as numbers. */
export function isCategorical(type: FeatureType): boolean {
  return type === 'CATEGORICAL' || type === 'TEXT';
}

/**
 * The rows as model input: numbers (booleans as 0 and 1, instants in ms) in the order of `featureNames`,
 * then texts; a missing number is NaN, a missing text ''.
 * @param types type of each name, same length
 * @throws AppError INVALID for a name that was not read
 */
export function toFeatureTable(
  rows: FeatureRows,
  featureNames: readonly string[],
  types: readonly FeatureType[],
): FeatureTable {
  const categoricalNames = featureNames.filter((_, i) => isCategorical(types[i] ?? 'NUMERICAL'));
  const numericNames = featureNames.filter((_, i) => !isCategorical(types[i] ?? 'NUMERICAL'));
  const numeric = new Float32Array(rows.rows * numericNames.length);
  numericNames.forEach((name, j) => {
    const column = columnOf(rows, name);
    // numbers apart from texts, so that each loop reads one kind of array
    if (column instanceof Float64Array)
      for (let i = 0; i < rows.rows; i += 1)
        numeric[i * numericNames.length + j] = column[i] ?? NaN;
    else
      for (let i = 0; i < rows.rows; i += 1)
        numeric[i * numericNames.length + j] = Number(column[i] ?? NaN);
  });
  const categorical = new Array<string>(rows.rows * categoricalNames.length).fill('');
  categoricalNames.forEach((name, j) => {
    const column = columnOf(rows, name);
    for (let i = 0; i < rows.rows; i += 1)
      categorical[i * categoricalNames.length + j] = String(column[i] ?? '');
  });
  return { rows: rows.rows, numericNames, numeric, categoricalNames, categorical };
}

function columnOf(rows: FeatureRows, name: string): FeatureColumn {
  const column = rows.columns.get(name);
  if (!column) throw new AppError('INVALID', `feature ${name} was not read`);
  return column;
}
