import { createHash } from 'node:crypto';
import { trialProcessor } from '../../jobs/trial.js';
import { composeTrials, type TrialSettings } from '../../src/compose-trials.js';
import { jobStore } from '../../src/job/job.store.js';
import { systemClock } from '../../src/kernel/clock.js';
import { trainInWorker } from '../../src/model/train/train-in-worker.js';
import { defaultTrainingOptions, type TrainingInput } from '../../src/model/train/training.js';
import { TRIAL_QUEUE } from '../../src/model/trial.messages.js';
import { trialStore } from '../../src/model/trial.store.js';
import { openBus } from '../../src/plant/bus.js';
import { openQueues } from '../../src/plant/queue.js';
import { madeTable } from './made-tables.js';
import { keptLog } from './quiet-log.js';
import type { TestDatabase } from './database.js';

const clock = systemClock();

/** A training of 8 boosting trials of `rows` rows. */
export function trainingOf(rows: number): TrainingInput {
  const options = { ...defaultTrainingOptions, algorithms: ['boosting' as const], trials: 8 };
  return { ...madeTable(rows), options: { ...options, folds: 3 } };
}

/** The file of a training that one thread does alone, as SHA-256. */
export async function fileAlone(input: TrainingInput): Promise<string> {
  return hashOf(await trainInWorker(input, { onProgress: () => undefined }));
}

export function hashOf({ onnx }: { onnx: Uint8Array }): string {
  return createHash('sha256').update(onnx).digest('hex');
}

/** One worker as a machine has it: bus, queues, a processor of trials, trainings; in this process. */
export async function openTrialWorker({ url, db }: TestDatabase, settings: TrialSettings) {
  const log = keptLog();
  const common = { databaseUrl: url, redisUrl: null, log };
  const bus = await openBus(common);
  const queues = await openQueues(common);
  const trials = composeTrials({ db, bus, queues, clock, log }, { threads: 1, ...settings });
  return {
    ...trials,
    log,
    listen: () => queues.work(TRIAL_QUEUE, { concurrency: 1 }, trialProcessor(trials.work)),
    close: async () => {
      await queues.close();
      await trials.work.close();
      await bus.close();
    },
  };
}

/** A TRAIN job that somebody runs, and what is written of its trials. */
export async function runningJob({ db }: TestDatabase) {
  const jobs = jobStore(db, clock);
  const { id } = await jobs.create({ kind: 'TRAIN', input: {}, createdBy: 'test' });
  const lease = { jobId: id, workerId: 'test' };
  await jobs.claim(lease, 600_000);
  return {
    id,
    lease,
    jobs,
    trials: () => trialStore(db, clock).ofJobs([id]),
  };
}

/** Waits until `look` finds something. @throws after half a minute */
export async function found<T>(look: () => Promise<T | null | undefined>): Promise<T> {
  for (let i = 0; i < 3_000; i++) {
    const value = await look();
    if (value !== null && value !== undefined) return value;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('not found in half a minute');
}
