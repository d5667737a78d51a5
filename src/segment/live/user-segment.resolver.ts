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
import {
  STANDARD_SEGMENTATION,
  type SegmentServing,
  type ServedSegmentation,
} from '../segmentation.js';
import { membershipReasonText, type ToldReason } from './membership-reason-text.js';
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
      defaultValue: STANDARD_SEGMENTATION,
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
    const name = key ?? STANDARD_SEGMENTATION;
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

/** A reason with what its sentence is made of. */
interface ReasonNode extends Omit<ToldReason, 'insteadOf'> {
  /** Key of the segment that comes next. */
  insteadOf: string;
  modelId: string;
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
    @Root() node: MembershipNode,
    @Arg('first', () => Int, {
      nullable: true,
      defaultValue: 5,
      description: 'At most so many, 0..1,000.',
    })
    first: number | null,
    @Ctx() context: RequestContext,
  ): Promise<ReasonNode[]> {
    const most = pageSize(first ?? 5);
    const { modelVersionId, key, inputs } = node;
    const explained = { modelVersionId, key, inputs };
    const reasons = await this.deps.loaders.reasons(context).load(explained);
    return reasons.slice(0, most).map((reason) => reasonNode(reason, node));
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

/** A reason in words. */
@Resolver(() => MembershipReasonType)
export class MembershipReasonResolver {
  constructor(
    private readonly deps: {
      /** Names of the segments of a segmentation, by key; read once a request. */
      names(context: RequestContext, modelId: string): Promise<ReadonlyMap<string, string>>;
    },
  ) {}

  @FieldResolver(() => String, {
    description:
      'The reason in words: the value beside the means of the two segments, and which it speaks for.',
  })
  async text(@Root() reason: ReasonNode, @Ctx() context: RequestContext): Promise<string> {
    const names = await this.deps.names(context, reason.modelId);
    return membershipReasonText({
      ...reason,
      insteadOf: names.get(reason.insteadOf) ?? reason.insteadOf,
    });
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

function reasonNode(
  { feature, contribution, insteadOf }: MembershipReason,
  { key, modelId, inputs: { numeric, categorical }, served }: MembershipNode,
): ReasonNode {
  const { inputs, report } = served;
  const number = numeric[inputs.numericNames.indexOf(feature)];
  const category = categorical[inputs.categoricalNames.indexOf(feature)];
  const factsIn = (segment: string) =>
    report.segments
      .find((each) => each.key === segment)
      ?.features.find((each) => each.feature === feature) ?? null;
  return {
    feature,
    contribution,
    insteadOf,
    modelId,
    number: number === undefined || Number.isNaN(number) ? null : number,
    category: category === undefined || category === '' ? null : category,
    here: factsIn(key),
    there: factsIn(insteadOf),
  };
}
