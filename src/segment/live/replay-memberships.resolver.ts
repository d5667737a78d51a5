import { Arg, Ctx, Int, Query, Resolver } from 'type-graphql';
import { authorise } from '../../graphql/authorise.js';
import type { RequestContext } from '../../graphql/context.js';
import { encodeId } from '../../kernel/id.js';
import { MembershipReplayType } from './membership.type.js';
import {
  MAX_REPLAYED_STAYS,
  MEMBERSHIP_TOLERANCE,
  type MembershipReplay,
} from './replay-memberships.js';
import { STANDARD_SEGMENTATION } from '../segmentation.js';

export interface MembershipReplayDeps {
  /** `replayMemberships` with its deps. */
  replay(
    question: { segmentation: string; first: number },
    signal: AbortSignal,
  ): Promise<MembershipReplay>;
}

/** Past memberships, asked for again. */
@Resolver(() => MembershipReplayType)
export class MembershipReplayResolver {
  constructor(private readonly deps: MembershipReplayDeps) {}

  @Query(() => MembershipReplayType, {
    description:
      'Asks the newest memberships that were written again, each from its logged inputs and the version that decided, and counts those that do not come out the same.',
  })
  async replayMemberships(
    @Arg('segmentation', () => String, {
      nullable: true,
      defaultValue: STANDARD_SEGMENTATION,
      description: 'Key of the segmentation.',
    })
    segmentation: string | null,
    @Arg('first', () => Int, {
      nullable: true,
      defaultValue: MAX_REPLAYED_STAYS,
      description: 'Memberships at most, 1..10,000, the newest ones.',
    })
    first: number | null,
    @Ctx() context: RequestContext,
  ): Promise<MembershipReplayType> {
    authorise(context, 'quality:read');
    const question = {
      segmentation: segmentation ?? STANDARD_SEGMENTATION,
      first: first ?? MAX_REPLAYED_STAYS,
    };
    const { examples, ...report } = await this.deps.replay(question, context.signal);
    return {
      ...report,
      tolerance: MEMBERSHIP_TOLERANCE,
      examples: examples.map(({ userId, ...example }) => ({
        user: encodeId('User', userId),
        ...example,
      })),
    };
  }
}
