import { z } from 'zod';
import type { JobKind } from './job.js';

/** Payload of every queued job: the row holds the rest. */
export const jobPayload = z.object({ jobId: z.uuid() });
export type JobPayload = z.infer<typeof jobPayload>;

/** Which queue a kind of job waits in; one processor a queue, named after the noun that does the work. */
export const QUEUE_OF_KIND: Record<JobKind, string> = {
  IMPORT: 'import',
  TRAIN: 'model',
  SEGMENT: 'segment',
  DRIFT: 'drift',
  SCORE: 'prediction',
  REPORT: 'report',
  ERASE: 'privacy',
  EXPORT: 'privacy',
  PROFILE: 'feature',
  QUALITY: 'quality',
  SELECT: 'selection',
};

/** Queue of the recurring upkeep: lost queue entries are added again, what is left over removed, scans, profiles, trainings and segments asked for, reviews opened, drift, experiments and alerts looked at, days told. */
export const UPKEEP_QUEUE = 'upkeep';
const upkeepTasks = [
  'sweep-jobs',
  'forget-rejected-rows',
  'scan-quality',
  'profile-features',
  'forget-trials',
  'fill-reviews',
  'look-after-ledger',
  'train-on-schedule',
  'assign-segments',
  'detect-drift',
  'look-at-experiments',
  'evaluate-alerts',
  'forget-service-samples',
  'write-daily-report',
  'forget-feed',
] as const;
export type UpkeepTask = (typeof upkeepTasks)[number];
export const upkeepPayload = z.object({ task: z.enum(upkeepTasks) });

/** Bus topic of every change of a job; who reads it re-reads the row. */
export const JOB_TOPIC = 'job';
export const jobChangedMessage = z.object({
  id: z.uuid(),
  kind: z.string(),
  revision: z.int(),
});
export type JobChanged = z.infer<typeof jobChangedMessage>;
