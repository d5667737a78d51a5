import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Ctx, FieldResolver, Info, Int, Mutation, Resolver, Root } from 'type-graphql';
import { authorise } from '../graphql/authorise.js';
import { perRequest, type RequestContext } from '../graphql/context.js';
import { decodeCursor, encodeCursor, Page, pageSize } from '../graphql/cursor.js';
import { PAGE_AFTER, PAGE_SIZE } from '../graphql/page.type.js';
import { tooManyRows } from '../graphql/rows-of-call.js';
import { DateTime } from '../graphql/scalars.js';
import { asksFor } from '../graphql/selection.js';
import { AppError } from '../kernel/error.js';
import type { UserLoaders } from '../user/user-loaders.js';
import { toUserType, UserType } from '../user/user.type.js';
import { CLOCK_SKEW_MS, type Event, type EventRow } from './event.js';
import { typeIdsLoader, type EventsLoader, type TypeIdsLoader } from './events-loader.js';
import type { EventPosition } from './event.store.js';
import {
  EventConnectionType,
  EventInput,
  EventType,
  RecordEventsPayloadType,
  toEventType,
} from './event.type.js';
import type { RecordEventsResult } from './record-events.js';

export interface EventResolverDeps {
  recordEvents: (rows: readonly EventRow[]) => Promise<RecordEventsResult>;
  users: Pick<UserLoaders, 'byId'>;
}

@Resolver(() => EventType)
export class EventResolver {
  constructor(private readonly deps: EventResolverDeps) {}

  @Mutation(() => RecordEventsPayloadType, {
    description:
      'Records events, at most 10,000 a call, each row by itself. What is acknowledged is durable and visible in the features on the next query. Rows that are not taken are kept with their reason for 30 days, see `rejectedRows`.',
  })
  async recordEvents(
    @Ctx() context: RequestContext,
    @Arg('events', () => [EventInput], { description: 'The rows.' }) events: EventInput[],
  ): Promise<RecordEventsPayloadType> {
    authorise(context, 'event:write');
    const userErrors = tooManyRows('events', events);
    if (userErrors.length > 0) return { accepted: 0, duplicates: 0, rejected: [], userErrors };
    return { ...(await this.deps.recordEvents(events.map(toRow))), userErrors: [] };
  }

  @FieldResolver(() => UserType, { description: 'Whose event it is.' })
  async user(@Ctx() context: RequestContext, @Root() event: EventType): Promise<UserType> {
    const user = await this.deps.users.byId(context).load(event.userId);
    if (!user) throw new AppError('NOT_FOUND', 'the customer of this event was erased');
    return toUserType(user, context.viewer);
  }
}

function toRow(input: EventInput): EventRow {
  return {
    source: input.source ?? 'api',
    id: input.id,
    user: input.user,
    type: input.type,
    at: input.at,
    value: input.value ?? null,
    properties: input.properties ?? null,
    device: input.device ?? null,
  };
}

export interface UserEventsResolverDeps {
  events: EventsLoader;
  /** Ids of those event types that exist; see Catalogue.knownIdsOf. */
  knownTypeIds: (names: readonly string[]) => Promise<Map<string, number>>;
}

/** One default per request, so that all users of a list share one loader. */
const defaultUntil = perRequest(
  (context) => new Date(context.clock.now().getTime() + CLOCK_SKEW_MS),
);

@Resolver(() => UserType)
export class UserEventsResolver {
  private readonly typeIds: TypeIdsLoader;

  constructor(private readonly deps: UserEventsResolverDeps) {
    this.typeIds = typeIdsLoader(deps.knownTypeIds);
  }

  @FieldResolver(() => EventConnectionType, {
    description:
      'What the customer did, newest first; for a list of customers one statement in all.',
  })
  async events(
    @Ctx() context: RequestContext,
    @Root() user: UserType,
    @Arg('types', () => [String], { nullable: true, description: 'Only these; default all.' })
    types: string[] | null,
    @Arg('since', () => DateTime, { nullable: true, description: 'At or after.' })
    since: Date | null,
    @Arg('until', () => DateTime, {
      nullable: true,
      description: 'Before; default now (and the 5 minutes that senders may be ahead).',
    })
    until: Date | null,
    @Arg('first', () => Int, PAGE_SIZE) wanted: number | null,
    @Arg('after', () => String, PAGE_AFTER) after: string | null,
    @Info() info: GraphQLResolveInfo,
  ): Promise<EventConnectionType> {
    const first = pageSize(wanted);
    // one more than asked tells whether there are more
    const limit = asksFor(info, 'pageInfo') ? first + 1 : first;
    const typeIds = types && (await this.typeIds(context, types));
    const rows = await this.deps
      .events(context, {
        typeIds: typeIds ?? null,
        since: since ?? null,
        until: until ?? defaultUntil(context),
        after: typeof after === 'string' ? positionOf(after) : null,
        limit,
      })
      .load(user.userId);
    return new Page(rows, first, cursorOf, toEventType);
  }
}

function cursorOf(event: Event): string {
  return encodeCursor([event.at.getTime(), event.sourceId, event.key]);
}

function positionOf(cursor: string): EventPosition {
  const [at, sourceId, key] = decodeCursor(cursor, 3);
  if (
    typeof at !== 'number' ||
    !Number.isSafeInteger(at) ||
    Math.abs(at) > 8.64e15 ||
    typeof sourceId !== 'number' ||
    !Number.isInteger(sourceId) ||
    Math.abs(sourceId) > 32_767 ||
    typeof key !== 'string'
  )
    throw new AppError('INVALID', 'after is not a cursor of events');
  return { at: new Date(at), sourceId, key };
}
