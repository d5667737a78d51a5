import type { Job, JobKind, JobStatus } from '../job/job.js';
import { QUALITY_TABLES } from './table.js';

export interface RequestScanDeps {
  /** Jobs of these kinds and statuses, newest first; `JobStore.page`. */
  jobPage(request: {
    kinds: JobKind[];
    statuses: JobStatus[];
    limit: number;
    after: null;
  }): Promise<Job[]>;
  /** Submits a job, or writes its row for the sweeper to find. */
  createJob(job: { kind: 'QUALITY'; input: object; createdBy: string }): Promise<Job>;
}

/** Asks for a scan of all tables; answers the job's id. */
export type RequestScan = (createdBy: string) => Promise<string>;

/** For what recurs and for imports: one scan that waits is enough, however many files came in. */
export function requestScan(deps: RequestScanDeps): RequestScan {
  return async (createdBy) => {
    const page = {
      kinds: ['QUALITY' as const],
      statuses: ['QUEUED' as const],
      limit: 10,
      after: null,
    };
    const waiting = (await deps.jobPage(page)).find(
      ({ input }) =>
        Array.isArray(input['tables']) && input['tables'].length === QUALITY_TABLES.length,
    );
    const job =
      waiting ??
      (await deps.createJob({ kind: 'QUALITY', input: { tables: QUALITY_TABLES }, createdBy }));
    return job.id;
  };
}

/** Whether a scan of any table was asked for and has not ended. */
export async function scanWaits(jobPage: RequestScanDeps['jobPage']): Promise<boolean> {
  const open = await jobPage({
    kinds: ['QUALITY'],
    statuses: ['QUEUED', 'RUNNING'],
    limit: 1,
    after: null,
  });
  return open.length > 0;
}
