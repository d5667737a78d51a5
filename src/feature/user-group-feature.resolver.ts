import { setImmediate as turn } from 'node:timers/promises';
import { Arg, Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import { authorise } from '../graphql/authorise.js';
import { liveAsOf, type RequestContext } from '../graphql/context.js';
import { loaderByArguments } from '../graphql/loader-by-arguments.js';
import { AppError } from '../kernel/error.js';
import { UserGroupType } from '../user/user-groups.type.js';
import { namedFeatures } from './feature.store.js';
import { distributionOf, type NumericSummary } from './feature-statistics.js';
import type { FeatureDefinition } from './feature.js';
import { NumericSummaryType } from './feature.type.js';
import { consentOf } from './people.js';
import type { FeatureColumn, FeatureRows, ReadFeatures } from './read-features.js';

export interface UserGroupFeatureDeps {
  /** The registry, read once a request. */
  registry(context: RequestContext): Promise<FeatureDefinition[]>;
  readFeatures: ReadFeatures;
}

/** A feature over groups of customers. */
@Resolver(() => UserGroupType)
export class UserGroupFeatureResolver {
  private readonly summaries;

  constructor(deps: UserGroupFeatureDeps) {
    this.summaries = loaderByArguments(
      (name: string) => name,
      async (groups: readonly UserGroupType[], name, context) => {
        const [feature] = namedFeatures(await deps.registry(context), [name]);
        if (!feature) throw new AppError('NOT_FOUND', `no feature is registered as ${name}`);
        return summariesOf(deps.readFeatures, feature, groups, liveAsOf(context));
      },
    );
  }

  @FieldResolver(() => NumericSummaryType, {
    description:
      'A numerical feature over the customers of the group who agree to profiling, as of now; one statement for all groups.',
  })
  feature(
    @Root() group: UserGroupType,
    @Arg('name', () => String, { description: 'Name of the feature, or name@version.' })
    name: string,
    @Ctx() context: RequestContext,
  ): Promise<NumericSummaryType> {
    authorise(context, 'feature:read');
    return this.summaries(context, name).load(group);
  }
}

/** Customers that are read by a list; more are read with everybody, where they are a good part of everybody. */
const MOST_LISTED = 20_000;
const GOOD_PART = 1 / 3;

/** The distribution in each group; one read for all of them. Between groups the event loop has its turn. */
async function summariesOf(
  readFeatures: ReadFeatures,
  feature: FeatureDefinition,
  groups: readonly UserGroupType[],
  asOf: Date,
): Promise<NumericSummary[]> {
  const users = everyoneOrListed(groups.map(({ members }) => members ?? new Float64Array(0)));
  const rows = await readFeatures({ features: [feature], users, asOf, people: 'consent' });
  const summaries: NumericSummary[] = [];
  for (const { members } of groups) {
    const own = rowsOf(rows, members ?? new Float64Array(0));
    const { summary } = distributionOf(feature, pick(rows, feature.name, own));
    if (!summary)
      throw new AppError('INVALID', `feature ${feature.name} is ${feature.type}, not a number`);
    summaries.push(summary);
    await turn();
  }
  return summaries;
}

/** Ids ascending. A long list costs more than everybody does, unless they are few among many: ids tell, roughly. */
function everyoneOrListed(groups: readonly Float64Array[]): 'everyone' | number[] {
  const total = groups.reduce((sum, members) => sum + members.length, 0);
  const last = groups.reduce((most, members) => Math.max(most, members.at(-1) ?? 0), 0);
  if (total > MOST_LISTED && total >= last * GOOD_PART) return 'everyone';
  const ids = new Float64Array(total);
  let at = 0;
  for (const members of groups) {
    ids.set(members, at);
    at += members.length;
  }
  // nobody is in two groups
  return Array.from(ids.sort());
}

/** Rows of those members who agree to profiling; ids ascend in both. */
function rowsOf({ userIds, columns }: FeatureRows, members: Float64Array): number[] {
  const consent = consentOf(columns);
  const own: number[] = [];
  let row = 0;
  for (const id of members) {
    while ((userIds[row] ?? Infinity) < id) row += 1;
    if (userIds[row] === id && consent?.[row] === 1) own.push(row);
  }
  return own;
}

function pick(rows: FeatureRows, name: string, own: readonly number[]): FeatureRows {
  const column = rows.columns.get(name) ?? new Float64Array(0);
  const picked: FeatureColumn =
    column instanceof Float64Array
      ? Float64Array.from(own, (row) => column[row] ?? NaN)
      : own.map((row) => column[row] ?? null);
  const userIds = Float64Array.from(own, (row) => rows.userIds[row] ?? NaN);
  return { userIds, rows: own.length, columns: new Map([[name, picked]]) };
}
