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

/** The distribution in each group; one read for all of them. */
async function summariesOf(
  readFeatures: ReadFeatures,
  feature: FeatureDefinition,
  groups: readonly UserGroupType[],
  asOf: Date,
): Promise<NumericSummary[]> {
  const users = [...new Set(groups.flatMap(({ members }) => [...(members ?? [])]))];
  const rows = await readFeatures({ features: [feature], users, asOf, people: 'consent' });
  const rowOf = new Map(users.map((id, row) => [id, row]));
  const consent = consentOf(rows.columns);
  return groups.map(({ members }) => {
    const own = [...(members ?? [])].flatMap((id) => {
      const row = rowOf.get(id);
      return row !== undefined && consent?.[row] === 1 ? [row] : [];
    });
    const { summary } = distributionOf(feature, pick(rows, feature.name, own));
    if (!summary)
      throw new AppError('INVALID', `feature ${feature.name} is ${feature.type}, not a number`);
    return summary;
  });
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
