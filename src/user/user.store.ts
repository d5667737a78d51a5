import type { AuditOn } from '../access/audit.store.js';
import type { Database, Sql } from '../plant/ports.js';
import { float64Array } from '../plant/binary-array.js';
import { numberArray, sqlParameters, textArray } from '../plant/parameters.js';
import { statementNames } from '../plant/statement-names.js';
import type { User, UserRow } from './user.js';
import { compileFilter, type FilterExtensions, type UserFilter } from './user-filter.js';
import { compilePage, type PageRequest } from './user-page.js';

/** Columns of `customer c` as a `User`, for the statements of this and other rooms. */
export const USER_COLUMNS = `c.id, c.external_id as "externalId", c.name, c.email, c.attributes,
  c.registered_at as "registeredAt", c.last_active_at as "lastActiveAt",
  c.consent_profiling as "consentProfiling", c.consent_marketing as "consentMarketing",
  c.consent_updated_at as "consentUpdatedAt"`;

export interface UserStore {
  /** One answer an id, in order; unknown is null. One statement. */
  byIds: (ids: readonly number[]) => Promise<(User | null)[]>;
  /** One answer a key, in order; unknown is null. One statement. */
  byExternalIds: (externalIds: readonly string[]) => Promise<(User | null)[]>;
  /** At most `limit` users after the cursor, by the order asked. */
  page: (request: PageRequest) => Promise<User[]>;
  /** How many the filter leaves. One statement. */
  count: (filter: UserFilter | null) => Promise<number>;
  /** Ids of the keys; missing customers are made (without a profile). */
  resolve: (externalIds: readonly string[], at: Date) => Promise<Map<string, number>>;
  /** Ids of the keys that exist; one statement. */
  idsByExternalId: (externalIds: readonly string[]) => Promise<Map<string, number>>;
  /** Writes checked rows with distinct keys in one transaction; unchanged rows are in neither count. */
  upsert: (rows: readonly UserRow[], at: Date) => Promise<{ created: number; updated: number }>;
  /** Sets the consents given and writes it to the audit trail, both or neither; null when the customer is unknown. */
  setConsent: (change: ConsentChange) => Promise<User | null>;
}

export interface ConsentChange {
  externalId: string;
  profiling: boolean | null;
  marketing: boolean | null;
  at: Date;
  actor: string;
}

/** Customers in Postgres. Locks are always taken in the order of external_id collate "C". */
export function userStore(
  db: Database,
  auditOn: AuditOn,
  extensions: FilterExtensions = {},
): UserStore {
  const named = statementNames('users');
  return {
    byIds: async (ids) => {
      const rows = await db.query<User>(
        `select ${USER_COLUMNS} from customer c where c.id = any($1::bigint[])`,
        [numberArray(ids)],
        { name: 'user_by_ids' },
      );
      const byId = new Map(rows.map((row) => [row.id, row]));
      return ids.map((id) => byId.get(id) ?? null);
    },
    byExternalIds: async (externalIds) => {
      const rows = await db.query<User>(
        `select ${USER_COLUMNS} from customer c where c.external_id = any($1::text[])`,
        [textArray(externalIds)],
        { name: 'user_by_external_ids' },
      );
      const byKey = new Map(rows.map((row) => [row.externalId, row]));
      return externalIds.map((key) => byKey.get(key) ?? null);
    },
    page: (request) => {
      const { text, values } = compilePage(USER_COLUMNS, request, extensions);
      return db.query<User>(text, values, named(text));
    },
    count: async (filter) => {
      const parameters = sqlParameters();
      const where = compileFilter(filter, parameters, extensions);
      const [row] = await db.query<{ count: number }>(
        `select count(*) as count from customer c where ${where}`,
        parameters.values,
      );
      return row?.count ?? 0;
    },
    resolve: (externalIds, at) => resolve(db, externalIds, at),
    idsByExternalId: (externalIds) => idsByExternalId(db, externalIds),
    upsert: (rows, at) => upsert(db, rows, at),
    setConsent: (change) => db.transaction((sql) => setConsent(sql, auditOn, change)),
  };
}

async function setConsent(
  sql: Sql,
  auditOn: AuditOn,
  { externalId, profiling, marketing, at, actor }: ConsentChange,
): Promise<User | null> {
  const [user] = await sql.query<User>(
    `update customer c set consent_profiling = coalesce($2, consent_profiling),
       consent_marketing = coalesce($3, consent_marketing), consent_updated_at = $4, updated_at = $4
     where c.external_id = $1 returning ${USER_COLUMNS}`,
    [externalId, profiling, marketing, at],
  );
  if (!user) return null;
  const detail = { profiling, marketing };
  await auditOn(sql).write({
    at,
    actor,
    action: 'consent set',
    subject: `User:${user.id}`,
    detail,
  });
  return user;
}

/** Ids come back as one array: a thousand row objects would cost more than the look-up. */
async function idsByExternalId(
  db: Sql,
  externalIds: readonly string[],
): Promise<Map<string, number>> {
  const [row] = await db.query<{ positions: Buffer | null; ids: Buffer | null }>(
    `select array_send(array_agg(i.position)) as positions, array_send(array_agg(c.id)) as ids
     from unnest($1::text[]) with ordinality as i(key, position)
     join customer c on c.external_id = i.key`,
    [textArray(externalIds)],
    { name: 'user_ids_by_external_id' },
  );
  const ids = float64Array(row?.ids ?? null);
  const found = new Map<string, number>();
  float64Array(row?.positions ?? null).forEach((position, index) => {
    found.set(externalIds[position - 1] ?? '', ids[index] ?? 0);
  });
  return found;
}

