import type { AuditEntry, AuditOn } from '../access/audit.store.js';
import { AppError, type UserError } from '../kernel/error.js';
import { uuidv7 } from '../kernel/uuid.js';
import type { Database, Sql } from '../plant/ports.js';
import { float64Array, stringArray } from '../plant/binary-array.js';
import { definitionSchema, referencesOf } from './definition.js';
import {
  linkFeatures,
  pickVersion,
  type FeatureChange,
  type FeatureDefinition,
  type FeatureStatus,
  type NewFeature,
  type RegistryState,
  type StoredFeature,
} from './feature.js';
import type { ReadFeaturesDeps } from './read-features.js';

/** Who uses a version outside the registry, such as `churn@3`; asked inside a transaction of the caller's. */
export type UsersOn = (
  sql: Sql,
) => (feature: Pick<StoredFeature, 'name' | 'version'>) => Promise<string[]>;

export interface FeatureStore {
  /** The whole registry, every version, linked; by name, then version. One statement. */
  all: () => Promise<FeatureDefinition[]>;
  /** Those with any of the statuses and all of the tags; null = any. */
  list: (filter: {
    status: readonly FeatureStatus[] | null;
    tags: readonly string[] | null;
  }) => Promise<FeatureDefinition[]>;
  /** In the order of the names, the newest approved version of each, or the newest. @throws AppError NOT_FOUND naming the unknown ones */
  byNames: (names: readonly string[]) => Promise<FeatureDefinition[]>;
  /** A version, by default the newest approved or the newest; null when unknown. */
  byName: (name: string, version?: number) => Promise<FeatureDefinition | null>;
  /**
   * Adds a version and writes `told` with it, both or neither; false, and nothing, when this name and version
   * are taken or something it refers to was archived meanwhile.
   */
  insert: (
    feature: NewFeature,
    version: number,
    status: FeatureStatus,
    at: Date,
    told: AuditEntry,
  ) => Promise<boolean>;
  /**
   * Moves or edits one version as `decide` says of the registry under its lock, audited; or answers why not. A change
   * of nothing writes nothing.
   */
  move: (
    decide: (state: RegistryState) => Promise<FeatureChange | UserError>,
  ) => Promise<ChangeResult>;
  /** Ids of at most `limit` customers, spread evenly by a hash of the id; of those who agreed to profiling. */
  sampleUsers: (limit: number) => Promise<number[]>;
}

export type ChangeResult =
  { feature: FeatureDefinition; error: null } | { feature: null; error: UserError };

const COLUMNS = `id, name, version, description, business_meaning as "businessMeaning", type, unit,
  status, owner, tags, definition, created_at as "createdAt", updated_at as "updatedAt"`;

/** One number for all who change the registry, and for who puts features into use. */
const REGISTRY_LOCK = 4_167_003;

/** A version's definition is never edited, so its id is enough of a key to parse it once. */
type Parsed = Map<string, StoredFeature['definition']>;

async function readRegistry(sql: Sql, parsed: Parsed): Promise<FeatureDefinition[]> {
  const rows = await sql.query<StoredFeature>(
    `select ${COLUMNS} from feature order by name collate "C", version`,
    [],
    { name: 'feature_all' },
  );
  return linkFeatures(
    rows.map((row) => {
      const definition = parsed.get(row.id) ?? definitionSchema.parse(row.definition);
      parsed.set(row.id, definition);
      return { ...row, definition };
    }),
  );
}

async function lockRegistry(sql: Sql): Promise<void> {
  await sql.query('select pg_advisory_xact_lock($1)', [REGISTRY_LOCK]);
}

/**
 * The registry inside a transaction of the caller's, which nobody changes before that transaction ends: who
 * puts features into use looks here first, so that none is archived at the same moment.
 */
export async function lockedRegistry(sql: Sql): Promise<FeatureDefinition[]> {
  await lockRegistry(sql);
  return readRegistry(sql, new Map());
}

