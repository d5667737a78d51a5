import type { Clock } from '../kernel/clock.js';
import type { Database, Sql } from '../plant/ports.js';
import type { DoneTrial, TrialTask } from './train/trial.js';
import {
  MAX_TRIAL_LOSSES,
  type ClaimedTrial,
  type TrialLease,
  type TrialRow,
  type TrialState,
} from './trial.js';

/** Trials and the data they are done on. Each write answers whether the holder still held the row. */
export interface TrialStore {
  /**
   * Puts the data of a search where other machines find it, until `forgetEnded`; no bytes where they are to be kept
   * from there.
   */
  share(jobId: string, bytes: Uint8Array): Promise<void>;
  /** The shared data; null when there is none, no bytes where they are kept. */
  shared(jobId: string): Promise<Buffer | null>;
  /**
   * Rows for the tasks, from number `first` on. A row of an earlier attempt with the same task on the same
   * `search` stays, done or not; any other is made anew.
   * @param search names the data and the program: equal name, equal outcomes
   */
  ask(jobId: string, search: string, first: number, tasks: readonly TrialTask[]): Promise<void>;
  /** The search that has open trials of a running job; null when none has. */
  openSearch(jobId: string): Promise<string | null>;
  /** Takes up the first trial of a running job that nobody holds, for `leaseMs`. */
  claim(lease: TrialLease, search: string, leaseMs: number): Promise<ClaimedTrial | null>;
  /** Those of the trials that the holder still holds, each for `leaseMs` from now; none of a job that has ended. */
  extend(lease: TrialLease, numbers: readonly number[], leaseMs: number): Promise<number[]>;
  finish(lease: TrialLease, number: number, done: DoneTrial): Promise<boolean>;
  fail(lease: TrialLease, number: number, error: string): Promise<boolean>;
  /** Gives back all that the holder holds, for others to take up. */
  release(lease: TrialLease): Promise<void>;
  /** Fails trials of the job whose worker died for the last time. */
  giveUp(jobId: string): Promise<void>;
  states(jobId: string, first: number, count: number): Promise<TrialState[]>;
  /** Outcomes by number. */
  outcomes(jobId: string, numbers: readonly number[]): Promise<Map<number, Buffer>>;
  /** Drops shared data and outcomes of jobs that have ended; answers their number. The rows stay as the record. */
  forgetEnded(): Promise<number>;
  /** Trials of these jobs in the order asked for. */
  ofJobs(jobIds: readonly string[]): Promise<TrialRow[]>;
}

/** Times that a worker died with the trial, beside task and search: what has no column of its own. */
const LOSSES = `coalesce((t.task ->> 'losses')::int, 0)`;
const HELD = `job_id = $1 and leased_by = $2 and status = 'RUNNING'`;
const LIVE = `exists (select from job j where j.id = t.job_id and j.status = 'RUNNING')`;
const RUN_OUT = `(t.status = 'RUNNING' and t.lease_until < now())`;
const OPEN = `(t.status = 'QUEUED' or (${RUN_OUT} and ${LOSSES} < ${MAX_TRIAL_LOSSES - 1}))`;

