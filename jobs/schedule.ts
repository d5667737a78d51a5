import { EVENT_QUEUE } from '../src/event/event.messages.js';
import { UPKEEP_QUEUE, upkeepPayload, type UpkeepTask } from '../src/job/job.messages.js';
import type { Config } from '../src/plant/env.js';
import { UnrecoverableJobError, type Delivery, type Queues } from '../src/plant/ports.js';

const SWEEP_EVERY_MS = 5_000;
/** At night, at different times: one worker does them all. */
const DAILY_EVENTS = { cron: '20 2 * * *' };
const DAILY_REJECTED_ROWS = { cron: '10 2 * * *' };
const DAILY_QUALITY = { cron: '40 2 * * *' };
const DAILY_PROFILE = { cron: '50 2 * * *' };
const DAILY_TRAININGS = { cron: '5 3 * * *' };
const DAILY_LEDGER = { cron: '15 2 * * *' };
/** Days since something grow without an event: every hour, at another minute than the reviews. */
const HOURLY_SEGMENTS = { cron: '45 * * * *' };
/** After the trainings: what a night trained is looked at the next night. */
const DAILY_DRIFT = { cron: '30 3 * * *' };
const DAILY_EXPERIMENTS = { cron: '35 1 * * *' };
/** When yesterday is over everywhere that counts: days are UTC. */
const DAILY_REPORT = { cron: '5 0 * * *' };
const DAILY_SAMPLES = { cron: '25 2 * * *' };
const DAILY_FEED = { cron: '35 2 * * *' };
const DAILY_TRIALS = { cron: '5 2 * * *' };
/** Who asks for the queue of reviews opens them too: this is for when nobody asks. */
const HOURLY_REVIEWS = { cron: '25 * * * *' };

/** Everything that recurs, in one place. Scheduling again changes nothing, but for what the settings say. */
export async function scheduleRecurring(
  queues: Queues,
  config: Pick<Config, 'alertsEverySeconds'>,
): Promise<void> {
  await queues.schedule(
    UPKEEP_QUEUE,
    'sweep-jobs',
    { everyMs: SWEEP_EVERY_MS },
    { task: 'sweep-jobs' },
  );
  await queues.schedule(UPKEEP_QUEUE, 'forget-rejected-rows', DAILY_REJECTED_ROWS, {
    task: 'forget-rejected-rows',
  });
  await queues.schedule(UPKEEP_QUEUE, 'scan-quality', DAILY_QUALITY, { task: 'scan-quality' });
  await queues.schedule(UPKEEP_QUEUE, 'profile-features', DAILY_PROFILE, {
    task: 'profile-features',
  });
  await queues.schedule(UPKEEP_QUEUE, 'forget-trials', DAILY_TRIALS, { task: 'forget-trials' });
  await queues.schedule(UPKEEP_QUEUE, 'look-after-ledger', DAILY_LEDGER, {
    task: 'look-after-ledger',
  });
  await queues.schedule(UPKEEP_QUEUE, 'fill-reviews', HOURLY_REVIEWS, { task: 'fill-reviews' });
  await queues.schedule(UPKEEP_QUEUE, 'train-on-schedule', DAILY_TRAININGS, {
    task: 'train-on-schedule',
  });
  await queues.schedule(UPKEEP_QUEUE, 'assign-segments', HOURLY_SEGMENTS, {
    task: 'assign-segments',
  });
  await scheduleWatching(queues, config);
  await queues.schedule(EVENT_QUEUE, 'look-after-events', DAILY_EVENTS, {
    task: 'look-after-events',
  });
}

async function scheduleWatching(
  queues: Queues,
  { alertsEverySeconds }: Pick<Config, 'alertsEverySeconds'>,
): Promise<void> {
  const recurring: [UpkeepTask, { everyMs: number } | { cron: string }][] = [
    // a tick is claimed by one worker; rules hold for seconds, not for ticks
    ['evaluate-alerts', { everyMs: alertsEverySeconds * 1_000 }],
    ['detect-drift', DAILY_DRIFT],
    ['look-at-experiments', DAILY_EXPERIMENTS],
    ['write-daily-report', DAILY_REPORT],
    ['forget-service-samples', DAILY_SAMPLES],
    ['forget-feed', DAILY_FEED],
  ];
  for (const [task, every] of recurring) await queues.schedule(UPKEEP_QUEUE, task, every, { task });
}

/** Queue `upkeep`: what recurs, by the name of the task. */
export function upkeepProcessor(
  tasks: Record<UpkeepTask, () => Promise<unknown>>,
): (delivery: Delivery) => Promise<void> {
  return async ({ payload }) => {
    const parsed = upkeepPayload.safeParse(payload);
    if (!parsed.success)
      throw new UnrecoverableJobError(`not an upkeep task: ${parsed.error.message}`);
    await tasks[parsed.data.task]();
  };
}
