import { hasEnded, type JobStatus } from '../job/job.js';
import { DAY_MS } from '../kernel/clock.js';
import type { TrainingSchedule } from './spec-parts.js';

/** A training of a model that was asked for, by whomever. */
export interface TrainingRun {
  /** Of the job; uuid. */
  id: string;
  status: JobStatus;
  askedAt: Date;
}

/**
 * When the next training is due: `everyDays` after the newest was asked for; for a model never trained, since it was
 * registered. One that failed is tried again after a day; where that fails too, the data are not there yet, and the next
 * is due after `everyDays`. One that somebody cancelled counts as one that succeeded.
 * @param runs newest first, those that wait or run before all others; at most two are looked at
 * @returns null while a training waits or runs
 */
export function nextTrainingAt(
  { everyDays }: TrainingSchedule,
  runs: readonly TrainingRun[],
  registeredAt: Date,
): Date | null {
  const [last, before] = runs;
  if (!last) return registeredAt;
  if (!hasEnded(last.status)) return null;
  const firstFailure = last.status === 'FAILED' && before?.status !== 'FAILED';
  return new Date(last.askedAt.getTime() + (firstFailure ? 1 : everyDays) * DAY_MS);
}
