import type { AlertWork } from '../src/compose-alert-work.js';
import { composeAlertWork } from '../src/compose-alert-work.js';
import { composeDelivery, startDelivery } from '../src/compose-delivery-work.js';
import { askForDriftChecks, composeDriftWork, type Drift } from '../src/compose-drift-work.js';
import { composeExperimentLooks } from '../src/compose-experiment-looks.js';
import type {
  composeFeatureReading,
  composeJobs,
  composeModels,
  Plant,
} from '../src/compose-models.js';
import { composeReportWork } from '../src/compose-report-work.js';
import { composeRiskWork } from '../src/compose-risk-work.js';
import type { Segmentations } from '../src/compose-segmentations.js';
import { QUEUE_OF_KIND, type UpkeepTask } from '../src/job/job.messages.js';
import type { RunJobDeps } from '../src/job/run-job.js';
import { DAY_MS } from '../src/kernel/clock.js';
import type { Config } from '../src/plant/env.js';
import { forgetFeed } from '../src/plant/feed-log.js';
import { driftProcessor } from './drift.js';
import { reportProcessor } from './report.js';

/** What watching stands on. */
export interface WatchWorkParts {
  plant: Plant;
  config: Pick<Config, 'channels' | 'webhookNetworks' | 'feedDays' | 'alertsEverySeconds'>;
  run: RunJobDeps;
  jobs: ReturnType<typeof composeJobs>;
  features: ReturnType<typeof composeFeatureReading>;
  models: Awaited<ReturnType<typeof composeModels>>;
  segmentations: Segmentations;
  drift: Drift;
}

type WatchTask = Extract<
  UpkeepTask,
  | 'detect-drift'
  | 'look-at-experiments'
  | 'evaluate-alerts'
  | 'forget-service-samples'
  | 'write-daily-report'
  | 'forget-feed'
>;

/** Drift, experiments, alerts and their delivery, crossings of risk, daily reports: what a worker does for them. */
export async function workOnWatch(
  parts: WatchWorkParts,
  opened: (() => Promise<void>)[],
): Promise<Record<WatchTask, () => Promise<unknown>>> {
  const { plant, config, run, jobs, features, models, segmentations, drift } = parts;
  const { db, queues, clock } = plant;
  const driftWork = composeDriftWork({ plant, jobs, features, models, drift });
  await queues.work(
    QUEUE_OF_KIND.DRIFT,
    { concurrency: 1 }, // each reads everybody
    driftProcessor(run, driftWork),
  );
  const reports = composeReportWork({ plant, jobs, segmentations });
  await queues.work(QUEUE_OF_KIND.REPORT, { concurrency: 1 }, reportProcessor(run, reports.work));
  const alerts = startAlerts(plant, config, opened);
  const risk = composeRiskWork({ plant, models });
  opened.push(() => risk.close());
  const looks = composeExperimentLooks(plant);
  const askForChecks = askForDriftChecks({ plant, jobs, models });
  return {
    'detect-drift': () => askForChecks('schedule'),
    'look-at-experiments': looks.lookAtExperiments,
    'evaluate-alerts': alerts.evaluate,
    'forget-service-samples': alerts.forget,
    'write-daily-report': () => reports.askForReports('schedule'),
    'forget-feed': () => {
      const now = clock.wall();
      return forgetFeed(db, new Date(now.getTime() - config.feedDays * DAY_MS), now);
    },
  };
}

function startAlerts(
  plant: Plant,
  config: WatchWorkParts['config'],
  opened: (() => Promise<void>)[],
): AlertWork & { forget(): Promise<void> } {
  const delivery = composeDelivery(plant, config);
  const sending = startDelivery(plant, delivery);
  opened.push(() => sending.close());
  const work = composeAlertWork({
    plant,
    channelNames: delivery.channels.map(({ name }) => name),
    everyMs: config.alertsEverySeconds * 1_000,
  });
  return {
    ...work,
    /** Upkeep, daily: counts of processes, and what channels were told a year ago. */
    forget: async (): Promise<void> => {
      await work.forgetSamples();
      await delivery.store.forget(plant.clock.wall());
    },
  };
}
