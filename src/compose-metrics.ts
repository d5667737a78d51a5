import type { Plant } from './compose-models.js';
import { QUEUE_OF_KIND } from './job/job.messages.js';
import type { Job } from './job/job.js';
import type { RunJobDeps } from './job/run-job.js';
import type { Metrics } from './plant/metrics.js';
import { scrapeStore } from './report/scrape.store.js';

/** What every process tells of its own when it is scraped. */
export function watchPlant(metrics: Metrics, { db, scorer }: Pick<Plant, 'db' | 'scorer'>): void {
  metrics.watchScorerQueue(() => scorer.stats().queuedRows);
  metrics.watchScorer(() => scorer.stats());
  metrics.watchPool(() => {
    const { totalCount, idleCount, waitingCount } = db.pool;
    return { busy: totalCount - idleCount, idle: idleCount, waiting: waitingCount };
  });
}

/** What is the same whoever tells it, so only the process with the door does: queues, waiting jobs, alerts, deliveries. */
export function watchInstallation(
  metrics: Metrics,
  { db, queues }: Pick<Plant, 'db' | 'queues'>,
): void {
  const { oldestJobs, alerts, deliveries } = scrapeStore(db);
  const names = [...new Set(Object.values(QUEUE_OF_KIND))];
  metrics.watchQueues(names, (name) => queues.depth(name));
  metrics.watchOldestJobs(oldestJobs);
  metrics.watchAlerts(alerts);
  metrics.watchDeliveries(deliveries);
}

/** The way jobs end, counted by kind. */
export function countedJobs(run: RunJobDeps, metrics: Pick<Metrics, 'jobEnded'>): RunJobDeps {
  const counted =
    <Rest extends unknown[]>(
      outcome: 'succeeded' | 'failed',
      end: (...given: Rest) => Promise<Job | null>,
    ) =>
    async (...given: Rest): Promise<Job | null> => {
      const job = await end(...given);
      if (job) metrics.jobEnded({ kind: job.kind, outcome }, secondsOf(job));
      return job;
    };
  return {
    ...run,
    succeed: counted('succeeded', run.succeed),
    fail: counted('failed', run.fail),
  };
}

function secondsOf({ startedAt, finishedAt }: Job): number {
  return startedAt && finishedAt ? (finishedAt.getTime() - startedAt.getTime()) / 1000 : 0;
}
