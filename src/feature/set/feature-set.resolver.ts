import type { FieldNode, GraphQLResolveInfo } from 'graphql';
import { Arg, Ctx, FieldResolver, Info, Resolver, Root } from 'type-graphql';
import { authorise } from '../../graphql/authorise.js';
import { liveAsOf, perRequest, type RequestContext } from '../../graphql/context.js';
import { loaderByArguments, type LoaderByArguments } from '../../graphql/loader-by-arguments.js';
import { DateTime } from '../../graphql/scalars.js';
import { selectedNames } from '../../graphql/selection.js';
import { UserType } from '../../user/user.type.js';
import type { FeatureDefinition } from '../feature.js';
import type { UserFeatures } from '../feature-loaders.js';
import { consentOf } from '../people.js';
import type { ReadFeatures } from '../read-features.js';
import { FeatureSetType } from './feature-set.type.js';
import { featuresOfFields } from './with-feature-fields.js';

export interface UserFeatureSetDeps {
  readFeatures: ReadFeatures;
}

interface FeaturesAsked {
  features: readonly FeatureDefinition[];
  asOf: Date;
}

/** What a selection asks for is found out once for all customers of a list. */
const askedOfRequest = perRequest(() => new Map<readonly FieldNode[], FeatureDefinition[]>());

@Resolver(() => UserType)
export class UserFeatureSetResolver {
  private readonly valuesOf: LoaderByArguments<FeaturesAsked, number, UserFeatures>;

  constructor({ readFeatures }: UserFeatureSetDeps) {
    this.valuesOf = loaderByArguments(
      ({ features, asOf }) => `${asOf.getTime()} ${features.map(({ id }) => id).join(' ')}`,
      async (users: readonly number[], { features, asOf }, context) => {
        const rows = await readFeatures({ features, users, asOf, people: 'consent' });
        const computedAt = context.clock.wall();
        return users.map((_, row) => ({ features, rows, row, asOf, computedAt }));
      },
    );
  }

  @FieldResolver(() => FeatureSetType, {
    description:
      'Features by name, as fields: only what is selected is computed, in one statement for all customers of a list.',
  })
  async featureSet(
    @Ctx() context: RequestContext,
    @Root() user: UserType,
    @Info() info: GraphQLResolveInfo,
    @Arg('asOf', () => DateTime, {
      nullable: true,
      description: 'Only events before it count; default now. Profile attributes have no history.',
    })
    asOf: Date | null,
  ): Promise<FeatureSetType> {
    authorise(context, 'feature:read');
    const asked = { features: askedFeatures(context, info), asOf: asOf ?? liveAsOf(context) };
    const values = await this.valuesOf(context, asked).load(user.userId);
    const { asOf: instant, computedAt, rows, row } = values;
    const optedOut = consentOf(rows.columns)?.[row] === 0;
    return {
      values: optedOut ? null : values,
      asOf: instant,
      computedAt,
      missingReason: optedOut ? 'OPTED_OUT' : null,
    };
  }
}

function askedFeatures(context: RequestContext, info: GraphQLResolveInfo): FeatureDefinition[] {
  const asked = askedOfRequest(context);
  let features = asked.get(info.fieldNodes);
  if (!features) {
    features = featuresOfFields(info.schema, selectedNames(info));
    asked.set(info.fieldNodes, features);
  }
  return features;
}
