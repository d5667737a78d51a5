import {
  Arg,
  Ctx,
  FieldResolver,
  Int,
  Mutation,
  Query,
  Resolver,
  Root,
  Subscription,
} from 'type-graphql';
import { authorise } from '../graphql/authorise.js';
import type { RequestContext } from '../graphql/context.js';
import { toFeed, type Feed } from '../graphql/feeds.js';
import { liveFeed } from '../graphql/live-feed.js';
import { AppError } from '../kernel/error.js';
import { jobNode } from '../job/job-node.js';
import { JobPayloadType } from '../job/job.type.js';
import type { SubmitJob } from '../job/submit-job.js';
import type { QualityPoint, QualityReport } from './quality-report.js';
import { reportOf } from './quality-report.js';
import { isAtLeast, type QualityStatus as Status, type TableScan } from './quality.js';
import { QUALITY_TOPIC, qualityScannedMessage } from './quality.messages.js';
import {
  DataQualityReportType,
  QualityPointType,
  QualityStatus,
  QualityTable,
} from './quality.type.js';
import type { readQuality } from './read-quality.js';
import { QUALITY_TABLES, type QualityTable as Table } from './table.js';

export interface QualityResolverDeps {
  quality: ReturnType<typeof readQuality>;
  submitJob: SubmitJob;
}

/** How good the data is. */
@Resolver(() => DataQualityReportType)
export class QualityResolver {
  constructor(private readonly deps: QualityResolverDeps) {}

  @Query(() => DataQualityReportType, {
    description:
      'What the newest scans found. A table that was never scanned is scanned now, as long as the request may last.',
  })
  dataQuality(
    @Ctx() context: RequestContext,
    @Arg('table', () => QualityTable, { nullable: true, description: 'Default: all tables.' })
    table: Table | null,
  ): Promise<QualityReport> {
    authorise(context, 'quality:read');
    return this.deps.quality.report(table ?? null, context.signal);
  }

  @Mutation(() => JobPayloadType, {
    description: 'Starts a scan of all tables, or of some; follow the job.',
  })
  async scanDataQuality(
    @Ctx() context: RequestContext,
    @Arg('tables', () => [QualityTable], { nullable: true, description: 'Default: all tables.' })
    tables: Table[] | null,
  ): Promise<JobPayloadType> {
    authorise(context, 'job:run');
    const wanted = tables && tables.length > 0 ? [...new Set(tables)] : QUALITY_TABLES;
    const job = await this.deps.submitJob('QUALITY', { tables: wanted }, context.viewer.name);
    return { job: jobNode(job), userErrors: [] };
  }

  @FieldResolver(() => [QualityPointType], {
    description: 'A point a day that was scanned, oldest first, today included.',
  })
  series(
    @Root() report: QualityReport,
    @Arg('days', () => Int, { defaultValue: 30, description: 'UTC days back, 1..365.' })
    days: number,
  ): Promise<QualityPoint[]> {
    if (days < 1 || days > 365) throw new AppError('INVALID', `days must be 1..365, got ${days}`);
    return this.deps.quality.series(report.tables, days);
  }

  @Subscription(() => DataQualityReportType, {
    topics: 'dataQualityChanged',
    topicId: toFeed,
    description: 'The report of every scan from now on that is as bad as asked.',
  })
  dataQualityChanged(
    @Root() report: QualityReport,
    @Arg('minStatus', () => QualityStatus, {
      defaultValue: 'WARNING',
      description: 'This or worse; OK for every scan.',
    })
    _minStatus: Status,
  ): QualityReport {
    return report;
  }
}

export interface QualityFeedDeps {
  subscribe(topic: string): AsyncIterableIterator<unknown>;
  byIds(ids: readonly string[]): Promise<TableScan[]>;
}

/** The source of the subscription `dataQualityChanged`. */
export function qualityFeeds(deps: QualityFeedDeps): { dataQualityChanged: Feed } {
  return {
    dataQualityChanged: ({ args, context }) => {
      authorise(context, 'quality:read');
      const min = QualityStatus[(args['minStatus'] as Status | undefined) ?? 'WARNING'];
      return liveFeed(
        () => deps.subscribe(QUALITY_TOPIC),
        async function* (messages) {
          for await (const message of messages) {
            const told = qualityScannedMessage.safeParse(message);
            if (!told.success || !isAtLeast(told.data.status, min)) continue;
            const scans = await deps.byIds(told.data.scanIds);
            if (scans.length > 0) yield reportOf(scans);
          }
        },
      );
    },
  };
}
