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
  let told = false;
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
    if (job.status === 'QUEUED' && !told && performance.now() - started > STALE_QUEUE_MS) {
      told = true;
      output.note(await whyItWaits(remote, id));
    }
    await sleep(POLL_MS);
  }
}

/** Behind what a job waits that nobody took: other jobs, or nothing but a worker. */
async function whyItWaits(remote: Remote, id: string): Promise<string> {
  const { jobs } = await ask<{ jobs: { nodes: { kind: string; progress: number }[] } }>(
    remote,
    '{ jobs(status: [RUNNING], first: 3) { nodes { kind progress } } }',
    {},
  );
  if (jobs.nodes.length === 0)
    return `job ${id} still waits: is a worker running (npm start -- --role worker)?`;
  const running = jobs.nodes.map(
    ({ kind, progress }) => `${kind} at ${(progress * 100).toFixed(0)} %`,
  );
  return `job ${id} waits for a worker that is busy: ${running.join(', ')}; one more takes it at once (npm start -- --role worker)`;
}
