import { AppError } from '../kernel/error.js';
import { textArray } from '../plant/parameters.js';
import type { Database } from '../plant/ports.js';
import type { Tombstone } from './erasure.js';

/** A customer that a tombstone is about. */
export interface Risen {
  tombstoneId: string;
  externalId: string;
  createdAt: Date;
  /** Whether something was heard of the customer after the erasure, or they registered anew. */
  activeSince: boolean;
}

export interface TombstoneStore {
  salt(): Promise<string>;
  /** Tombstones from an instant on, in no order; null = all. */
  since(instant: Date | null): Promise<Tombstone[]>;
  /** When a customer with that hash was last erased; null when never. */
  erasedAt(hash: string): Promise<Date | null>;
  /** Those of the ids that the database has. */
  known(ids: readonly string[]): Promise<Set<string>>;
  /** Customers that these tombstones are about: one pass over all customers, with their keys hashed. */
  risen(salt: string, tombstones: readonly Tombstone[]): Promise<Risen[]>;
  /** Writes a tombstone of which nothing was left to erase; one that is there stays. */
  keep(tombstone: Tombstone, actor: string): Promise<void>;
  /** Removes events up to the erasure from a customer that came back after it; answers how many. */
  forgetEvents(externalId: string, until: Date): Promise<number>;
}

/** Tombstones in Postgres. */
export function tombstoneStore(db: Database): TombstoneStore {
  const salt = async (): Promise<string> => {
    const [row] = await db.query<{ value: string }>(
      `select value from installation_fact where name = 'tombstone_salt'`,
    );
    if (!row) throw new AppError('INTERNAL', 'installation_fact has no tombstone_salt');
    return row.value;
  };
  return {
    salt,
    since: async (instant) =>
      db.query<Tombstone>(
        `select id, encode(key_hash, 'hex') as hash, erased_at as "erasedAt",
           (select value from installation_fact where name = 'tombstone_salt') as salt
         from erasure where $1::timestamptz is null or erased_at >= $1`,
        [instant],
        { name: 'tombstones_since' },
      ),
    async erasedAt(hash) {
      const [row] = await db.query<{ at: Date | null }>(
        `select max(erased_at) as at from erasure where key_hash = decode($1, 'hex')`,
        [hash],
      );
      return row?.at ?? null;
    },
    async known(ids) {
      const rows = await db.query<{ id: string }>(
        'select id from erasure where id = any($1::uuid[])',
        [textArray(ids)],
      );
      return new Set(rows.map(({ id }) => id));
    },
    risen: (withSalt, tombstones) =>
      db.query<Risen>(
        `select x.id as "tombstoneId", c.external_id as "externalId", c.created_at as "createdAt",
           coalesce(c.registered_at > x.erased_at, false)
             or exists (select from event e where e.user_id = c.id and e.at > x.erased_at) as "activeSince"
         from customer c
         join (select distinct on (hash) * from unnest($2::uuid[], $3::text[], $4::timestamptz[])
             as u(id, hash, erased_at) order by hash, erased_at desc) x
           on decode(x.hash, 'hex') = sha256(convert_to($1::text || ':' || c.external_id, 'UTF8'))
         order by c.external_id collate "C"`,
        [
          withSalt,
          textArray(tombstones.map(({ id }) => id)),
          textArray(tombstones.map(({ hash }) => hash)),
          tombstones.map(({ erasedAt }) => erasedAt),
        ],
      ),
    async keep({ id, hash, erasedAt }, actor) {
      await db.query(
        `insert into erasure (id, key_hash, erased_at, erased_by, rows, models_trained_on)
         values ($1, decode($2, 'hex'), $3, $4, '{}', '{}') on conflict (id) do nothing`,
        [id, hash, erasedAt, actor],
      );
    },
    async forgetEvents(externalId, until) {
      const [row] = await db.query<{ rows: number }>(
        `with gone as (
           delete from event e using customer c
           where c.external_id = $1 and e.user_id = c.id and e.at <= $2 returning e.source_id, e.key),
         keys as (delete from event_key k using gone g where k.source_id = g.source_id and k.key = g.key)
         select count(*) as rows from gone`,
        [externalId, until],
      );
      return row?.rows ?? 0;
    },
  };
}
