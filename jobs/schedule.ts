import { UPKEEP_QUEUE, upkeepPayload } from '../src/job/job.messages.js';
import { UnrecoverableJobError, type Delivery, type Queues } from '../src/plant/ports.js';

const SWEEP_EVERY_MS = 5_000;

/** Everything that recurs, in one place. Scheduling again changes nothing. */
export async function scheduleRecurring(queues: Queues): Promise<void> {
  await queues.schedule(
    UPKEEP_QUEUE,
    'sweep-jobs',
    { everyMs: SWEEP_EVERY_MS },
    { task: 'sweep-jobs' },
  );
}

/** Queue `upkeep`: what recurs. */
export function upkeepProcessor(deps: {
  sweepJobs(): Promise<unknown>;
}): (delivery: Delivery) => Promise<void> {
  return async ({ payload }) => {
    const parsed = upkeepPayload.safeParse(payload);
    if (!parsed.success)
      throw new UnrecoverableJobError(`not an upkeep task: ${parsed.error.message}`);
    await deps.sweepJobs();
  };
}
