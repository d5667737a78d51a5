import { auditStore } from './access/audit.store.js';
import { AlertChangedResolver, alertFeeds } from './alert/alert-changed.resolver.js';
import type { composeJobs, composeLedger, composeModels, Plant } from './compose-models.js';
import {
  DriftDetectedResolver,
  driftFeeds,
  type DriftChange,
} from './drift/drift-detected.resolver.js';
import { driftReportStore } from './drift/drift-report.store.js';
import {
  ExperimentChangedResolver,
  experimentFeeds,
  type ExperimentChange,
} from './experiment/experiment-changed.resolver.js';
import { experimentStore } from './experiment/experiment.store.js';
import { ChangesCursorResolver } from './graphql/changes-cursor.resolver.js';
import type { Feed } from './graphql/feeds.js';
import { followedFeed, type FollowedFeed } from './graphql/followed-feed.js';
import type { JobChange } from './job/job-changes.js';
import { JOB_TOPIC } from './job/job.messages.js';
import { jobFeeds } from './job/job.resolver.js';
import type { FeedEntry, FeedTopic } from './kernel/feed.js';
import { feedBounds, feedBusTopic, readFeed } from './plant/feed-log.js';
import { RiskCrossedResolver, riskFeeds } from './prediction/risk-crossed.resolver.js';

export interface FeedParts {
  plant: Pick<Plant, 'db' | 'bus' | 'clock' | 'log'>;
  jobs: { store: Pick<ReturnType<typeof composeJobs>['store'], 'get' | 'byIds'> };
  models: Pick<Awaited<ReturnType<typeof composeModels>>, 'serving'> & {
    store: Pick<Awaited<ReturnType<typeof composeModels>>['store'], 'byName'>;
  };
  ledger: { store: Pick<ReturnType<typeof composeLedger>['store'], 'byIds'> };
}

/** What can be followed without missing anything: one reader a topic and process, and who subscribes to it. */
export function composeFeeds({ plant, jobs, models, ledger }: FeedParts): {
  resolvers: object[];
  feeds: Record<string, Feed>;
  close(): Promise<void>;
} {
  const { db, bus, log } = plant;
  const opened: { close(): Promise<void> }[] = [];
  const subscribe = (topic: string): AsyncIterableIterator<unknown> => bus.subscribe(topic);
  const entries = (topic: FeedTopic) => (after: number, limit: number) =>
    readFeed(db, topic, after, limit);
  const follow = <E extends { id: number }>(
    topic: FeedTopic,
    read: (after: number, limit: number) => Promise<E[]>,
    busTopic = feedBusTopic(topic),
  ): FollowedFeed<E> => {
    const feed = followedFeed<E>({
      topic,
      read,
      bounds: () => feedBounds(db, topic),
      subscribe: () => subscribe(busTopic),
      onInterrupted: (error) => {
        log.warn({ err: error, topic }, 'following changes was interrupted; nothing is lost');
      },
    });
    opened.push(feed);
    return feed;
  };

  const reports = driftReportStore(db);
  const experiments = experimentStore(db, auditStore);
  const driftChanges = withRows(entries('drift'), reports.byIds);
  const experimentChanges = withRows(entries('experiment'), experiments.byIds);
  const jobChanges = withRows(entries('job'), jobs.store.byIds);
  const crossings = withRows(entries('risk'), (ids) => ledger.store.byIds(ids.map(Number)));
  return {
    resolvers: [
      new AlertChangedResolver(),
      new DriftDetectedResolver(),
      new ExperimentChangedResolver(),
      new RiskCrossedResolver(),
      new ChangesCursorResolver({ head: async (topic) => (await feedBounds(db, topic)).head }),
    ],
    feeds: {
      ...alertFeeds({ changes: follow('alert', entries('alert')) }),
      ...driftFeeds({
        reports: follow<DriftChange>('drift', driftChanges),
        modelByName: models.store.byName,
      }),
      ...experimentFeeds({
        changes: follow<ExperimentChange>('experiment', experimentChanges),
        experimentByKey: experiments.byKey,
      }),
      // told of jobs already: every change of a row is published there
      ...jobFeeds({
        getJob: jobs.store.get,
        subscribe,
        changes: follow<JobChange>('job', jobChanges, JOB_TOPIC),
      }),
      ...riskFeeds({ crossings: follow('risk', crossings), serving: models.serving }),
    },
    close: async () => {
      await Promise.all(opened.map((feed) => feed.close()));
    },
  };
}

/** Entries with the rows that they are about: two statements, however many there are; null where a row is gone. */
function withRows<Row extends { id: string | number }>(
  read: (after: number, limit: number) => Promise<FeedEntry[]>,
  byIds: (ids: readonly string[]) => Promise<Row[]>,
): (after: number, limit: number) => Promise<(FeedEntry & { row: Row | null })[]> {
  return async (after, limit) => {
    const entries = await read(after, limit);
    const ids = [...new Set(entries.map(({ subject }) => subject))];
    const rows = ids.length === 0 ? [] : await byIds(ids);
    const byId = new Map(rows.map((row) => [String(row.id), row]));
    return entries.map((entry) => ({ ...entry, row: byId.get(entry.subject) ?? null }));
  };
}