/** Leases are measured by the database's clock, which all workers share. */
export function trialStore(db: Database, clock: Clock): TrialStore {
  const wrote = async (text: string, values: unknown[], name: string): Promise<boolean> =>
    (await db.query(text, values, { name })).length > 0;
  return {
    ...sharing(db, clock),
    async ask(jobId, search, first, tasks) {
      await db.query(
        `insert into trial (job_id, number, task)
         select $1, $2 + n - 1, jsonb_build_object('search', $3::text, 'task', task::jsonb)
         from unnest($4::text[]) with ordinality as asked (task, n)
         on conflict (job_id, number) do update set task = excluded.task, status = 'QUEUED',
           metrics = null, outcome = null, seconds = null, error = null, leased_by = null,
           lease_until = null, started_at = null, finished_at = null
         where trial.task - 'losses' <> excluded.task
           or not (trial.status in ('QUEUED', 'RUNNING')
             or (trial.status = 'SUCCEEDED' and trial.outcome is not null))`,
        [jobId, first, search, tasks.map((task) => JSON.stringify(task))],
      );
    },
    async claim({ jobId, holder }, search, leaseMs) {
      const rows = await db.query<ClaimedTrial>(
        `update trial t set status = 'RUNNING', leased_by = $2, started_at = $5,
           lease_until = now() + $4 * interval '1 millisecond',
           task = case when t.status = 'QUEUED' then t.task
             else t.task || jsonb_build_object('losses', ${LOSSES} + 1) end
         where t.job_id = $1 and t.number = (
           select t.number from trial t
           where t.job_id = $1 and t.task ->> 'search' = $3 and ${OPEN} and ${LIVE}
           order by t.number limit 1 for update skip locked)
         returning t.number, t.task -> 'task' as task`,
        [jobId, holder, search, leaseMs, clock.wall()],
        { name: 'trial-claim' },
      );
      return rows[0] ?? null;
    },
    async extend({ jobId, holder }, numbers, leaseMs) {
      const rows = await db.query<{ number: number }>(
        `update trial t set lease_until = now() + $3 * interval '1 millisecond'
         where ${HELD} and t.number = any($4::int[]) and ${LIVE} returning t.number`,
        [jobId, holder, leaseMs, numbers],
        { name: 'trial-extend' },
      );
      return rows.map(({ number }) => number);
    },
    finish: ({ jobId, holder }, number, { outcome, metrics, seconds }) =>
      wrote(
        `update trial set status = 'SUCCEEDED', outcome = $4, metrics = $5, seconds = $6,
           finished_at = $7, lease_until = null where ${HELD} and number = $3 returning number`,
        [
          ...[jobId, holder, number, Buffer.from(outcome), JSON.stringify(metrics)],
          ...[seconds, clock.wall()],
        ],
        'trial-finish',
      ),
    fail: ({ jobId, holder }, number, error) =>
      wrote(
        `update trial set status = 'FAILED', error = $4, finished_at = $5, lease_until = null
         where ${HELD} and number = $3 returning number`,
        [jobId, holder, number, error, clock.wall()],
        'trial-fail',
      ),
    async release({ jobId, holder }) {
      await db.query(
        `update trial set status = 'QUEUED', leased_by = null, lease_until = null, started_at = null
         where ${HELD}`,
        [jobId, holder],
      );
    },
    async giveUp(jobId) {
      await db.query(
        `update trial t set status = 'FAILED', finished_at = $2, lease_until = null,
           error = 'its worker died each of ${MAX_TRIAL_LOSSES} times'
         where t.job_id = $1 and ${RUN_OUT} and not ${OPEN}`,
        [jobId, clock.wall()],
      );
    },
    ofJobs: (jobIds) =>
      db.query<TrialRow>(
        `select job_id as "jobId", number, task -> 'task' as task, status::text as status, metrics, seconds,
           error, split_part(leased_by, ' ', 1) as worker, started_at as "startedAt",
           finished_at as "finishedAt"
         from trial where job_id = any($1::uuid[]) order by job_id, number`,
        [jobIds],
        { name: 'trials-of-jobs' },
      ),
  };
}

function sharing(
  db: Sql,
  clock: Clock,
): Pick<TrialStore, 'share' | 'shared' | 'openSearch' | 'states' | 'outcomes' | 'forgetEnded'> {
  return {
    async share(jobId, bytes) {
      await db.query(
        `insert into training_table (job_id, bytes, created_at) values ($1, $2, $3)
         on conflict (job_id) do update set bytes = excluded.bytes, created_at = excluded.created_at`,
        [jobId, Buffer.from(bytes), clock.wall()],
      );
    },
    async shared(jobId) {
      const rows = await db.query<{ bytes: Buffer }>(
        'select bytes from training_table where job_id = $1',
        [jobId],
      );
      return rows[0]?.bytes ?? null;
    },
    async openSearch(jobId) {
      const rows = await db.query<{ search: string }>(
        `select t.task ->> 'search' as search from trial t
         where t.job_id = $1 and ${OPEN} and ${LIVE} order by t.number desc limit 1`,
        [jobId],
      );
      return rows[0]?.search ?? null;
    },
    states: (jobId, first, count) =>
      db.query<TrialState>(
        `select t.number, t.status::text as status, t.error, ${OPEN} as open from trial t
         where t.job_id = $1 and t.number >= $2 and t.number < $3 order by t.number`,
        [jobId, first, first + count],
        { name: 'trial-states' },
      ),
    async outcomes(jobId, numbers) {
      const rows = await db.query<{ number: number; outcome: Buffer }>(
        `select number, outcome from trial
         where job_id = $1 and number = any($2::int[]) and outcome is not null`,
        [jobId, numbers],
      );
      return new Map(rows.map(({ number, outcome }) => [number, outcome]));
    },
    async forgetEnded() {
      const rows = await db.query<{ jobs: number }>(
        `with ended as (
           delete from training_table d
           where not exists (select from job j where j.id = d.job_id and j.status in ('QUEUED', 'RUNNING'))
           returning d.job_id),
         trials as (
           update trial t set outcome = null, lease_until = null,
             status = case when t.status in ('QUEUED', 'RUNNING') then 'CANCELLED' else t.status end
           from ended where t.job_id = ended.job_id)
         select count(*)::int as jobs from ended`,
      );
      return rows[0]?.jobs ?? 0;
    },
  };
}
