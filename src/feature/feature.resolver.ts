import { Arg, Ctx, FieldResolver, Int, Mutation, Query, Resolver, Root } from 'type-graphql';
import { AuditEntryType } from '../access/access.type.js';
import { authorise } from '../graphql/authorise.js';
import { perRequest, type RequestContext } from '../graphql/context.js';
import { DateTime } from '../graphql/scalars.js';
import { UserType } from '../user/user.type.js';
import { compileFeatures } from './compile.js';
import { pickVersion, type FeatureStatus as Status } from './feature.js';
import type { FeatureLoaders } from './feature-loaders.js';
import {
  CategoryCountType,
  FeaturePayloadType,
  FeatureStatus,
  FeatureType,
  FeatureValueType,
  NumericSummaryType,
  RegisterFeatureInputType,
  toFeatureType,
} from './feature.type.js';
import type { ChangeFeatureResult, MoveFeatureInput } from './move-feature.js';
import {
  featureSubject,
  type RegisterFeatureInput,
  type RegisterFeatureResult,
} from './register-feature.js';
import { featureTypeCache, toFeatureValues } from './to-feature-values.js';

export interface FeatureResolverDeps {
  loaders: FeatureLoaders;
  registerFeature: (input: RegisterFeatureInput, actor: string) => Promise<RegisterFeatureResult>;
  moveFeature: (input: MoveFeatureInput, actor: string) => Promise<ChangeFeatureResult>;
}

@Resolver(() => FeatureType)
export class FeatureResolver {
  constructor(private readonly deps: FeatureResolverDeps) {}

  @Query(() => [FeatureType], {
    description: 'The registry, every version, by name; at most some hundreds.',
  })
  async features(
    @Ctx() context: RequestContext,
    @Arg('status', () => [FeatureStatus], {
      nullable: true,
      description: 'Any of these; default all.',
    })
    status: Status[] | null,
    @Arg('tags', () => [String], { nullable: true, description: 'All of these; default any.' })
    tags: string[] | null,
  ): Promise<FeatureType[]> {
    authorise(context, 'feature:read');
    const all = await this.deps.loaders.registry(context);
    return all
      .filter((feature) => status?.includes(feature.status) ?? true)
      .filter((feature) => tags?.every((tag) => feature.tags.includes(tag)) ?? true)
      .map(toFeatureType);
  }

  @Query(() => FeatureType, {
    nullable: true,
    description:
      'A version; without `version` the newest approved one, or the newest. Null when unknown.',
  })
  async feature(
    @Ctx() context: RequestContext,
    @Arg('name', () => String, { description: 'Name of the feature.' }) name: string,
    @Arg('version', () => Int, { nullable: true, description: 'From 1.' }) version: number | null,
  ): Promise<FeatureType | null> {
    authorise(context, 'feature:read');
    const versions = (await this.deps.loaders.registry(context)).filter((row) => row.name === name);
    const feature = pickVersion(versions, version ?? undefined);
    return feature && toFeatureType(feature);
  }

  @Mutation(() => FeaturePayloadType, {
    description: 'Registers a feature, or its next version, as a DRAFT.',
  })
  async registerFeature(
    @Ctx() context: RequestContext,
    @Arg('input', () => RegisterFeatureInputType, { description: 'The feature.' })
    input: RegisterFeatureInputType,
  ): Promise<FeaturePayloadType> {
    authorise(context, 'feature:write');
    const { feature, errors } = await this.deps.registerFeature(input, context.viewer.name);
    return { feature: feature && toFeatureType(feature), userErrors: errors };
  }

  @Mutation(() => FeaturePayloadType, { description: 'Moves a version along its life.' })
  async moveFeature(
    @Ctx() context: RequestContext,
    @Arg('name', () => String, { description: 'Name of the feature.' }) name: string,
    @Arg('to', () => FeatureStatus, { description: 'The next status.' }) to: Status,
    @Arg('comment', () => String, { nullable: true, description: 'Why; kept in the history.' })
    comment: string | null,
    @Arg('version', () => Int, { nullable: true, description: 'Default: the newest.' })
    version: number | null,
  ): Promise<FeaturePayloadType> {
    authorise(context, 'feature:write');
    const input = { name, to, comment: comment ?? null, version: version ?? null };
    const { feature, errors } = await this.deps.moveFeature(input, context.viewer.name);
    return { feature: feature && toFeatureType(feature), userErrors: errors };
  }

  @FieldResolver(() => String, {
    description:
      'The SQL the definition compiles to, for a list of users; its placeholders are explained below it.',
  })
  sql(@Root() { feature }: FeatureType): string {
    const compiled = compileFeatures([feature], {
      access: 'byUser',
      everyone: false,
      instants: 'shared',
      people: false,
    });
    return [compiled.text, ...compiled.legend().map((line) => `-- ${line}`)].join('\n');
  }

  @FieldResolver(() => NumericSummaryType, {
    nullable: true,
    description:
      'Distribution over at most 10,000 customers (an even sample), as of now; numbers only.',
  })
  async statistics(
    @Ctx() context: RequestContext,
    @Root() { feature }: FeatureType,
  ): Promise<NumericSummaryType | null> {
    return (await this.deps.loaders.statistics(context).load(feature)).summary;
  }

  @FieldResolver(() => [CategoryCountType], {
    description: 'The 50 most frequent categories in the same sample; none for numbers.',
  })
  async categories(
    @Ctx() context: RequestContext,
    @Root() { feature }: FeatureType,
  ): Promise<CategoryCountType[]> {
    return (await this.deps.loaders.statistics(context).load(feature)).categories;
  }

  @FieldResolver(() => [AuditEntryType], { description: 'Who changed it, newest first.' })
  history(
    @Ctx() context: RequestContext,
    @Root() { feature }: FeatureType,
  ): Promise<AuditEntryType[]> {
    return this.deps.loaders.history(context).load(featureSubject(feature));
  }
}

const typesOfRequest = perRequest(() => featureTypeCache());

@Resolver(() => UserType)
export class UserFeaturesResolver {
  constructor(private readonly deps: Pick<FeatureResolverDeps, 'loaders'>) {}

  @FieldResolver(() => [FeatureValueType], {
    description:
      'Declared features as of an instant; one statement for all customers of a list. Order follows `names`.',
  })
  async features(
    @Ctx() context: RequestContext,
    @Root() user: UserType,
    @Arg('names', () => [String], {
      nullable: true,
      description: 'Default: every approved feature, by name. An unknown name is an error.',
    })
    names: string[] | null,
    @Arg('asOf', () => DateTime, {
      nullable: true,
      description: 'Only events before it count; default now. Profile attributes have no history.',
    })
    asOf: Date | null,
  ): Promise<FeatureValueType[]> {
    authorise(context, 'feature:read');
    const request = { userId: user.userId, names: names ?? null, asOf: asOf ?? null };
    const values = await this.deps.loaders.ofUser(context, request);
    return toFeatureValues(values, typesOfRequest(context), context.clock.wall());
  }
}
