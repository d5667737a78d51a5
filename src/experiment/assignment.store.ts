import type { AuditOn } from '../access/audit.store.js';
import { numberArray, textArray } from '../plant/parameters.js';
import type { Database, Sql } from '../plant/ports.js';
import type { Assignment, Experiment } from './experiment.js';
import { tell } from './experiment.store.js';

/** A customer who is told an arm. */
export interface Exposure {
  experimentId: string;
  userId: number;
  variantKey: string;
}

/** How often a customer was told the arm again. */
export interface Repeats {
  experimentId: string;
  userId: number;
  times: number;
  /** The newest of them. */
  lastAt: Date;
}

/** A customer who was in an arm elsewhere. */
export interface ImportedAssignment {
  userId: number;
  variantKey: string;
  at: Date;
}

/** What became of an imported row, by customer. */
export interface ImportVerdicts {
  /** Customers who are new in the experiment. */
  written: ReadonlySet<number>;
  /** The arm of those who were in it already. */
  present: ReadonlyMap<number, string>;
}

/** How many are in an arm. */
export interface ArmCount {
  experimentId: string;
  variantKey: string;
  users: number;
  exposures: number;
}

export interface AssignmentStore {
  /** Of each customer at most the 100 newest, newest first, in the order asked; one statement. */
  ofUsers(userIds: readonly number[]): Promise<Assignment[][]>;
  /**
   * Writes who is not in the experiment yet; one statement. Answers those who are in it now, with whether it was this
   * call that put them there: neither who opted out or was erased.
   */
  expose(
    exposures: readonly Exposure[],
    at: Date,
  ): Promise<{ experimentId: string; userId: number; first: boolean }[]>;
  /** Adds repeats to the counters; one statement. Of who opted out or was erased nothing is counted. */
  count(repeats: readonly Repeats[]): Promise<void>;
  /**
   * Puts customers into arms, who is in the experiment keeps arm and instant; one transaction. Nothing of customers who
   * opted out or were erased: they are in neither part of the answer. At most one row a customer.
   */
  import(
    experiment: Pick<Experiment, 'id' | 'key'>,
    rows: readonly ImportedAssignment[],
    by: { at: Date; actor: string },
  ): Promise<ImportVerdicts>;
  /** Customers and exposures of every arm that has any; one statement. */
  armCounts(experimentIds: readonly string[]): Promise<ArmCount[]>;
}

const NEWEST = 100;

/**
 * Reading `erasure`, which an erasure locks, makes the statement wait for one, and see then that the customer is gone.
 * Rows are written in one order, so that overlapping batches cannot deadlock.
 */
const AGREES = `join customer c on c.id = g.user_id and c.consent_profiling
  where (select count(*) from (select 1 from erasure limit 1) e) >= 0`;

const EXPOSE = `with given as materialized (
    select g.* from unnest($1::uuid[], $2::bigint[], $3::text[]) g(experiment_id, user_id, variant_key) ${AGREES}),
  fresh as (
    insert into assignment (experiment_id, user_id, variant_key, source, assigned_at, exposures, last_exposed_at)
    select g.experiment_id, g.user_id, g.variant_key, 'HASH', $4, 1, $4 from given g order by 1, 2
    on conflict (experiment_id, user_id) do nothing returning experiment_id, user_id)
  select g.experiment_id as "experimentId", g.user_id as "userId", f.user_id is not null as first
  from given g left join fresh f using (experiment_id, user_id)`;

const COUNT = `with given as materialized (
    select g.* from unnest($1::uuid[], $2::bigint[], $3::int[], $4::float8[]) g(experiment_id, user_id, times, last_ms)
    ${AGREES}),
  held as materialized (
    select a.experiment_id, a.user_id from assignment a join given using (experiment_id, user_id)
    order by 1, 2 for update of a)
  update assignment a set exposures = a.exposures + g.times,
    last_exposed_at = greatest(a.last_exposed_at, to_timestamp(g.last_ms / 1000))
  from given g join held h using (experiment_id, user_id)
  where a.experiment_id = g.experiment_id and a.user_id = g.user_id`;

