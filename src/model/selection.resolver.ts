import type DataLoader from 'dataloader';
import { Arg, Ctx, FieldResolver, ID, Int, Mutation, Query, Resolver, Root } from 'type-graphql';
import type { Clock } from '../kernel/clock.js';
import { AppError, userError } from '../kernel/error.js';
import { decodeUuid } from '../kernel/id.js';
import type { FeatureDefinition } from '../feature/feature.js';
import type { FeatureType } from '../feature/feature.type.js';
import { featureTypeCache } from '../feature/to-feature-values.js';
import { authorise } from '../graphql/authorise.js';
import { perRequest, type RequestContext } from '../graphql/context.js';
import { pageSize } from '../graphql/cursor.js';
import type { Job } from '../job/job.js';
import { jobNode, type JobNode } from '../job/job-node.js';
import { JobPayloadType, JobType } from '../job/job.type.js';
import type { SubmitJob } from '../job/submit-job.js';
import type { Model } from './model.js';
import { featureKey } from './model-features.js';
import { modelNode, type ModelNode } from './model-nodes.js';
import { ModelType } from './model.type.js';
import { planSelection } from './select/request-selection.js';
import { selectionNode, type FeatureSelectionNode } from './selection-node.js';
import type { SelectionLoaders } from './selection-loaders.js';
import {
  FeatureSelectionType,
  OverallRankType,
  SelectFeaturesInputType,
  SelectionMethodReportType,
} from './selection.type.js';
import type { ModelLoaders } from './version-loaders.js';

const MAX_SELECTIONS = 100;
const typesOfRequest = perRequest(() => featureTypeCache());

/** The selections of a model. */
@Resolver(() => ModelType)
export class ModelSelectionsResolver {
  constructor(private readonly deps: { selections: Pick<SelectionLoaders, 'ofModel'> }) {}

  @FieldResolver(() => [FeatureSelectionType], {
    description: 'Rankings of candidate features, newest first; at most 100.',
  })
  async selections(
    @Root() model: ModelNode,
    @Arg('first', () => Int, {
      nullable: true,
      defaultValue: 10,
      description: 'The newest so many, 0..100.',
    })
    wanted: number | null,
    @Ctx() context: RequestContext,
  ): Promise<FeatureSelectionNode[]> {
    const first = pageSize(wanted, MAX_SELECTIONS);
    const found = await this.deps.selections.ofModel(context, first).load(model.key);
    return found.map(selectionNode);
  }
}

export interface FeatureSelectionResolverDeps {
  modelByName(name: string): Promise<Model | null>;
  submitJob: SubmitJob;
  selections: SelectionLoaders;
  models: Pick<ModelLoaders, 'model'>;
  jobLoader(context: RequestContext): DataLoader<string, Job | null>;
  /** The registry of features, read once a request. */
  featureRegistry(context: RequestContext): Promise<FeatureDefinition[]>;
  clock: Clock;
}

/** Asking for a selection, and reading one. */
@Resolver(() => FeatureSelectionType)
export class FeatureSelectionResolver {
  constructor(private readonly deps: FeatureSelectionResolverDeps) {}

  @Mutation(() => JobPayloadType, {
    description:
      'Starts a ranking of candidate features for a model; follow the job. Its result is a FeatureSelection.',
  })
  async selectFeatures(
    @Arg('input', () => SelectFeaturesInputType, { description: 'What to rank, and how.' })
    input: SelectFeaturesInputType,
    @Ctx() context: RequestContext,
  ): Promise<JobPayloadType> {
    authorise(context, 'job:run');
    const model = await this.deps.modelByName(input.model);
    if (!model) {
      const error = userError('NOT_FOUND', `no model is named ${input.model}`, 'input', 'model');
      return { job: null, userErrors: [error] };
    }
    const { clock } = this.deps;
    const registry = await this.deps.featureRegistry(context);
    const plan = planSelection(model, registry, wishOf(input), clock.now(), clock.wall());
    if (plan.error) return { job: null, userErrors: [plan.error] };
    const job = await this.deps.submitJob('SELECT', plan.input, context.viewer.name);
    return { job: jobNode(job), userErrors: [] };
  }

  @Query(() => FeatureSelectionType, {
    nullable: true,
    description: 'One ranking of candidate features; null when there is none.',
  })
  async featureSelection(
    @Arg('id', () => ID, { description: '`FeatureSelection:<uuid>`' }) id: string,
    @Ctx() context: RequestContext,
  ): Promise<FeatureSelectionNode | null> {
    authorise(context, 'model:read');
    const key = decodeUuid('FeatureSelection', id);
    const found = key === null ? null : await this.deps.selections.selection(context).load(key);
    return found && selectionNode(found);
  }

  @FieldResolver(() => ModelType, { description: 'The model it was made for.' })
  async model(
    @Root() { modelId }: FeatureSelectionNode,
    @Ctx() context: RequestContext,
  ): Promise<ModelNode> {
    const model = await this.deps.models.model(context).load(modelId);
    if (!model) throw new AppError('INTERNAL', `model ${modelId} is gone`);
    return modelNode(model);
  }

  @FieldResolver(() => [SelectionMethodReportType], {
    description: 'What each method found, the cheap ones first; at most 6.',
  })
  async methods(
    @Root() { report }: FeatureSelectionNode,
    @Ctx() context: RequestContext,
  ): Promise<SelectionMethodReportType[]> {
    const featureOf = await this.features(context);
    return report.methods.map((method) => ({
      ...method,
      ranking: method.ranking.map((row) => ({ ...row, ...featureOf(row.feature) })),
    }));
  }

  @FieldResolver(() => [OverallRankType], {
    description: 'Every candidate over all methods, best first; at most 500.',
  })
  async overall(
    @Root() { report }: FeatureSelectionNode,
    @Ctx() context: RequestContext,
  ): Promise<OverallRankType[]> {
    const featureOf = await this.features(context);
    return report.overall.map((row) => ({ ...row, ...featureOf(row.feature) }));
  }

  @FieldResolver(() => JobType, {
    nullable: true,
    description: 'The job that made it. Needs the right to see jobs.',
  })
  async job(
    @Root() { jobId }: FeatureSelectionNode,
    @Ctx() context: RequestContext,
  ): Promise<JobNode | null> {
    authorise(context, 'job:read');
    const job = jobId === null ? null : await this.deps.jobLoader(context).load(jobId);
    return job && jobNode(job);
  }

  /** From `name@version` to the feature; versions are never deleted. */
  private async features(
    context: RequestContext,
  ): Promise<(key: string) => { feature: FeatureType; name: string }> {
    const registry = await this.deps.featureRegistry(context);
    const byKey = new Map(registry.map((feature) => [featureKey(feature), feature]));
    const typeOf = typesOfRequest(context);
    return (key) => {
      const feature = byKey.get(key);
      if (!feature) throw new AppError('INTERNAL', `feature ${key} is gone`);
      return { feature: typeOf(feature), name: feature.name };
    };
  }
}

function wishOf(input: SelectFeaturesInputType): Parameters<typeof planSelection>[2] {
  return {
    asOf: input.asOf ?? null,
    horizonDays: input.horizonDays ?? null,
    label: input.label ?? null,
    seed: input.seed ?? null,
    methods: input.methods ?? null,
    candidates: input.candidates ?? null,
    statuses: input.statuses ?? null,
    thresholds: input.thresholds ?? null,
  };
}
