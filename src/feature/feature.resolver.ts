import { Arg, Ctx, FieldResolver, Int, Mutation, Query, Resolver, Root } from 'type-graphql';
import { AuditEntryType } from '../access/access.type.js';
import { authorise } from '../graphql/authorise.js';
import { liveAsOf, perRequest, type RequestContext } from '../graphql/context.js';
import { DateTime } from '../graphql/scalars.js';
import { AppError } from '../kernel/error.js';
import { UserType } from '../user/user.type.js';
import { compileFeatures } from './compile.js';
import { pickVersion, type FeatureDefinition, type FeatureStatus as Status } from './feature.js';
import type { FeatureLoaders } from './feature-loaders.js';
import { FeatureSearchInput } from './feature-search.type.js';
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
import { checkSearch, matchesSearch, type FeatureSearch } from './search-features.js';
import { featureTypeCache, toFeatureValues } from './to-feature-values.js';

export interface FeatureResolverDeps {
  loaders: FeatureLoaders;
  registerFeature: (input: RegisterFeatureInput, actor: string) => Promise<RegisterFeatureResult>;
  moveFeature: (input: MoveFeatureInput, actor: string) => Promise<ChangeFeatureResult>;
  /** What some version of the model takes; null for an unknown model. Without it `usedByModel` is refused. */
  takenByModel?: (
    model: string,
  ) => Promise<((feature: { name: string; version: number }) => boolean) | null>;
  /** Ids of the features whose distribution a job has stored. Without it none has. */
  withStatistics?: (until: Date) => Promise<ReadonlySet<string>>;
}

@Resolver(() => FeatureType)
export class FeatureResolver {
  constructor(private readonly deps: FeatureResolverDeps) {}

  @Query(() => [FeatureType], {
    description:
      'The registry, every version, by name; at most some hundreds. Every condition must hold; an empty list filters nothing.',
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
    @Arg('filter', () => FeatureSearchInput, {
      nullable: true,
      description: 'By any field of a feature.',
    })
    filter: FeatureSearchInput | null,
  ): Promise<FeatureType[]> {
    authorise(context, 'feature:read');
    const both = { statuses: status ?? null, tags: tags ?? null };
    const found = await this.found(context, [both, filter ?? {}]);
    return found.map(toFeatureType);
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

  private async found(
    context: RequestContext,
    searches: readonly FeatureSearch[],
  ): Promise<FeatureDefinition[]> {
    searches.forEach(checkSearch);
    const model = searches.find(({ usedByModel }) => usedByModel)?.usedByModel;
    const taken = model ? await this.deps.takenByModel?.(model) : null;
    if (model && !taken)
      throw new AppError('NOT_FOUND', `filter.usedByModel: no model is named ${model}`);
    const asked = searches.some(({ hasStatistics }) => typeof hasStatistics === 'boolean');
    const stored = asked ? await this.deps.withStatistics?.(liveAsOf(context)) : null;
    const facts = {
      usedByModel: (feature: FeatureDefinition) => taken?.(feature) ?? false,
      hasStatistics: ({ id }: FeatureDefinition) => stored?.has(id) ?? false,
    };
    const all = await this.deps.loaders.registry(context);
    return all.filter((feature) => searches.every((each) => matchesSearch(feature, each, facts)));
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
      'Distribution over the customers who agreed to profiling, as of `statisticsComputedAt`; where no job has computed it yet, over an even sample of 10,000 as of now. Numbers only.',
  })
  async statistics(
    @Ctx() context: RequestContext,
    @Root() { feature }: FeatureType,
  ): Promise<NumericSummaryType | null> {
    return (await this.deps.loaders.statistics(context).load(feature)).summary;
  }

  @FieldResolver(() => [CategoryCountType], {
    description: 'The 50 most frequent categories among the same customers; none for numbers.',
  })
  async categories(
    @Ctx() context: RequestContext,
    @Root() { feature }: FeatureType,
  ): Promise<CategoryCountType[]> {
    return (await this.deps.loaders.statistics(context).load(feature)).categories;
  }

  @FieldResolver(() => DateTime, {
    nullable: true,
    description:
      'When a job computed `statistics` and `categories`; null where they come from a sample now.',
  })
  async statisticsComputedAt(
    @Ctx() context: RequestContext,
    @Root() { feature }: FeatureType,
  ): Promise<Date | null> {
    return (await this.deps.loaders.statistics(context).load(feature)).computedAt;
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
      'Declared features as of an instant; one statement for all customers of a list. Order follows `names`. Of a customer who does not agree to profiling every value is missing.',
  })
  async features(
    @Ctx() context: RequestContext,
    @Root() user: UserType,
    @Arg('names', () => [String], {
      nullable: true,
      description:
        'Default: every approved feature, by name. `name` is its newest approved version, or the newest; `name@2` that version, one of a name in one list. An unknown name is an error.',
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
