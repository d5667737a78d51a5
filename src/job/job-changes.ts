import type { FeedEntry } from '../kernel/feed.js';
import type { Job } from './job.js';

/** A change of a job's status from the log of changes, with the job as it is now; null when it is gone. */
export type JobChange = FeedEntry & { row: Job | null };

/** What the entry of a change holds; the job's store writes it. */
type Then = Pick<Job, 'status' | 'progress' | 'stage' | 'attempts' | 'revision'> & {
  startedAt: string | null;
  finishedAt: string | null;
};

/** The job as it was at the change: before its end it had neither result nor error. */
export function jobAtChange(row: Job, payload: unknown): Job {
  const { startedAt, finishedAt, ...then } = payload as Then;
  return {
    ...row,
    ...then,
    startedAt: startedAt === null ? null : new Date(startedAt),
    finishedAt: finishedAt === null ? null : new Date(finishedAt),
    result: then.status === 'SUCCEEDED' ? row.result : null,
    error: then.status === 'FAILED' ? row.error : null,
  };
}
