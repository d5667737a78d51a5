import { Arg, Ctx, FieldResolver, Resolver, Root, Subscription } from 'type-graphql';
import { authorise } from '../graphql/authorise.js';
import type { RequestContext } from '../graphql/context.js';
import { feedCursor, feedPosition } from '../graphql/feed-cursor.js';
import { FEED_AFTER, FEED_CURSOR } from '../graphql/feed.type.js';
import { toFeed, type Feed } from '../graphql/feeds.js';
import type { FollowedFeed } from '../graphql/followed-feed.js';
import { mapFeed } from '../graphql/live-feed.js';
import { AppError } from '../kernel/error.js';
import type { FeedEntry } from '../kernel/feed.js';
import { driftReportNode, type DriftReportNode } from './drift-node.js';
import type { DriftReport } from './drift.js';
import { DriftReportType } from './drift.type.js';

/** A report that was put down, with its row. */
export type DriftChange = FeedEntry & { row: DriftReport | null };

/** A report as a subscriber is told of it. */
export type ToldReport = DriftReportNode & { cursor?: string };

/** News of drift. */
@Resolver(() => DriftReportType)
export class DriftDetectedResolver {
  @Subscription(() => DriftReportType, {
    topics: 'driftDetected',
    topicId: toFeed,
    description:
      'Reports that found drift; with `after`, first all that were missed since that cursor, then live: none lost, none twice.',
  })
  driftDetected(
    @Root() report: ToldReport,
    @Arg('model', () => String, { nullable: true, description: 'Only of this model.' })
    _model: string | null,
    @Arg('after', () => String, FEED_AFTER) _after: string | null,
    @Ctx() context: RequestContext,
  ): ToldReport {
    authorise(context, 'drift:read');
    return report;
  }

  @FieldResolver(() => String, FEED_CURSOR)
  cursor(@Root() { cursor }: ToldReport): string | null {
    return cursor ?? null;
  }
}

export interface DriftFeedDeps {
  reports: Pick<FollowedFeed<DriftChange>, 'follow'>;
  modelByName(name: string): Promise<{ id: string } | null>;
}

/** The source of the subscription `driftDetected`. */
export function driftFeeds({ reports, modelByName }: DriftFeedDeps): { driftDetected: Feed } {
  return {
    driftDetected: ({ args, context }) => {
      authorise(context, 'drift:read');
      const model = typeof args['model'] === 'string' ? args['model'] : null;
      const after = feedPosition('drift', args['after']);
      const found = reports.follow({
        after,
        accept: ({ row, keys }) =>
          row?.drifted === true && (model === null || keys['model'] === model),
        begin: async () => {
          if (model !== null && !(await modelByName(model)))
            throw new AppError('NOT_FOUND', `no model is named ${model}`);
          return null;
        },
      });
      return mapFeed(found, ({ id, row }) =>
        // accepted only with a row
        Object.assign(driftReportNode(row as DriftReport), { cursor: feedCursor('drift', id) }),
      );
    },
  };
}
