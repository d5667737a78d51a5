import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../kernel/error.js';
import type { Output } from './output.js';
import { ask, type Remote } from './remote.js';

export interface FollowedJob {
  id: string;
  status: 'QUEUED' | 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'CANCELLED';
  progress: number;
  stage: string;
  error: string | null;
  result: Record<string, unknown> | null;
}

const POLL_MS = 250;
const STALE_QUEUE_MS = 15_000;

/**
 * Follows a job until it ends; on a terminal one line shows stage and share.
 * `result` is the selection inside `result { … }`.
 * @throws AppError when it fails or is cancelled
 */
export async function followJob(
  remote: Remote,
  id: string,
  result: string,
  output: Output,
): Promise<FollowedJob> {
  const query = `query FollowJob($id: ID!) {
    job(id: $id) { id status progress stage error result { __typename ${result} } }
  }`;
  const live = process.stderr.isTTY && !output.json;
  const started = performance.now();
  let lastStage = '';
  for (;;) {
    const { job } = await ask<{ job: FollowedJob | null }>(remote, query, { id });
    if (!job) throw new AppError('NOT_FOUND', `job ${id} is gone`);
    const line = `${(job.progress * 100).toFixed(0).padStart(3)} %  ${job.stage}`;
    if (live) process.stderr.write(`\r\x1b[2K${line}`);
    else if (job.stage !== lastStage) output.note(line);
    lastStage = job.stage;
    if (job.status !== 'QUEUED' && job.status !== 'RUNNING') {
      if (live) process.stderr.write('\r\x1b[2K');
      if (job.status === 'SUCCEEDED') return job;
      throw new AppError('INTERNAL', `job ${id} ${job.status}: ${job.error ?? 'no reason given'}`);
    }
    if (job.status === 'QUEUED' && performance.now() - started > STALE_QUEUE_MS)
      output.note(`job ${id} still waits: is a worker running (npm start -- --role worker)?`);
    await sleep(POLL_MS);
  }
}
