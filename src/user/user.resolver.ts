import { Arg, Ctx, FieldResolver, ID, Int, Mutation, Query, Resolver, Root } from 'type-graphql';
import type { TellPersonalRead } from '../access/personal-reads.js';
import { authorise } from '../graphql/authorise.js';
import type { RequestContext } from '../graphql/context.js';
import { Page, pageSize } from '../graphql/cursor.js';
import { PAGE_AFTER, PAGE_SIZE } from '../graphql/page.type.js';
import { tooManyRows } from '../graphql/rows-of-call.js';
import { AppError, userError } from '../kernel/error.js';
import type { UserLoaders } from './user-loaders.js';
import type { UpsertUsersResult } from './upsert-users.js';
import type { User, UserRow } from './user.js';
import type { UserStore } from './user.store.js';
import { toFilter, userIdOf } from './to-filter.js';
import {
  toUserType,
  UpsertUsersPayloadType,
  UserConnectionType,
  UserFilterInput,
  UserInput,
  UserOrderInput,
  UserPayloadType,
  UserType,
} from './user.type.js';
import { userCursor } from './user-page.js';

export interface UserResolverDeps {
  users: Pick<UserStore, 'page' | 'count'>;
  loaders: UserLoaders;
  upsertUsers: (rows: readonly UserRow[]) => Promise<UpsertUsersResult>;
  setConsent: (
    externalId: string,
    change: { profiling: boolean | null; marketing: boolean | null },
    actor: string,
  ) => Promise<User | null>;
  /** Told of every name and e-mail that is answered, by whichever way the customer was found. */
  personalRead?: TellPersonalRead;
}

@Resolver(() => UserType)
export class UserResolver {
  constructor(private readonly deps: UserResolverDeps) {}

  @Query(() => UserType, {
    nullable: true,
    description: 'One customer by exactly one of `id` and `externalId`; null when unknown.',
  })
  async user(
    @Ctx() context: RequestContext,
    @Arg('id', () => ID, { nullable: true, description: 'Id in the graph, such as `User:42`.' })
    id: string | null,
    @Arg('externalId', () => String, { nullable: true, description: 'Key in the CRM.' })
    externalId: string | null,
  ): Promise<UserType | null> {
    authorise(context, 'user:read');
    const { byId, byExternalId } = this.deps.loaders;
    const [wantedId, wantedKey] = [id ?? null, externalId ?? null];
    if ((wantedId === null) === (wantedKey === null))
      throw new AppError('INVALID', 'user needs exactly one of id and externalId');
    const user = await (wantedId === null
      ? byExternalId(context).load(wantedKey ?? '')
      : byId(context).load(userIdOf(wantedId)));
    return user && toUserType(user, context.viewer);
  }

  @Query(() => UserConnectionType, {
    description: 'Customers, sorted, a page at a time; without an order, by when they were made.',
  })
  async users(
    @Ctx() context: RequestContext,
    @Arg('filter', () => UserFilterInput, {
      nullable: true,
      description: 'Which; default everyone.',
    })
    filterInput: UserFilterInput | null,
    @Arg('orderBy', () => [UserOrderInput], { nullable: true, description: 'At most 3 keys.' })
    orderInput: UserOrderInput[] | null,
    @Arg('first', () => Int, PAGE_SIZE) wanted: number | null,
    @Arg('after', () => String, PAGE_AFTER) after: string | null,
  ): Promise<UserConnectionType> {
    authorise(context, 'user:list');
    const filter = toFilter(filterInput ?? null);
    const order = orderInput ?? [];
    const first = pageSize(wanted);
    const limit = first + 1;
    const rows = await this.deps.users.page({ filter, order, after: after ?? null, limit });
    const page = new Page(rows, first, userCursor(order), (row) => toUserType(row, context.viewer));
    return Object.assign(page, { count: () => this.deps.users.count(filter) });
  }

  @FieldResolver(() => String, {
    nullable: true,
    description:
      'Personal data: null for a role without access to it, and then named in `redacted`. That it was read is audited.',
  })
  name(@Ctx() context: RequestContext, @Root() user: UserType): string | null {
    return this.told(context, user, 'name');
  }

  @FieldResolver(() => String, {
    nullable: true,
    description:
      'Personal data: null for a role without access to it, and then named in `redacted`. That it was read is audited.',
  })
  email(@Ctx() context: RequestContext, @Root() user: UserType): string | null {
    return this.told(context, user, 'email');
  }

  private told(context: RequestContext, user: UserType, field: 'name' | 'email'): string | null {
    const value = user[field];
    if (value !== null) this.deps.personalRead?.(context, user.userId, field);
    return value;
  }

  @Mutation(() => UpsertUsersPayloadType, {
    description:
      'Writes profiles, at most 10,000 a call, each row by itself. Repeating a call changes nothing. Rows that are not taken are kept with their reason for 30 days, see `rejectedRows`.',
  })
  async upsertUsers(
    @Ctx() context: RequestContext,
    @Arg('users', () => [UserInput], { description: 'The rows.' }) users: UserInput[],
  ): Promise<UpsertUsersPayloadType> {
    authorise(context, 'user:write');
    const userErrors = tooManyRows('users', users);
    if (userErrors.length > 0) return { created: 0, updated: 0, rejected: [], userErrors };
    return { ...(await this.deps.upsertUsers(users)), userErrors: [] };
  }

  @Mutation(() => UserPayloadType, { description: 'Records what the customer agrees to.' })
  async setConsent(
    @Ctx() context: RequestContext,
    @Arg('externalId', () => String, { description: 'Key in the CRM.' }) externalId: string,
    @Arg('profiling', () => Boolean, { nullable: true, description: 'Left out: stays as it is.' })
    profiling: boolean | null,
    @Arg('marketing', () => Boolean, { nullable: true, description: 'Left out: stays as it is.' })
    marketing: boolean | null,
  ): Promise<UserPayloadType> {
    authorise(context, 'user:write');
    const change = { profiling: profiling ?? null, marketing: marketing ?? null };
    const user = await this.deps.setConsent(externalId, change, context.viewer.name);
    if (user) return { user: toUserType(user, context.viewer), userErrors: [] };
    const message = `no customer has the externalId ${externalId.slice(0, 200)}`;
    return { user: null, userErrors: [userError('NOT_FOUND', message, 'externalId')] };
  }
}

@Resolver(() => UserConnectionType)
export class UserConnectionResolver {
  @FieldResolver(() => Int, {
    description:
      'How many the filter leaves over all pages; costs one count, made only when asked for.',
  })
  totalCount(@Root() connection: UserConnectionType): Promise<number> {
    return connection.count();
  }
}
