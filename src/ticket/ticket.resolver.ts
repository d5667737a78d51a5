import DataLoader from 'dataloader';
import { Arg, Ctx, FieldResolver, ID, Int, Mutation, Query, Resolver, Root } from 'type-graphql';
import type { TellPersonalRead } from '../access/personal-reads.js';
import { CLOCK_SKEW_MS } from '../event/event.js';
import { authorise } from '../graphql/authorise.js';
import { perRequest, type RequestContext } from '../graphql/context.js';
import { decodeCursor, encodeCursor, Page, pageSize } from '../graphql/cursor.js';
import { PAGE_AFTER, PAGE_SIZE } from '../graphql/page.type.js';
import { tooManyRows } from '../graphql/rows-of-call.js';
import { AppError } from '../kernel/error.js';
import { decodeNumericId } from '../kernel/id.js';
import type { UserLoaders } from '../user/user-loaders.js';
import { toUserType, UserType } from '../user/user.type.js';
import type { RecordTicketsResult } from './record-tickets.js';
import { asKnownBefore, type Ticket, type TicketRow } from './ticket.js';
import type { TicketPosition } from './ticket.store.js';
import {
  RecordTicketsPayloadType,
  TicketConnectionType,
  TicketInput,
  TicketType,
  toTicketType,
} from './ticket.type.js';
import type { TicketsLoader } from './tickets-loader.js';

export interface TicketResolverDeps {
  ticketsByIds: (ids: readonly number[]) => Promise<(Ticket | null)[]>;
  recordTickets: (rows: readonly TicketRow[]) => Promise<RecordTicketsResult>;
  users: Pick<UserLoaders, 'byId'>;
  /** Tells that the text of a customer's ticket goes into the answer. */
  tellPersonalRead?: TellPersonalRead;
}

/** Behind the last instant that counts as known; one per request, so that all customers share one loader. */
const knownUntil = perRequest((context) => new Date(context.clock.now().getTime() + CLOCK_SKEW_MS));

@Resolver(() => TicketType)
export class TicketResolver {
  private readonly byId: (context: RequestContext) => DataLoader<number, Ticket | null>;

  constructor(private readonly deps: TicketResolverDeps) {
    this.byId = perRequest(() => new DataLoader(deps.ticketsByIds));
  }

  @Query(() => TicketType, { nullable: true, description: 'One ticket; null when unknown.' })
  async ticket(
    @Ctx() context: RequestContext,
    @Arg('id', () => ID, { description: 'Id in the graph, such as `Ticket:42`.' }) id: string,
  ): Promise<TicketType | null> {
    authorise(context, 'user:read');
    const ticketId = decodeNumericId('Ticket', id);
    if (ticketId === null)
      throw new AppError('INVALID', `not the id of a ticket (Ticket:<number>): ${id.slice(0, 80)}`);
    const ticket = await this.byId(context).load(ticketId);
    const known = ticket && asKnownBefore(ticket, knownUntil(context));
    return known && toTicketType(known, context.viewer);
  }

  @Mutation(() => RecordTicketsPayloadType, {
    description:
      'Records service tickets and what became of them, at most 10,000 a call, each row by itself. Features see the opening, the solution and the rating from their own instants on.',
  })
  async recordTickets(
    @Ctx() context: RequestContext,
    @Arg('tickets', () => [TicketInput], { description: 'The rows.' }) tickets: TicketInput[],
  ): Promise<RecordTicketsPayloadType> {
    authorise(context, 'event:write');
    const userErrors = tooManyRows('tickets', tickets);
    if (userErrors.length > 0)
      return { created: 0, updated: 0, unchanged: 0, rejected: [], userErrors };
    return { ...(await this.deps.recordTickets(tickets.map(toRow))), userErrors: [] };
  }

  @FieldResolver(() => UserType, { description: 'Whose ticket it is.' })
  async user(@Ctx() context: RequestContext, @Root() ticket: TicketType): Promise<UserType> {
    const user = await this.deps.users.byId(context).load(ticket.userId);
    if (!user) throw new AppError('NOT_FOUND', 'the customer of this ticket was erased');
    return toUserType(user, context.viewer);
  }

  @FieldResolver(() => String, {
    nullable: true,
    description:
      'Personal data: what the customer wrote; null when nothing, or for a role without access to it, and then named in `redacted`.',
  })
  text(@Ctx() context: RequestContext, @Root() ticket: TicketType): string | null {
    if (ticket.body !== null) this.deps.tellPersonalRead?.(context, ticket.userId, 'ticket.text');
    return ticket.body;
  }
}

function toRow(input: TicketInput): TicketRow {
  return {
    source: input.source ?? 'crm',
    key: input.key,
    user: input.user,
    issueType: input.issueType,
    text: input.text ?? null,
    openedAt: input.openedAt,
    resolvedAt: input.resolvedAt ?? null,
    satisfaction: input.satisfaction ?? null,
    ratedAt: input.ratedAt ?? null,
  };
}

@Resolver(() => UserType)
export class UserTicketsResolver {
  constructor(private readonly deps: { tickets: TicketsLoader }) {}

  @FieldResolver(() => TicketConnectionType, {
    description:
      'Service tickets of the customer as known now, newest first; for a list of customers one statement in all.',
  })
  async tickets(
    @Ctx() context: RequestContext,
    @Root() user: UserType,
    @Arg('first', () => Int, PAGE_SIZE) wanted: number | null,
    @Arg('after', () => String, PAGE_AFTER) after: string | null,
    @Arg('open', () => Boolean, {
      nullable: true,
      description: 'True: not resolved yet. False: resolved. Default both.',
    })
    open: boolean | null,
  ): Promise<TicketConnectionType> {
    const first = pageSize(wanted);
    const until = knownUntil(context);
    const rows = await this.deps
      .tickets(context, {
        open: open ?? null,
        until,
        after: typeof after === 'string' ? positionOf(after) : null,
        limit: first + 1,
      })
      .load(user.userId);
    const known = rows.flatMap((ticket) => asKnownBefore(ticket, until) ?? []);
    return new Page(known, first, cursorOf, (ticket) => toTicketType(ticket, context.viewer));
  }
}

function cursorOf({ openedAt, id }: Ticket): string {
  return encodeCursor([openedAt.getTime(), id]);
}

function positionOf(cursor: string): TicketPosition {
  const [at, id] = decodeCursor(cursor, 2);
  if (
    typeof at !== 'number' ||
    !Number.isSafeInteger(at) ||
    Math.abs(at) > 8.64e15 ||
    typeof id !== 'number' ||
    !Number.isSafeInteger(id)
  )
    throw new AppError('INVALID', 'after is not a cursor of tickets');
  return { openedAt: new Date(at), id };
}
