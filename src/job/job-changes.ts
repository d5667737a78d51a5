import type { FeedEntry } from '../kernel/feed.js';
import type { Job } from './job.js';

/** The job as it was when its status changed, from the log of changes. */
export function jobOfEntry({ payload }: FeedEntry): Job {
  // written by the job's store as it reads jobs, instants as text
  const { createdAt, startedAt, finishedAt, ...job } = payload as Omit<
    Job,
    'createdAt' | 'startedAt' | 'finishedAt'
  > & { createdAt: string; startedAt: string | null; finishedAt: string | null };
  return {
    ...job,
    createdAt: new Date(createdAt),
    startedAt: startedAt === null ? null : new Date(startedAt),
    finishedAt: finishedAt === null ? null : new Date(finishedAt),
  };
}
