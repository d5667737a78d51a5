import { requestOnce, type RequestOnceDeps } from '../job/request-once.js';
import { QUALITY_TABLES } from './table.js';

export type RequestScanDeps = RequestOnceDeps<'QUALITY'>;

/** Asks for a scan of all tables; answers the job's id. */
export type RequestScan = (createdBy: string) => Promise<string>;

/** For what recurs and for imports: one scan that waits is enough, however many files came in. */
export function requestScan(deps: RequestScanDeps): RequestScan {
  return (createdBy) =>
    requestOnce(
      deps,
      { kind: 'QUALITY', input: { tables: QUALITY_TABLES }, createdBy },
      ({ tables }) => Array.isArray(tables) && tables.length === QUALITY_TABLES.length,
    );
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
