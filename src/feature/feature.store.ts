import type { AuditEntry, AuditOn } from '../access/audit.store.js';
import { AppError } from '../kernel/error.js';
import type { Database } from '../plant/ports.js';
import { float64Array, stringArray } from '../plant/binary-array.js';
import { definitionSchema } from './definition.js';
import {
  linkFeatures,
  pickVersion,
  type FeatureDefinition,
  type FeatureStatus,
  type NewFeature,
  type StoredFeature,
} from './feature.js';
import type { ReadFeaturesDeps } from './read-features.js';

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
  /** Adds a version; false when this name and version are taken. */
  insert: (
    feature: NewFeature,
    version: number,
    status: FeatureStatus,
    at: Date,
  ) => Promise<boolean>;
  /** Moves a version if it still has the status `from`, and writes `told` with it; null, and nothing, when it has not. */
  move: (
    id: string,
    from: FeatureStatus,
    to: FeatureStatus,
    told: AuditEntry,
  ) => Promise<FeatureDefinition | null>;
  /** Ids of at most `limit` customers, spread evenly by a hash of the id. */
  sampleUsers: (limit: number) => Promise<number[]>;
}

const COLUMNS = `id, name, version, description, business_meaning as "businessMeaning", type, unit,
  status, owner, tags, definition, created_at as "createdAt", updated_at as "updatedAt"`;

/** The registry in Postgres. */
export function featureStore(db: Database, auditOn: AuditOn): FeatureStore {
  const parsed = new Map<string, StoredFeature['definition']>();

  // parsing costs more than the query: a version's definition is never edited, so its id is enough of a key
  const parse = (row: StoredFeature): StoredFeature => {
    let definition = parsed.get(row.id);
    if (definition === undefined) {
      definition = definitionSchema.parse(row.definition);
      parsed.set(row.id, definition);
    }
    return { ...row, definition };
  };

  const all = async (): Promise<FeatureDefinition[]> => {
    const rows = await db.query<StoredFeature>(
      `select ${COLUMNS} from feature order by name collate "C", version`,
      [],
      { name: 'feature_all' },
    );
    return linkFeatures(rows.map(parse));
  };

  const byName = async (name: string, version?: number): Promise<FeatureDefinition | null> =>
    pickVersion(
      (await all()).filter((feature) => feature.name === name),
      version,
    );

  const reread = async (id: string): Promise<FeatureDefinition> => {
    const found = (await all()).find((feature) => feature.id === id);
    if (!found) throw new AppError('INTERNAL', `feature ${id} is gone`);
    return found;
  };

  return {
    all,
    byName,
    list: async ({ status, tags }) =>
      (await all()).filter(
        (feature) =>
          (status === null || status.includes(feature.status)) &&
          (tags === null || tags.every((tag) => feature.tags.includes(tag))),
      ),
    byNames: async (names) => namedFeatures(await all(), names),
    insert: async (feature, version, status, at) => {
      const data = {
        ...feature,
        tags: [...feature.tags],
        version,
        status,
        createdAt: at,
        updatedAt: at,
      };
      const { count } = await db.prisma.feature.createMany({ data, skipDuplicates: true });
      return count === 1;
    },
    move: async (id, from, to, told) => {
      const moved = await db.transaction(async (sql) => {
        const rows = await sql.query(
          `update feature set status = $3::feature_status, updated_at = greatest($4, created_at)
           where id = $1 and status = $2::feature_status returning id`,
          [id, from, to, told.at],
        );
        if (rows.length > 0) await auditOn(sql).write(told);
        return rows.length > 0;
      });
      return moved ? reread(id) : null;
    },
    sampleUsers: async (limit) => {
      const rows = await db.query<{ id: number }>(
        'select id from customer order by hashint8(id), id limit $1',
        [limit],
      );
      return rows.map(({ id }) => id);
    },
  };
}

/** Picks features by name from the registry, in order. @throws AppError NOT_FOUND naming the unknown ones */
export function namedFeatures(
  registry: readonly FeatureDefinition[],
  names: readonly string[],
): FeatureDefinition[] {
  const found = names.map((name) =>
    pickVersion(registry.filter((feature) => feature.name === name)),
  );
  const unknown = names.filter((_, index) => found[index] === null);
  if (unknown.length > 0)
    throw new AppError(
      'NOT_FOUND',
      `no feature is registered as ${unknown.slice(0, 5).join(', ')}`,
    );
  return found.filter((feature) => feature !== null);
}

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