/** The registry in Postgres. Without `usersOn` only the registry itself holds features in use. */
export function featureStore(
  db: Database,
  auditOn: AuditOn,
  usersOn: UsersOn = () => () => Promise.resolve([]),
): FeatureStore {
  const parsed: Parsed = new Map();
  const all = (): Promise<FeatureDefinition[]> => readRegistry(db, parsed);
  return {
    all,
    byName: async (name, version) =>
      pickVersion(
        (await all()).filter((feature) => feature.name === name),
        version,
      ),
    list: async ({ status, tags }) =>
      (await all()).filter(
        (feature) =>
          (status === null || status.includes(feature.status)) &&
          (tags === null || tags.every((tag) => feature.tags.includes(tag))),
      ),
    byNames: async (names) => namedFeatures(await all(), names),
    insert: (feature, version, status, at, told) =>
      db.transaction(async (sql) => {
        await lockRegistry(sql);
        if (await refersToArchived(sql, feature)) return false;
        const inserted = await insertRow(sql, feature, version, status, at);
        if (inserted) await auditOn(sql).write(told);
        return inserted;
      }),
    move: (decide) =>
      db.transaction(async (sql): Promise<ChangeResult> => {
        await lockRegistry(sql);
        const features = await readRegistry(sql, parsed);
        const decided = await decide({ features, usersOf: usersOn(sql) });
        if ('code' in decided) return { feature: null, error: decided };
        if (Object.keys(decided.set).length === 0) return { feature: decided.feature, error: null };
        await updateRow(sql, decided);
        await auditOn(sql).write(decided.told);
        const changed = await readRegistry(sql, parsed);
        const feature = changed.find(({ id }) => id === decided.feature.id);
        if (!feature) throw new AppError('INTERNAL', `feature ${decided.feature.id} is gone`);
        return { feature, error: null };
      }),
    sampleUsers: async (limit) => {
      const rows = await db.query<{ id: number }>(
        `select id from customer where consent_profiling order by hashint8(id), id limit $1`,
        [limit],
      );
      return rows.map(({ id }) => id);
    },
  };
}

async function refersToArchived(sql: Sql, { definition }: NewFeature): Promise<boolean> {
  const references = referencesOf(definition);
  if (references.length === 0) return false;
  const archived = await sql.query(
    `select 1 from feature f join unnest($1::text[], $2::int[]) as wanted(name, version)
       on f.name = wanted.name and f.version = wanted.version
     where f.status = 'ARCHIVED' limit 1`,
    [references.map(({ name }) => name), references.map(({ version }) => version)],
  );
  return archived.length > 0;
}

async function insertRow(
  sql: Sql,
  feature: NewFeature,
  version: number,
  status: FeatureStatus,
  at: Date,
): Promise<boolean> {
  const rows = await sql.query(
    `insert into feature (id, name, version, description, business_meaning, type, unit, status, owner, tags,
       definition, created_at, updated_at)
     values ($1, $2, $3, $4, $5, $6::feature_type, $7, $8::feature_status, $9, $10, $11::jsonb, $12, $12)
     on conflict (name, version) do nothing returning id`,
    [
      uuidv7(at),
      feature.name,
      version,
      feature.description,
      feature.businessMeaning,
      feature.type,
      feature.unit,
      status,
      feature.owner,
      feature.tags,
      JSON.stringify(feature.definition),
      at,
    ],
  );
  return rows.length > 0;
}

async function updateRow(sql: Sql, { feature, set, told }: FeatureChange): Promise<void> {
  const next = { ...feature, ...set };
  await sql.query(
    `update feature set status = $2::feature_status, description = $3, business_meaning = $4, owner = $5,
       tags = $6, updated_at = greatest($7, created_at) where id = $1`,
    [
      feature.id,
      next.status,
      next.description,
      next.businessMeaning,
      next.owner,
      next.tags,
      told.at,
    ],
  );
}

/**
 * Picks features by name from the registry, in order: `name` is the newest approved version or the newest,
 * `name@2` that version. @throws AppError NOT_FOUND naming the unknown ones
 */
export function namedFeatures(
  registry: readonly FeatureDefinition[],
  names: readonly string[],
): FeatureDefinition[] {
  const found = names.map((wanted) => {
    const [, name = wanted, version] = VERSIONED_NAME.exec(wanted) ?? [];
    return pickVersion(
      registry.filter((feature) => feature.name === name),
      version === undefined ? undefined : Number(version),
    );
  });
  const unknown = names.filter((_, index) => found[index] === null);
  if (unknown.length > 0)
    throw new AppError(
      'NOT_FOUND',
      `no feature is registered as ${unknown.slice(0, 5).join(', ')}`,
    );
  return found.filter((feature) => feature !== null);
}

const VERSIONED_NAME = /^([^@]+)@([1-9]\d{0,8})$/;

/** Runs compiled features in Postgres; arrays come back in binary, which is what makes everyone affordable. */
export function featureReader(db: Pick<Database, 'query'>): ReadFeaturesDeps['run'] {
  return async (compiled, values, name) => {
    const [row] = await db.query<Record<string, Buffer | null>>(
      compiled.text,
      values,
      name === null ? {} : { name },
    );
    return {
      position: float64Array(row?.['position'] ?? null),
      columns: compiled.columns.map(({ alias, text }) => {
        const bytes = row?.[alias] ?? null;
        return text ? stringArray(bytes) : float64Array(bytes);
      }),
    };
  };
}
