import { uuidv7 } from '../kernel/uuid.js';
import type { Clock } from '../kernel/clock.js';
import { waitForFeedWriters } from '../plant/feed-log.js';
import type { Database } from '../plant/ports.js';
import { MAX_JOB_ATTEMPTS, type Job, type JobKind, type JobPage, type Lease } from './job.js';

/** The jobs' rows. Each write answers the changed row, or null where the state machine refused it. */
export interface JobStore {
  create(job: { kind: JobKind; input: object; createdBy: string }): Promise<Job>;
  get(id: string): Promise<Job | null>;
  byIds(ids: readonly string[]): Promise<Job[]>;
  page(page: JobPage): Promise<Job[]>;
  /** QUEUED, or RUNNING with a lease that has run out -> RUNNING, held by `lease.workerId` for `leaseMs`. */
  claim(lease: Lease, leaseMs: number): Promise<Job | null>;
  /** False when the row is no longer held: cancelled, or taken by another worker. */
  extend(lease: Lease, leaseMs: number): Promise<boolean>;
  progress(lease: Lease, progress: number, stage: string, leaseMs: number): Promise<Job | null>;
  succeed(lease: Lease, result: object): Promise<Job | null>;
  fail(lease: Lease, error: string): Promise<Job | null>;
  /** RUNNING -> QUEUED, to be tried again; an attempt that was `uncounted` leaves no trace in `attempts`. */
  release(lease: Lease, uncounted: boolean): Promise<Job | null>;
  cancel(id: string): Promise<Job | null>;
  /** Jobs (but imports, which have no queue) whose entry may be lost: queued for `olderThanMs`, or running with a lease that has run out. */
  stranded(olderThanMs: number): Promise<Job[]>;
  /** Fails jobs whose lease ran out in their last attempt; an import is run by its command, which is gone. */
  giveUp(): Promise<Job[]>;
}

const COLUMNS = `id, kind::text as kind, status::text as status, progress, stage, attempts, input, result,
  error, created_at as "createdAt", started_at as "startedAt", finished_at as "finishedAt",
  created_by as "createdBy", revision`;

const HELD = `id = $1 and status = 'RUNNING' and leased_by = $2`;

/**
 * A change of status and its entry in the log of changes: one statement, both or neither. The entry holds what
 * changes; what a job was asked and what came of it may name customers, and stays in the row alone.
 * @param change inserts or updates jobs and returns COLUMNS
 * @param at placeholder of the instant of the change
 */
const logged = (change: string, at: string): string => `with changed as (${change}),
  alone as materialized (
    select ${waitForFeedWriters('job')} from (select count(*) as rows from changed) c where c.rows > 0),
  entry as (
    insert into feed_entry (topic, at, subject, keys, payload)
    select 'job', ${at}::timestamptz, c.id, jsonb_build_object('kind', c.kind, 'status', c.status),
      jsonb_build_object('status', c.status, 'progress', c.progress, 'stage', c.stage, 'attempts', c.attempts,
        'startedAt', c."startedAt", 'finishedAt', c."finishedAt", 'revision', c.revision)
    from changed c, alone)
  select * from changed`;

