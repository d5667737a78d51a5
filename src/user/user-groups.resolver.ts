import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Ctx, Info, Query, Resolver } from 'type-graphql';
import { authorise } from '../graphql/authorise.js';
import type { RequestContext } from '../graphql/context.js';
import { selectedNames } from '../graphql/selection.js';
import { toFilter } from './to-filter.js';
import type { ReadUserGroups } from './user-groups.store.js';
import { UserDimensionInput, UserGroupType } from './user-groups.type.js';
import { UserFilterInput } from './user.type.js';

export interface UserGroupsDeps {
  readGroups: ReadUserGroups;
}

/** Fields of a group that are computed from its count alone. */
const WITHOUT_MEMBERS = new Set(['key', 'count', '__typename']);

/** Customers, counted by what they have in common. */
@Resolver(() => UserGroupType)
export class UserGroupsResolver {
  constructor(private readonly deps: UserGroupsDeps) {}

  @Query(() => [UserGroupType], {
    description:
      'Customers that the filter leaves, counted by what they have in common, the largest group first; at most 4 dimensions and 10,000 groups, else an error.',
  })
  async userGroups(
    @Ctx() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
    @Arg('groupBy', () => [UserDimensionInput], { description: '1..4 dimensions.' })
    groupBy: UserDimensionInput[],
    @Arg('filter', () => UserFilterInput, {
      nullable: true,
      description: 'Which; default everyone.',
    })
    filter: UserFilterInput | null,
  ): Promise<UserGroupType[]> {
    authorise(context, 'user:list');
    const members = [...selectedNames(info)].some((name) => !WITHOUT_MEMBERS.has(name));
    return this.deps.readGroups({ filter: toFilter(filter ?? null), groupBy, members });
  }
}
