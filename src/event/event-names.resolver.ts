import { Ctx, Query, Resolver } from 'type-graphql';
import { authorise } from '../graphql/authorise.js';
import type { RequestContext } from '../graphql/context.js';
import type { EventNamesStore } from './event-names.store.js';
import { EventSourceType, EventTypeInfoType } from './event-names.type.js';

/** Where events come from and what they are. */
@Resolver()
export class EventNamesResolver {
  constructor(private readonly deps: EventNamesStore) {}

  @Query(() => [EventSourceType], {
    description: 'Every source that events came from, by name; at most 2,000.',
  })
  async eventSources(@Ctx() context: RequestContext): Promise<EventSourceType[]> {
    authorise(context, 'feature:read');
    return this.deps.sources();
  }

  @Query(() => [EventTypeInfoType], {
    description: 'Every type of event, by name; at most 2,000.',
  })
  async eventTypes(@Ctx() context: RequestContext): Promise<EventTypeInfoType[]> {
    authorise(context, 'feature:read');
    return this.deps.types();
  }
}