/** Leases are measured by the database's clock, which all workers share. */
export function jobStore(db: Database, clock: Clock): JobStore {
  const one = async (text: string, values: readonly unknown[], name: string): Promise<Job | null> =>
    (await db.query<Job>(text, values, { name }))[0] ?? null;
  const end = (status: 'SUCCEEDED' | 'FAILED', set: string): string =>
    logged(
      `update job set status = '${status}', ${set}, finished_at = $3, leased_by = null, lease_until = null,
         revision = revision + 1 where ${HELD} returning ${COLUMNS}`,
      '$3',
    );
  return {
    async create({ kind, input, createdBy }) {
      const id = uuidv7(clock.wall());
      const row = await one(
        logged(
          `insert into job (id, kind, input, created_at, created_by)
           values ($1, $2::job_kind, $3, $4, $5) returning ${COLUMNS}`,
          '$4',
        ),
        [id, kind, JSON.stringify(input), clock.wall(), createdBy],
        'job-create',
      );
      if (!row) throw new Error('insert into job returned no row');
      return row;
    },
    get: (id) => one(`select ${COLUMNS} from job where id = $1`, [id], 'job-get'),
    byIds: (ids) =>
      db.query<Job>(`select ${COLUMNS} from job where id = any($1)`, [ids], { name: 'job-by-ids' }),
    page: ({ kinds, statuses, limit, after }) =>
      db.query<Job>(
        `select ${COLUMNS} from job
         where ($1::text[] is null or kind = any($1::text[]::job_kind[]))
           and ($2::text[] is null or status = any($2::text[]::job_status[]))
           and ($3::timestamptz is null or (created_at, id) < ($3, $4::uuid))
         order by created_at desc, id desc limit $5`,
        [kinds, statuses, after?.createdAt ?? null, after?.id ?? null, limit],
      ),
    claim: ({ jobId, workerId }, leaseMs) =>
      one(
        logged(
          `update job set status = 'RUNNING', attempts = attempts + 1, leased_by = $2,
             lease_until = now() + $3 * interval '1 millisecond', started_at = coalesce(started_at, $4),
             stage = 'starting', revision = revision + 1
           where id = $1 and attempts < ${MAX_JOB_ATTEMPTS}
             and (status = 'QUEUED' or (status = 'RUNNING' and lease_until < now()))
           returning ${COLUMNS}`,
          '$4',
        ),
        [jobId, workerId, leaseMs, clock.wall()],
        'job-claim',
      ),
    async extend({ jobId, workerId }, leaseMs) {
      const rows = await db.query(
        `update job set lease_until = now() + $3 * interval '1 millisecond' where ${HELD} returning id`,
        [jobId, workerId, leaseMs],
        { name: 'job-extend' },
      );
      return rows.length === 1;
    },
    progress: ({ jobId, workerId }, progress, stage, leaseMs) =>
      one(
        `update job set progress = $3, stage = $4, revision = revision + 1,
           lease_until = now() + $5 * interval '1 millisecond' where ${HELD} returning ${COLUMNS}`,
        [jobId, workerId, progress, stage, leaseMs],
        'job-progress',
      ),
    succeed: ({ jobId, workerId }, result) =>
      one(
        end('SUCCEEDED', `progress = 1, stage = 'done', result = $4`),
        [jobId, workerId, clock.wall(), JSON.stringify(result)],
        'job-succeed',
      ),
    fail: ({ jobId, workerId }, error) =>
      one(
        end('FAILED', `stage = 'failed', error = $4`),
        [jobId, workerId, clock.wall(), error],
        'job-fail',
      ),
    release: ({ jobId, workerId }, uncounted) =>
      one(
        logged(
          `update job set status = 'QUEUED', stage = 'queued again', leased_by = null, lease_until = null,
             attempts = attempts - $3::int, revision = revision + 1 where ${HELD} returning ${COLUMNS}`,
          '$4',
        ),
        [jobId, workerId, uncounted ? 1 : 0, clock.wall()],
        'job-release',
      ),
    cancel: (id) =>
      one(
        logged(
          `update job set status = 'CANCELLED', stage = 'cancelled', finished_at = $2, leased_by = null,
             lease_until = null, revision = revision + 1
           where id = $1 and status in ('QUEUED', 'RUNNING') returning ${COLUMNS}`,
          '$2',
        ),
        [id, clock.wall()],
        'job-cancel',
      ),
    stranded: (olderThanMs) =>
      db.query<Job>(
        `select ${COLUMNS} from job
         where kind <> 'IMPORT' and ((status = 'QUEUED' and created_at < $1)
            or (status = 'RUNNING' and lease_until < now() and attempts < ${MAX_JOB_ATTEMPTS}))
         order by created_at limit 1000`,
        [new Date(clock.wall().getTime() - olderThanMs)],
      ),
    giveUp: () =>
      db.query<Job>(
        logged(
          `update job set status = 'FAILED', stage = 'failed', finished_at = $1, leased_by = null,
           lease_until = null, revision = revision + 1,
           error = case when kind = 'IMPORT'
             then 'the command was stopped; import the same file again, nothing is taken twice'
             else 'given up after ' || attempts || ' attempts: the worker was lost each time' end
         where status = 'RUNNING' and lease_until < now()
           and (kind = 'IMPORT' or attempts >= ${MAX_JOB_ATTEMPTS})
         returning ${COLUMNS}`,
          '$1',
        ),
        [clock.wall()],
      ),
  };
}
