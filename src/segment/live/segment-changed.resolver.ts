import { Arg, Ctx, FieldResolver, Resolver, Root, Subscription } from 'type-graphql';
import { authorise } from '../../graphql/authorise.js';
import type { RequestContext } from '../../graphql/context.js';
import { toFeed, type Feed } from '../../graphql/feeds.js';
import { mapFeed } from '../../graphql/live-feed.js';
import { AppError } from '../../kernel/error.js';
import { UserType } from '../../user/user.type.js';
import type { SegmentNode } from '../segment-nodes.js';
import { SegmentType } from '../segment.type.js';
import { STANDARD_SEGMENTATION, type SegmentServing } from '../segmentation.js';
import { followMoves, type FollowMovesDeps } from './follow-moves.js';
import type { Stay } from './membership.js';
import { SegmentMembershipChangeType } from './membership.type.js';
import { knownSegment, type SegmentOf } from './user-segment.resolver.js';

/** A move as the graph shows it. */
export interface MoveNode {
  stay: Stay;
  at: Date;
}

export interface SegmentChangedDeps {
  segmentOf: SegmentOf;
  /** The customer as the viewer may see them; null when erased. */
  userOf(context: RequestContext, userId: number): Promise<UserType | null>;
}

/** News of memberships. */
@Resolver(() => SegmentMembershipChangeType)
export class SegmentChangedResolver {
  constructor(private readonly deps: SegmentChangedDeps) {}

  @Subscription(() => SegmentMembershipChangeType, {
    topics: 'segmentChanged',
    topicId: toFeed,
    description:
      'Every customer who comes into another segment from now on, told once: after an event, an assignment of everybody or a new version. Needs the right to list customers.',
  })
  segmentChanged(
    @Root() move: MoveNode,
    @Arg('segmentation', () => String, {
      nullable: true,
      defaultValue: STANDARD_SEGMENTATION,
      description: 'Key of the segmentation.',
    })
    _segmentation: string | null,
    @Ctx() context: RequestContext,
  ): MoveNode {
    authorise(context, 'segment:read');
    return move;
  }

  @FieldResolver(() => UserType, { description: 'Who moved.' })
  async user(@Root() { stay }: MoveNode, @Ctx() context: RequestContext): Promise<UserType> {
    const user = await this.deps.userOf(context, stay.userId);
    if (!user) throw new AppError('NOT_FOUND', 'the customer was erased meanwhile');
    return user;
  }

  @FieldResolver(() => SegmentType, {
    nullable: true,
    description: 'Where the customer was before; null for the first.',
  })
  async from(
    @Root() { stay }: MoveNode,
    @Ctx() context: RequestContext,
  ): Promise<SegmentNode | null> {
    return stay.previous && this.deps.segmentOf(context, stay.previous);
  }

  @FieldResolver(() => SegmentType, { description: 'Where the customer is now.' })
  to(@Root() { stay }: MoveNode, @Ctx() context: RequestContext): Promise<SegmentNode> {
    return knownSegment(this.deps.segmentOf, context, stay);
  }
}

export interface SegmentFeedDeps extends FollowMovesDeps {
  serving: Pick<SegmentServing, 'current'>;
}

/** The source of the subscription `segmentChanged`. */
export function segmentFeeds(deps: SegmentFeedDeps): { segmentChanged: Feed } {
  return {
    segmentChanged: ({ args, context }) => {
      authorise(context, 'segment:read');
      authorise(context, 'user:list');
      const key =
        typeof args['segmentation'] === 'string' ? args['segmentation'] : STANDARD_SEGMENTATION;
      const served = deps.serving.current(key);
      if (!served)
        throw new AppError('NOT_FOUND', `no segmentation of the key ${key.slice(0, 80)} is live`);
      const moves = followMoves(deps, served.model.id);
      return mapFeed(moves, (stay): MoveNode => ({ stay, at: stay.since }));
    },
  };
}
