import { Arg, Ctx, FieldResolver, Int, Resolver, Root } from 'type-graphql';
import { authorise } from '../../graphql/authorise.js';
import { liveAsOf, type RequestContext } from '../../graphql/context.js';
import { decodeNumberCursor, encodeCursor, pageOf, pageSize } from '../../graphql/cursor.js';
import { PAGE_AFTER, PAGE_SIZE } from '../../graphql/page.type.js';
import { DateTime } from '../../graphql/scalars.js';
import { AppError } from '../../kernel/error.js';
import { UserType } from '../../user/user.type.js';
import type { SegmentNode } from '../segment-nodes.js';
import { SegmentType } from '../segment.type.js';
import type { SegmentServing, ServedSegmentation } from '../segmentation.js';
import type { MembershipLoaders } from './membership-loaders.js';
import type { Membership, MembershipReason, SegmentOfVersion, Stay } from './membership.js';
import {
  MembershipReasonType,
  SegmentMembershipType,
  SegmentStayConnectionType,
  SegmentStayType,
} from './membership.type.js';

/** The node of a segment, or null when the version has none of that key; batched by the request. */
export type SegmentOf = (
  context: RequestContext,
  segment: SegmentOfVersion,
) => Promise<SegmentNode | null>;

export interface UserSegmentDeps {
  serving: Pick<SegmentServing, 'current'>;
  /** Whether there is a segmentation of that key, live or not. */
  isKnown(context: RequestContext, key: string): Promise<boolean>;
  loaders: MembershipLoaders;
}

/** A membership with what its fields are answered from. */
export interface MembershipNode extends Membership {
  served: ServedSegmentation;
  /** Null: now. */
  askedAsOf: Date | null;
}

/** The segment of a customer. */
@Resolver(() => UserType)
export class UserSegmentResolver {
  constructor(private readonly deps: UserSegmentDeps) {}

  @FieldResolver(() => SegmentMembershipType, {
    nullable: true,
    description:
      'The segment of this customer, decided when asked in one batch with every other customer of the request. Null for who does not agree to profiling, and while no version of the segmentation is live.',
  })
  async segment(
    @Root() user: UserType,
    @Arg('segmentation', () => String, {
      nullable: true,
      defaultValue: 'persona',
      description: 'Key of the segmentation.',
    })
    key: string | null,
    @Arg('asOf', () => DateTime, {
      nullable: true,
      description:
        'Only events before it count, judged by the version that is live now; default now.',
    })
    asOf: Date | null,
    @Ctx() context: RequestContext,
  ): Promise<MembershipNode | null> {
    authorise(context, 'segment:read');
    const name = key ?? 'persona';
    const served = this.deps.serving.current(name);
    if (!served) {
      if (await this.deps.isKnown(context, name)) return null;
      throw new AppError('NOT_FOUND', `no segmentation has the key ${name.slice(0, 80)}`);
    }
    const askedAsOf = asOf ?? null;
    const question = { served, asOf: askedAsOf ?? liveAsOf(context), live: askedAsOf === null };
    const membership = await this.deps.loaders.ofUser(context, question).load(user.userId);
    return membership && { ...membership, served, askedAsOf };
  }
}

export interface MembershipResolverDeps {
  segmentOf: SegmentOf;
  loaders: MembershipLoaders;
}

/** What a membership points to. */
@Resolver(() => SegmentMembershipType)
export class SegmentMembershipResolver {
  constructor(private readonly deps: MembershipResolverDeps) {}

  @FieldResolver(() => SegmentType, { description: 'The segment, as its version describes it.' })
  segment(
    @Root() { modelVersionId, key }: MembershipNode,
    @Ctx() context: RequestContext,
  ): Promise<SegmentNode> {
    return knownSegment(this.deps.segmentOf, context, { modelVersionId, key });
  }

  @FieldResolver(() => SegmentType, {
    nullable: true,
    description: 'Where the customer was before; null for the first.',
  })
  async previous(
    @Root() { previous }: MembershipNode,
    @Ctx() context: RequestContext,
  ): Promise<SegmentNode | null> {
    return previous && this.deps.segmentOf(context, previous);
  }

  @FieldResolver(() => [MembershipReasonType], {
    description: 'Why this segment: the features, the strongest first.',
  })
  async reasons(
    @Root() { modelVersionId, key, inputs, served }: MembershipNode,
    @Arg('first', () => Int, {
      nullable: true,
      defaultValue: 5,
      description: 'At most so many, 0..1,000.',
    })
    first: number | null,
    @Ctx() context: RequestContext,
  ): Promise<MembershipReasonType[]> {
    const most = pageSize(first ?? 5);
    const explained = { modelVersionId, key, inputs };
    const reasons = await this.deps.loaders.reasons(context).load(explained);
    return reasons.slice(0, most).map((reason) => withValue(reason, inputs, served));
  }

  @FieldResolver(() => SegmentStayConnectionType, {
    description: 'In which segments the customer was, newest first.',
  })
  async history(
    @Root() { userId, modelId, askedAsOf }: MembershipNode,
    @Arg('first', () => Int, PAGE_SIZE) wanted: number | null,
    @Arg('after', () => String, PAGE_AFTER) after: string | null,
    @Ctx() context: RequestContext,
  ): Promise<SegmentStayConnectionType> {
    const first = pageSize(wanted);
    const position = after ? decodeNumberCursor(after) : null;
    const page = { userId, modelId, asOf: askedAsOf, first, after: position };
    const stays = await this.deps.loaders.stays(context).load(page);
    return pageOf(stays, first, ({ id }) => encodeCursor([id]));
  }
}

/** What a stay points to. */
@Resolver(() => SegmentStayType)
export class SegmentStayResolver {
  constructor(private readonly deps: Pick<MembershipResolverDeps, 'segmentOf'>) {}

  @FieldResolver(() => SegmentType, {
    description: 'The segment, as the version described it that had put the customer there.',
  })
  segment(@Root() stay: Stay, @Ctx() context: RequestContext): Promise<SegmentNode> {
    return knownSegment(this.deps.segmentOf, context, stay);
  }
}

/** @throws AppError INTERNAL when the version does not have it: a stay is only ever written with a key of its version */
export async function knownSegment(
  segmentOf: SegmentOf,
  context: RequestContext,
  { modelVersionId, key }: SegmentOfVersion,
): Promise<SegmentNode> {
  const node = await segmentOf(context, { modelVersionId, key });
  if (!node) throw new AppError('INTERNAL', `version ${modelVersionId} has no segment ${key}`);
  return node;
}

function withValue(
  { feature, contribution, insteadOf }: MembershipReason,
  { numeric, categorical }: Membership['inputs'],
  { inputs }: ServedSegmentation,
): MembershipReasonType {
  const number = numeric[inputs.numericNames.indexOf(feature)];
  const text = categorical[inputs.categoricalNames.indexOf(feature)];
  return {
    feature,
    contribution,
    insteadOf,
    number: number === undefined || Number.isNaN(number) ? null : number,
    text: text === undefined || text === '' ? null : text,
  };
}
