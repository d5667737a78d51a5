import type { Clock } from '../../kernel/clock.js';
import { AppError } from '../../kernel/error.js';
import type { RunningJob } from '../../job/run-job.js';
import { segmentJobInput } from '../segment.messages.js';
import type { SegmentServing, ServedSegmentation } from '../segmentation.js';
import type { ReadStretch } from '../../feature/stretch.js';
import {
  assessCustomers,
  readStretchOf,
  type AssessCustomersDeps,
  type ReadCustomers,
} from './assess-customers.js';
import type { MembershipStore } from './membership.store.js';

export interface AssignEveryoneDeps extends AssessCustomersDeps {
  readStretch: ReadStretch;
  serving: Pick<SegmentServing, 'current' | 'use' | 'refresh'>;
  memberships: Pick<MembershipStore, 'writeMoves' | 'openIn' | 'stretchAfter' | 'customers'>;
  clock: Pick<Clock, 'now' | 'wall' | 'monotonicMs'>;
}

/** What an ASSIGN job did. */
export interface Assignment {
  kind: 'ASSIGN';
  modelId: string;
  modelVersionId: string;
  /** Customers who are in a segment. */
  assigned: number;
  /** Those of them who came into another one. */
  moved: number;
  seconds: number;
}

const CHUNK = 5_000;

/**
 * The work of an ASSIGN job: every customer into a segment of the live version, in ascending id, a chunk at a time.
 * Assessing twice changes nothing, so that a run that was killed just begins anew. When another version becomes
 * live meanwhile, it begins again with that one. Each chunk is decided as of its own moment: as of the instant of the
 * job, customers who moved since would be left where the version before had put them. While a chunk is decided and written the
 * next one is read; two are in memory, however many customers there are.
 * @throws AppError CONFLICT when no version of the segmentation is live
 */
export async function assignEveryone(
  deps: AssignEveryoneDeps,
  job: RunningJob,
  { chunk = CHUNK } = {},
): Promise<Assignment> {
  const startMs = deps.clock.monotonicMs();
  const input = segmentJobInput.parse(job.input);
  // the version may have become live a moment ago, in another process
  await deps.serving.refresh();
  for (;;) {
    const served = deps.serving.current(input.key);
    if (!served)
      throw new AppError('CONFLICT', `no version of the segmentation ${input.key} is live`);
    const { version, model } = served;
    const run = { served, notBefore: new Date(input.asOf), chunk };
    const done = await deps.serving.use(version.id, () => assignAll(deps, job, run));
    if (!done) continue;
    const seconds = (deps.clock.monotonicMs() - startMs) / 1000;
    return { kind: 'ASSIGN', modelId: model.id, modelVersionId: version.id, ...done, seconds };
  }
}

interface AssignRun {
  served: ServedSegmentation;
  notBefore: Date;
  chunk: number;
}

/** Null when another version became live meanwhile. */
async function assignAll(
  deps: AssignEveryoneDeps,
  job: RunningJob,
  run: AssignRun,
): Promise<{ assigned: number; moved: number } | null> {
  const { served } = run;
  const total = await deps.memberships.customers();
  const done = { looked: 0, assigned: 0, moved: 0 };
  let reading = nextChunk(deps, run, 0);
  try {
    for (;;) {
      job.signal.throwIfAborted();
      if (deps.serving.current(served.model.name)?.version.id !== served.version.id) return null;
      const next = await reading;
      if (!next) return { assigned: done.assigned, moved: done.moved };
      reading = nextChunk(deps, run, next.until);
      reading.catch(() => undefined); // told when its turn has come
      const { assigned, moved } = await assessCustomers(deps, served, next.read, job.signal);
      done.looked += next.customers;
      done.assigned += assigned;
      done.moved += moved;
      const share = total > 0 ? Math.min(1, done.looked / total) : 1;
      job.report(share, `looked at ${done.looked} of ${total} customers, ${done.moved} moved`);
    }
  } finally {
    await reading.catch(() => undefined);
  }
}

/** Null behind the last customer. */
async function nextChunk(
  deps: AssignEveryoneDeps,
  { served, notBefore, chunk }: AssignRun,
  after: number,
): Promise<{ until: number; customers: number; read: ReadCustomers } | null> {
  const next = await deps.memberships.stretchAfter(after, chunk);
  if (!next) return null;
  const now = deps.clock.now();
  const asOf = now > notBefore ? now : notBefore;
  const read = await readStretchOf(deps, served, { after, until: next.until }, asOf);
  return { ...next, read };
}
