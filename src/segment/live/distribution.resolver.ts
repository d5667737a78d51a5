import { Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import { authorise } from '../../graphql/authorise.js';
import type { RequestContext } from '../../graphql/context.js';
import type { SegmentationNode } from '../segment-nodes.js';
import { SegmentationType } from '../segment.type.js';
import { distributionOf, type CountedKey } from './distribution.js';
import { SegmentDistributionType } from './membership.type.js';

export interface DistributionDeps {
  /** Read once a request. */
  countedKeys(context: RequestContext, modelId: string): Promise<CountedKey[]>;
}

/** Where the customers are. */
@Resolver(() => SegmentationType)
export class DistributionResolver {
  constructor(private readonly deps: DistributionDeps) {}

  @FieldResolver(() => SegmentDistributionType, {
    nullable: true,
    description:
      'How many customers are in which segment now, counted when asked; null for a version that is not live.',
  })
  async distribution(
    @Root() { live, model, report }: SegmentationNode,
    @Ctx() context: RequestContext,
  ): Promise<SegmentDistributionType | null> {
    authorise(context, 'segment:read');
    if (!live) return null;
    return distributionOf(await this.deps.countedKeys(context, model.id), { report });
  }
}