async function resolve(
  db: Sql,
  externalIds: readonly string[],
  at: Date,
): Promise<Map<string, number>> {
  const ids = await idsByExternalId(db, externalIds);
  const missing = externalIds.filter((key) => !ids.has(key));
  if (missing.length === 0) return ids;
  await db.query(
    `with fresh as materialized (
       select nextval('customer_id_seq') as id, key
       from (select key from unnest($1::text[]) with ordinality as i(key, position) order by position) i)
     insert into customer (id, external_id, created_at, updated_at)
     select id, key, $2, $2 from fresh order by key collate "C"
     on conflict do nothing`,
    [textArray(missing), at],
  );
  for (const [key, id] of await idsByExternalId(db, missing)) ids.set(key, id);
  return ids;
}

const INPUT = `unnest($1::text[], $2::text[], $3::bool[], $4::text[], $5::bool[], $6::float8[],
  $7::bool[], $8::jsonb[]) with ordinality as i(external_id, name, has_name, email, has_email,
  registered_ms, has_registered, attributes, place)`;

function inputArrays(rows: readonly UserRow[]): string[] {
  const flags = (given: (row: UserRow) => boolean): string => `{${rows.map(given).join(',')}}`;
  return [
    textArray(rows.map((row) => row.externalId)),
    textArray(rows.map((row) => row.name ?? null)),
    flags((row) => row.name !== undefined),
    textArray(rows.map((row) => row.email ?? null)),
    flags((row) => row.email !== undefined),
    numberArray(rows.map((row) => row.registeredAt?.getTime() ?? null)),
    flags((row) => row.registeredAt !== undefined),
    textArray(rows.map((row) => JSON.stringify(row.attributes ?? {}))),
  ];
}

/**
 * New rows first, then the known ones: who inserts may wait for who updates (an update is a new row
 * version with the same key), never the other way round, and each phase goes in the order of the key.
 */
async function upsert(
  db: Database,
  rows: readonly UserRow[],
  at: Date,
): Promise<{ created: number; updated: number }> {
  return db.transaction(async (sql) => {
    const known = await idsByExternalId(
      sql,
      rows.map(({ externalId }) => externalId),
    );
    const fresh = rows.filter(({ externalId }) => !known.has(externalId));
    const inserted = fresh.length > 0 ? await insertNew(sql, fresh, at) : new Set<string>();
    // what another call inserted meanwhile is committed by now, and updated like the rest
    const old = rows.filter(({ externalId }) => !inserted.has(externalId));
    return {
      created: inserted.size,
      updated: old.length > 0 ? await updateKnown(sql, old, at) : 0,
    };
  });
}

async function updateKnown(sql: Sql, rows: readonly UserRow[], at: Date): Promise<number> {
  await sql.query(
    `select 1 from customer where external_id = any($1::text[])
     order by external_id collate "C" for no key update`,
    [textArray(rows.map(({ externalId }) => externalId))],
  );
  const changed = await sql.query(
    `with wanted as (
       select c.id, case when i.has_name then i.name else c.name end as name,
         case when i.has_email then i.email else c.email end as email,
         case when i.has_registered then to_timestamp(i.registered_ms / 1000) else c.registered_at end
           as registered_at,
         jsonb_strip_nulls(c.attributes || i.attributes) as attributes
       from ${INPUT} join customer c using (external_id))
     update customer c set name = w.name, email = w.email, registered_at = w.registered_at,
       attributes = w.attributes, updated_at = $9
     from wanted w where w.id = c.id
       and (c.name, c.email, c.registered_at, c.attributes)
         is distinct from (w.name, w.email, w.registered_at::timestamptz(3), w.attributes)
     returning c.id`,
    [...inputArrays(rows), at],
  );
  return changed.length;
}

// A call may have looked for erasures just before one was made: it reads the table `erasure` here, which an erasure
// locks, and writes no profile without a later registration. Those of long ago were known to it; the others are
// young, or were made again after a restore by a young transaction.
const NOT_ERASED = `not exists (
  select from erasure x
  where (x.erased_at > $9::timestamptz - interval '1 hour' or age(x.xmin) < 100000)
    and (i.registered_ms is null or x.erased_at >= to_timestamp(i.registered_ms / 1000))
    and x.key_hash = sha256(convert_to(
      (select value from installation_fact where name = 'tombstone_salt') || ':' || i.external_id, 'UTF8')))`;

async function insertNew(sql: Sql, rows: readonly UserRow[], at: Date): Promise<Set<string>> {
  const inserted = await sql.query<{ external_id: string }>(
    `with fresh as materialized (
       select nextval('customer_id_seq') as id, g.*
       from (select i.* from ${INPUT} where ${NOT_ERASED} order by i.place) g)
     insert into customer (id, external_id, name, email, registered_at, attributes, created_at, updated_at)
     select i.id, i.external_id, i.name, i.email, to_timestamp(i.registered_ms / 1000),
       jsonb_strip_nulls(i.attributes), $9, $9
     from fresh i order by i.external_id collate "C"
     on conflict do nothing returning external_id`,
    [...inputArrays(rows), at],
  );
  return new Set(inserted.map((row) => row.external_id));
}
