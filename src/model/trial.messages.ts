import { z } from 'zod';

/** Queue of trials: an entry says that a job has some, the rows say which. */
export const TRIAL_QUEUE = 'trial';
export const trialPayload = z.object({ jobId: z.uuid() });
export type TrialPayload = z.infer<typeof trialPayload>;

/** Bus topic: a trial of the job has ended; whoever waits for it re-reads the rows. */
export const TRIAL_TOPIC = 'trial';
export const trialEndedMessage = z.object({ jobId: z.uuid() });
export type TrialEnded = z.infer<typeof trialEndedMessage>;
