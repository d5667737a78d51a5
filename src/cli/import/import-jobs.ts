import { randomUUID } from 'node:crypto';
import type { JobStore } from '../../job/job.store.js';
import { AppError } from '../../kernel/error.js';
import type { ImportJobs } from './context.js';

/** Longer than any pause of an import; renewed with every report of progress. */
const LEASE_MS = 10 * 60_000;

/** Import runs as rows of `job`, held by this process from the start. */
export function importJobs(
  store: Pick<JobStore, 'create' | 'claim' | 'progress' | 'succeed' | 'fail'>,
  createdBy: string,
): ImportJobs {
  const workerId = `import-${process.pid}-${randomUUID().slice(0, 8)}`;
  return {
    async start(input) {
      const { id } = await store.create({ kind: 'IMPORT', input, createdBy });
      const held = await store.claim({ jobId: id, workerId }, LEASE_MS);
      if (!held)
        throw new AppError('CONFLICT', `the import's job ${id} was taken by another process`);
      return id;
    },
    async progress(id, share, stage) {
      return (await store.progress({ jobId: id, workerId }, share, stage, LEASE_MS)) !== null;
    },
    async succeed(id, result) {
      await store.succeed({ jobId: id, workerId }, result);
    },
    async fail(id, error) {
      await store.fail({ jobId: id, workerId }, error);
    },
  };
}