const IMPORT = `insert into assignment (experiment_id, user_id, variant_key, source, assigned_at, exposures, last_exposed_at)
  select $1, g.user_id, g.variant_key, 'IMPORT', to_timestamp(g.ms / 1000), 1, to_timestamp(g.ms / 1000)
  from unnest($2::bigint[], $3::text[], $4::float8[]) g(user_id, variant_key, ms) ${AGREES}
  order by g.user_id on conflict (experiment_id, user_id) do nothing returning user_id as "userId"`;

/** Who is in which arm, in Postgres. */
export function assignmentStore(db: Database, auditOn: AuditOn): AssignmentStore {
  return {
    ofUsers: (userIds) => ofUsers(db, userIds),
    expose: (exposures, at) =>
      db.query(
        EXPOSE,
        [
          textArray(exposures.map(({ experimentId }) => experimentId)),
          numberArray(exposures.map(({ userId }) => userId)),
          textArray(exposures.map(({ variantKey }) => variantKey)),
          at,
        ],
        { name: 'experiment-expose' },
      ),
    count: async (repeats) => {
      await db.query(
        COUNT,
        [
          textArray(repeats.map(({ experimentId }) => experimentId)),
          numberArray(repeats.map(({ userId }) => userId)),
          numberArray(repeats.map(({ times }) => times)),
          numberArray(repeats.map(({ lastAt }) => lastAt.getTime())),
        ],
        { name: 'experiment-count' },
      );
    },
    import: (experiment, rows, by) =>
      db.transaction((sql) => importRows(sql, auditOn, experiment, rows, by)),
    armCounts: (experimentIds) =>
      db.query(
        `select experiment_id as "experimentId", variant_key as "variantKey", count(*) as users,
           sum(exposures)::bigint as exposures
         from assignment where experiment_id = any($1::uuid[]) group by 1, 2`,
        [[...experimentIds]],
      ),
  };
}

async function ofUsers(db: Database, userIds: readonly number[]): Promise<Assignment[][]> {
  const rows = await db.query<Assignment>(
    `select a.experiment_id as "experimentId", a.user_id as "userId", a.variant_key as "variantKey", a.source,
       a.assigned_at as "assignedAt", a.exposures, a.last_exposed_at as "lastExposedAt"
     from unnest($1::bigint[]) u(id) cross join lateral (
       select * from assignment a where a.user_id = u.id
       order by a.assigned_at desc, a.experiment_id desc limit ${NEWEST}) a
     order by a.user_id, a.assigned_at desc, a.experiment_id desc`,
    [numberArray([...new Set(userIds)])],
    { name: 'experiment-of-users' },
  );
  const byUser = new Map<number, Assignment[]>();
  for (const row of rows) {
    const own = byUser.get(row.userId);
    if (own) own.push(row);
    else byUser.set(row.userId, [row]);
  }
  return userIds.map((id) => byUser.get(id) ?? []);
}

async function importRows(
  sql: Sql,
  auditOn: AuditOn,
  experiment: Pick<Experiment, 'id' | 'key'>,
  rows: readonly ImportedAssignment[],
  { at, actor }: { at: Date; actor: string },
): Promise<ImportVerdicts> {
  const written = await sql.query<{ userId: number }>(IMPORT, [
    experiment.id,
    numberArray(rows.map(({ userId }) => userId)),
    textArray(rows.map(({ variantKey }) => variantKey)),
    numberArray(rows.map((row) => row.at.getTime())),
  ]);
  const fresh = new Set(written.map(({ userId }) => userId));
  const others = rows.filter(({ userId }) => !fresh.has(userId)).map(({ userId }) => userId);
  // a statement of its own: it sees what another transaction had written first
  const present =
    others.length === 0
      ? []
      : await sql.query<{ userId: number; variantKey: string }>(
          `select a.user_id as "userId", a.variant_key as "variantKey" from assignment a
           where a.experiment_id = $1 and a.user_id = any($2::bigint[])`,
          [experiment.id, numberArray(others)],
        );
  if (fresh.size > 0)
    await tell(sql, auditOn, experiment, {
      ...{ at, actor, action: 'assignments imported' },
      detail: { key: experiment.key, customers: fresh.size },
    });
  return {
    written: fresh,
    present: new Map(present.map(({ userId, variantKey }) => [userId, variantKey])),
  };
}
