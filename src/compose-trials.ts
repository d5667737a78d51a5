import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import path from 'node:path';
import { announcer } from './announcer.js';
import type { Plant } from './compose-models.js';
import { mapFeed } from './graphql/live-feed.js';
import { trainInWorker } from './model/train/train-in-worker.js';
import type { TrainModelDeps } from './model/train-model.js';
import { openTrialWork, type TrialWork } from './model/trial-work.js';
import { TRIAL_QUEUE, TRIAL_TOPIC, trialEndedMessage } from './model/trial.messages.js';
import { TRIAL_LEASE_MS } from './model/trial.js';
import { trialStore } from './model/trial.store.js';
import { workerFile } from './plant/paths.js';

const POLL_MS = 500;
const LINGER_MS = 15_000;

export interface TrialSettings {
  /** Names the process, without blanks. */
  workerId: string;
  /** Threads that do trials; as many as there are cores when left out. */
  threads?: number;
  leaseMs?: number;
  lingerMs?: number;
}

/** Trials of trainings, for a worker process: its own trainings', and those it helps others with. */
export function composeTrials(
  plant: Pick<Plant, 'db' | 'bus' | 'queues' | 'clock' | 'log'>,
  { workerId, threads, leaseMs, lingerMs }: TrialSettings,
): {
  work: TrialWork;
  train: TrainModelDeps['train'];
  /** Drops what trainings that have ended had kept for their trials; also for those whose worker is gone. */
  forgetEnded(): Promise<number>;
} {
  const { db, bus, queues, clock, log } = plant;
  const announce = announcer(plant);
  const store = trialStore(db, clock);
  const work = openTrialWork({
    store,
    workerId,
    threads: threads ?? availableParallelism(),
    memoryBytes: roomForFolds(),
    leaseMs: leaseMs ?? TRIAL_LEASE_MS,
    lingerMs: lingerMs ?? LINGER_MS,
    pollMs: POLL_MS,
    madeBy: madeBy(),
    enqueue: (payload, options) => queues.add(TRIAL_QUEUE, payload, options),
    publishEnded: (jobId) => {
      announce(TRIAL_TOPIC, { jobId });
    },
    endedTrials: () =>
      mapFeed(bus.subscribe(TRIAL_TOPIC), (message) => trialEndedMessage.parse(message)),
    onProblem: (error, jobId) => {
      log.warn({ err: error, jobId }, 'trials of a training go on without');
    },
  });
  return {
    work,
    train: (input, { jobId, onTrial, ...hooks }) =>
      trainInWorker(input, { ...hooks, trials: work.host(jobId, onTrial) }),
    forgetEnded: store.forgetEnded,
  };
}

/**
 * What does trials, by its text, and the engine: another version of either might come to another last bit, and two
 * versions meet while machines are brought up to date one after the other.
 */
function madeBy(): string {
  const hash = createHash('sha256').update(`${process.version} ${process.arch}`);
  const threads = path.dirname(workerFile(import.meta.url, './model/train/trial-thread.worker.js'));
  for (const folder of [threads, path.join(threads, '../../numeric')])
    for (const name of readdirSync(folder).sort())
      if (name.endsWith('.js')) hash.update(readFileSync(path.join(folder, name)));
  return hash.digest('hex');
}

/** A quarter of what this process may have. */
function roomForFolds(): number {
  const limit = process.constrainedMemory();
  const all = totalmem();
  return (limit > 0 && limit < all ? limit : all) / 4;
}
