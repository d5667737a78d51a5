import { Ctx, Query, Resolver } from 'type-graphql';
import { authorise } from '../graphql/authorise.js';
import type { RequestContext } from '../graphql/context.js';
import { dropsAt, heldFrom, retentionNow } from './retention.js';
import type { EventPartition } from './retention.store.js';
import { RetentionType } from './retention.type.js';

export interface RetentionResolverDeps {
  days: number;
  partitions: () => Promise<EventPartition[]>;
}

/** What is held for how long. */
@Resolver(() => RetentionType)
export class RetentionResolver {
  constructor(private readonly deps: RetentionResolverDeps) {}

  @Query(() => RetentionType, { description: 'How long events are held, and what is held.' })
  async retention(@Ctx() context: RequestContext): Promise<RetentionType> {
    authorise(context, 'quality:read');
    const { days } = this.deps;
    const parts = await this.deps.partitions();
    return {
      days,
      heldFrom: heldFrom(days, retentionNow(context.clock)),
      partitions: parts.map((part) => ({ ...part, dropsAt: dropsAt(part, days) })),
    };
  }
}
