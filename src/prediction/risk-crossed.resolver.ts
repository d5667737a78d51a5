import { Arg, Ctx, Resolver, Root, Subscription } from 'type-graphql';
import { authorise } from '../graphql/authorise.js';
import type { RequestContext } from '../graphql/context.js';
import { feedCursor, feedPosition } from '../graphql/feed-cursor.js';
import { FEED_AFTER } from '../graphql/feed.type.js';
import { toFeed, type Feed } from '../graphql/feeds.js';
import type { FollowedFeed } from '../graphql/followed-feed.js';
import { mapFeed } from '../graphql/live-feed.js';
import { AppError } from '../kernel/error.js';
import type { FeedEntry } from '../kernel/feed.js';
import type { Serving } from '../model/serving.js';
import { crossesUp } from './follow-risk.js';
import { answerOf } from './predict-users.js';
import { predictionNode, type PredictionNode } from './prediction-node.js';
import type { LedgerRow, RiskBand as RiskName } from './prediction.js';
import { PredictionType, RiskBand } from './prediction.type.js';

/** A crossing with the score that crossed; null when its customer was erased meanwhile. */
export type RiskCrossing = FeedEntry & { row: LedgerRow | null };

/** Customers who come up to a level. */
@Resolver(() => PredictionType)
export class RiskCrossedResolver {
  @Subscription(() => PredictionType, {
    topics: 'riskCrossed',
    topicId: toFeed,
    description:
      "Fires only when a customer's score comes from below the level up to it or above: the score that did. A first score does not fire. Needs the right to list customers.",
  })
  riskCrossed(
    @Root() prediction: PredictionNode,
    @Arg('model', () => String, { defaultValue: 'churn', description: 'Name of the model.' })
    _model: string,
    @Arg('level', () => RiskBand, { defaultValue: 'HIGH', description: 'The band to come up to.' })
    _level: RiskName,
    @Arg('after', () => String, FEED_AFTER) _after: string | null,
    @Ctx() context: RequestContext,
  ): PredictionNode {
    authoriseRisk(context);
    return prediction;
  }
}

function authoriseRisk(context: RequestContext): void {
  authorise(context, 'model:read');
  authorise(context, 'user:list');
}

export interface RiskFeedDeps {
  crossings: Pick<FollowedFeed<RiskCrossing>, 'follow'>;
  serving: Pick<Serving, 'current'>;
}

/** The source of the subscription `riskCrossed`. */
export function riskFeeds({ crossings, serving }: RiskFeedDeps): { riskCrossed: Feed } {
  return {
    riskCrossed: ({ args, context }) => {
      authoriseRisk(context);
      const name = String(args['model']);
      const level = args['level'] as RiskName;
      const served = serving.current(name);
      if (!served) throw new AppError('NOT_FOUND', `no model named ${name} is in production`);
      const { model } = served;
      const wanted = ({ row, keys }: RiskCrossing): boolean =>
        row !== null &&
        keys['model'] === model.id &&
        crossesUp(keys['from'] as RiskName, keys['to'] as RiskName, level);
      const after = feedPosition('risk', args['after']);
      return mapFeed(crossings.follow({ after, accept: wanted }), ({ id, row }) => ({
        // accepted only with a row
        ...predictionNode(answerOf(row as LedgerRow), model, context.clock.wall()),
        feedCursor: feedCursor('risk', id),
      }));
    },
  };
}
