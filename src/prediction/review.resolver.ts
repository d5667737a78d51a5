import DataLoader from 'dataloader';
import { Arg, Ctx, FieldResolver, ID, Int, Mutation, Query, Resolver, Root } from 'type-graphql';
import { authorise } from '../graphql/authorise.js';
import { perRequest, type RequestContext } from '../graphql/context.js';
import { decodeCursor, encodeCursor, Page, pageSize } from '../graphql/cursor.js';
import { PAGE_AFTER, PAGE_SIZE } from '../graphql/page.type.js';
import { AppError, userError } from '../kernel/error.js';
import { decodeNumericId } from '../kernel/id.js';
import type { Model } from '../model/model.js';
import { modelNode, type ModelNode } from '../model/model-nodes.js';
import { ModelType } from '../model/model.type.js';
import type { ModelLoaders } from '../model/version-loaders.js';
import type { User } from '../user/user.js';
import { toUserType, UserType } from '../user/user.type.js';
import { decisionOf, type Decision as DecisionName } from './decision.js';
import { answerOf } from './predict-users.js';
import { predictionNode, type PredictionNode } from './prediction-node.js';
import { PredictionType } from './prediction.type.js';
import type { LedgerRow } from './prediction.js';
import { decideReview, readReviews, type ReviewQueueDeps } from './review-queue.js';
import type { ReviewStatus as StatusName, ReviewVerdict as VerdictName } from './review.js';
import {
  DecisionBand,
  ReviewConnectionType,
  ReviewPayloadType,
  ReviewStatus,
  ReviewType,
  ReviewVerdict,
  toReviewType,
} from './review.type.js';

export interface ReviewResolverDeps extends ReviewQueueDeps {
  count(page: { modelId: string; statuses: readonly StatusName[] }): Promise<number>;
  predictionsByIds(ids: readonly number[]): Promise<LedgerRow[]>;
  modelLoaders: Pick<ModelLoaders, 'model'>;
  userLoader(context: RequestContext): DataLoader<number, User | null>;
}

/** A page that counts when it is asked to. */
class ReviewPageNode extends Page<ReviewType> {
  constructor(
    rows: readonly ReviewType[],
    first: number,
    private readonly counted: () => Promise<number>,
  ) {
    const cursorOf = ({ probability, id }: ReviewType): string =>
      encodeCursor([probability, decodeNumericId('Review', id)]);
    super(rows, first, cursorOf, (row) => row);
  }

  get totalCount(): Promise<number> {
    return this.counted();
  }
}

/** The queue of what somebody is to look at. */
@Resolver(() => ReviewType)
export class ReviewResolver {
  private readonly ledger: (context: RequestContext) => DataLoader<number, LedgerRow | null>;

  constructor(private readonly deps: ReviewResolverDeps) {
    this.ledger = perRequest(
      () =>
        new DataLoader<number, LedgerRow | null>(async (ids) => {
          const rows = await deps.predictionsByIds(ids);
          const byId = new Map(rows.map((row) => [row.id, row]));
          return ids.map((id) => byId.get(id) ?? null);
        }),
    );
  }

  @Query(() => ReviewConnectionType, {
    description:
      'Scores in the bands REVIEW and BLOCK that somebody is to look at, the likeliest first. A customer is not put here again for 30 days after a verdict, unless the score rose from REVIEW to BLOCK.',
  })
  async reviews(
    @Arg('model', () => String, { defaultValue: 'fraud', description: 'Name of the model.' })
    model: string,
    @Arg('status', () => [ReviewStatus], {
      nullable: true,
      defaultValue: ['OPEN'],
      description: 'How far they are.',
    })
    status: StatusName[] | null,
    @Arg('first', () => Int, PAGE_SIZE) wanted: number | null,
    @Arg('after', () => String, PAGE_AFTER) after: string | null,
    @Ctx() context: RequestContext,
  ): Promise<ReviewPageNode> {
    authorise(context, 'model:read');
    const size = pageSize(wanted);
    const statuses = status ?? ['OPEN'];
    const { modelId, reviews } = await readReviews(this.deps, {
      model,
      statuses,
      limit: size + 1,
      after: after ? positionIn(after) : null,
    });
    return new ReviewPageNode(reviews.map(toReviewType), size, () =>
      this.deps.count({ modelId, statuses }),
    );
  }

