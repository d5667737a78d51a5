import { AppError } from '../kernel/error.js';
import { liveFeed, withTicks } from '../graphql/live-feed.js';
import { hasEnded, type Job, type JobKind } from './job.js';
import { JOB_TOPIC, jobChangedMessage } from './job.messages.js';

export interface FollowJobDeps {
  getJob(id: string): Promise<Job | null>;
  subscribe(topic: string): AsyncIterableIterator<unknown>;
}

const LOOK_AGAIN_EVERY_MS = 5_000;

/**
 * The job now, then every change, until it ends. Subscribes before it reads the row, so that no
 * change falls in between. @throws AppError NOT_FOUND at the first step
 */
export function followJob(deps: FollowJobDeps, id: string): AsyncIterableIterator<Job> {
  return liveFeed(
    () => deps.subscribe(JOB_TOPIC),
    async function* (messages) {
      let job = await deps.getJob(id);
      if (!job) throw new AppError('NOT_FOUND', `no job has the id Job:${id}`);
      yield job;
      if (hasEnded(job.status)) return;
      for await (const message of withTicks(messages, LOOK_AGAIN_EVERY_MS)) {
        if (message !== null && !isNewer(message, job)) continue;
        const next = await deps.getJob(id);
        if (!next || next.revision <= job.revision) continue;
        job = next;
        yield job;
        if (hasEnded(job.status)) return;
      }
    },
  );
}

function isNewer(message: unknown, job: Job): boolean {
  const change = jobChangedMessage.parse(message);
  return change.id === job.id && change.revision > job.revision;
}

/** Every change of every job of these kinds (null: all), from now on. */
export function followJobs(
  deps: FollowJobDeps,
  kinds: readonly JobKind[] | null,
): AsyncIterableIterator<Job> {
  return liveFeed(
    () => deps.subscribe(JOB_TOPIC),
    async function* (messages) {
      for await (const message of messages) {
        const change = jobChangedMessage.parse(message);
        if (kinds && !kinds.some((kind) => kind === change.kind)) continue;
        const job = await deps.getJob(change.id);
        if (job) yield job;
      }
    },
  );
}
