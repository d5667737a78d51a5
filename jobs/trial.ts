import { trialPayload } from '../src/model/trial.messages.js';
import type { TrialWork } from '../src/model/trial-work.js';
import { UnrecoverableJobError, type Delivery } from '../src/plant/ports.js';

/** Queue `trial`: helps with the trials of a training that runs on another worker. */
export function trialProcessor(
  work: Pick<TrialWork, 'help'>,
): (delivery: Delivery) => Promise<void> {
  return async ({ payload, signal }) => {
    const parsed = trialPayload.safeParse(payload);
    if (!parsed.success)
      throw new UnrecoverableJobError(`not a payload of trials: ${parsed.error.message}`);
    await work.help(parsed.data.jobId, signal);
  };
}

/** The processor of trainings, and after each, however it ended: what was kept for its trials goes. */
export function forgettingTrials(
  train: (delivery: Delivery) => Promise<void>,
  forgetEnded: () => Promise<unknown>,
): (delivery: Delivery) => Promise<void> {
  return async (delivery) => {
    try {
      await train(delivery);
    } finally {
      await forgetEnded();
    }
  };
}