  @Mutation(() => ReviewPayloadType, {
    description:
      'Ends an open review. The verdict becomes an outcome of the model (source `review`), from which the next training learns.',
  })
  async decideReview(
    @Arg('review', () => ID, { description: '`Review:<n>`.' }) id: string,
    @Arg('verdict', () => ReviewVerdict, { description: 'Whether the suspicion was right.' })
    verdict: VerdictName,
    @Arg('comment', () => String, {
      nullable: true,
      description: 'Why, at most 2,000 characters.',
    })
    comment: string | null,
    @Ctx() context: RequestContext,
  ): Promise<ReviewPayloadType> {
    authorise(context, 'outcome:write');
    const number = decodeNumericId('Review', id);
    if (number === null) {
      const text = `not the id of a review (Review:<number>): ${id.slice(0, 80)}`;
      return { review: null, userErrors: [userError('INVALID', text, 'review')] };
    }
    const request = { id: number, verdict, by: context.viewer.name, comment: comment ?? null };
    const { review, error } = await decideReview(this.deps, request);
    return { review: review && toReviewType(review), userErrors: error ? [error] : [] };
  }

  @FieldResolver(() => UserType, { description: 'The customer.' })
  async user(@Root() { userId }: ReviewType, @Ctx() context: RequestContext): Promise<UserType> {
    const user = await this.deps.userLoader(context).load(userId);
    if (!user) throw new AppError('NOT_FOUND', `customer ${userId} is gone`);
    return toUserType(user, context.viewer);
  }

  @FieldResolver(() => ModelType, { description: 'The model that scored.' })
  async model(@Root() { modelId }: ReviewType, @Ctx() context: RequestContext): Promise<ModelNode> {
    return modelNode(await this.modelOf(modelId, context));
  }

  @FieldResolver(() => PredictionType, {
    nullable: true,
    description: 'The score, with its reasons; null when it is no longer kept.',
  })
  async prediction(
    @Root() { predictionId, modelId }: ReviewType,
    @Ctx() context: RequestContext,
  ): Promise<PredictionNode | null> {
    const [row, model] = await Promise.all([
      this.ledger(context).load(predictionId),
      this.modelOf(modelId, context),
    ]);
    return row && predictionNode(answerOf(row), model, context.clock.wall());
  }

  private async modelOf(modelId: string, context: RequestContext): Promise<Model> {
    const model = await this.deps.modelLoaders.model(context).load(modelId);
    if (!model?.spec) throw new AppError('INTERNAL', `model ${modelId} is gone`);
    return { ...model, spec: model.spec };
  }
}

function positionIn(after: string): { probability: number; id: number } {
  const [probability, id] = decodeCursor(after, 2);
  if (typeof probability !== 'number' || typeof id !== 'number' || !Number.isSafeInteger(id))
    throw new AppError(
      'INVALID',
      `after is not a cursor of this connection: ${after.slice(0, 80)}`,
    );
  return { probability, id };
}

/** The band of a score, where its model has bands. */
@Resolver(() => PredictionType)
export class PredictionDecisionResolver {
  constructor(private readonly deps: { modelLoaders: Pick<ModelLoaders, 'model'> }) {}

  @FieldResolver(() => DecisionBand, {
    nullable: true,
    description: "By the model's bands; null where it has none, or there is no score.",
  })
  async decision(
    @Root() { modelId, probability }: PredictionNode,
    @Ctx() context: RequestContext,
  ): Promise<DecisionName | null> {
    if (probability === null) return null;
    const model = await this.deps.modelLoaders.model(context).load(modelId);
    return model?.spec ? decisionOf(probability, model.spec.decisions) : null;
  }
}
