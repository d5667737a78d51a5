import { Arg, Float, ID, Resolver, Root, Subscription } from 'type-graphql';
import { AppError } from '../kernel/error.js';
import { decodeNumericId } from '../kernel/id.js';
import { authorise } from '../graphql/authorise.js';
import { toFeed, type Feed, type FeedRequest } from '../graphql/feeds.js';
import { mapFeed } from '../graphql/live-feed.js';
import type { Serving } from '../model/serving.js';
import { followPredictions, type FollowPredictionsDeps } from './follow-predictions.js';
import { answerOf } from './predict-users.js';
import { predictionNode, type PredictionNode } from './prediction-node.js';
import { PredictionType } from './prediction.type.js';

/** News of the ledger. */
@Resolver(() => PredictionType)
export class PredictionMadeResolver {
  @Subscription(() => PredictionType, {
    topics: 'predictionMade',
    topicId: toFeed,
    description:
      'Every score that is stored from now on. Without `userIds` a role needs the right to list customers.',
  })
  predictionMade(
    @Root() prediction: PredictionNode,
    @Arg('model', () => String, { defaultValue: 'churn', description: 'Name of the model.' })
    _model: string,
    @Arg('minProbability', () => Float, { nullable: true, description: 'Only from this on, 0..1.' })
    _minProbability: number | null,
    @Arg('userIds', () => [ID], { nullable: true, description: 'Only of these, at most 1,000.' })
    _userIds: string[] | null,
  ): PredictionNode {
    return prediction;
  }
}

export interface PredictionFeedDeps extends FollowPredictionsDeps {
  serving: Pick<Serving, 'current'>;
}

/** The source of the subscription `predictionMade`. */
export function predictionFeeds(deps: PredictionFeedDeps): { predictionMade: Feed } {
  return {
    predictionMade: (request) => {
      const { name, minProbability, userIds } = argumentsOf(request);
      authorise(request.context, 'model:read');
      authorise(request.context, userIds ? 'user:read' : 'user:list');
      const served = deps.serving.current(name);
      if (!served) throw new AppError('NOT_FOUND', `no model named ${name} is in production`);
      const { model } = served;
      const rows = followPredictions(deps, { modelId: model.id, minProbability, userIds });
      return mapFeed(rows, (row) =>
        predictionNode(answerOf(row), model, request.context.clock.wall()),
      );
    },
  };
}

function argumentsOf({ args }: FeedRequest): {
  name: string;
  minProbability: number;
  userIds: ReadonlySet<number> | null;
} {
  const { model, minProbability, userIds } = args;
  if (!Array.isArray(userIds))
    return { name: String(model), minProbability: Number(minProbability ?? 0), userIds: null };
  if (userIds.length > 1_000)
    throw new AppError('INVALID', `userIds must be at most 1,000, got ${userIds.length}`);
  const ids = userIds.map((id) => {
    const key = decodeNumericId('User', String(id));
    if (key === null) throw new AppError('INVALID', `not the id of a customer: ${String(id)}`);
    return key;
  });
  return {
    name: String(model),
    minProbability: Number(minProbability ?? 0),
    userIds: new Set(ids),
  };
}
