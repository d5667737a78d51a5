import { Arg, Ctx, Int, Mutation, Query, Resolver } from 'type-graphql';
import type { FeatureDefinition } from '../feature/feature.js';
import { authorise } from '../graphql/authorise.js';
import type { RequestContext } from '../graphql/context.js';
import { pageSize } from '../graphql/cursor.js';
import { jobNode } from '../job/job-node.js';
import { JobPayloadType } from '../job/job.type.js';
import type { SubmitJob } from '../job/submit-job.js';
import type { Clock } from '../kernel/clock.js';
import { AppError, userError } from '../kernel/error.js';
import type { ModelVersion } from '../model/model.js';
import { planSegmentation } from './request-segmentation.js';
import {
  segmentationNode,
  segmentNodes,
  type SegmentationNode,
  type SegmentNode,
} from './segment-nodes.js';
import { RunSegmentationInputType, SegmentationType, SegmentType } from './segment.type.js';
import type { SegmentationSpec } from './segmentation-spec.js';
import type { SegmentationStore } from './segmentation.store.js';
import { STANDARD_SEGMENTATION, type SegmentationModel } from './segmentation.js';

export interface SegmentationResolverDeps {
  segmentations: Pick<SegmentationStore, 'byKey'>;
  /** Registers the recipe of a new one. @throws AppError CONFLICT when the key is taken by a model that scores */
  ensure(spec: SegmentationSpec): Promise<SegmentationModel>;
  versionPage(page: {
    modelId: string;
    stages: null;
    limit: number;
    after: number | null;
  }): Promise<ModelVersion[]>;
  inStage(modelIds: readonly string[], stage: 'PRODUCTION'): Promise<ModelVersion[]>;
  submitJob: SubmitJob;
  featureRegistry(context: RequestContext): Promise<FeatureDefinition[]>;
  clock: Clock;
}

const MOST_VERSIONS = 100;

const KEY_ARGUMENT = {
  defaultValue: STANDARD_SEGMENTATION,
  description: 'Key of the segmentation.',
};

/** Asking for a segmentation, and reading its versions. */
@Resolver(() => SegmentationType)
export class SegmentationResolver {
  constructor(private readonly deps: SegmentationResolverDeps) {}

  @Query(() => [SegmentationType], {
    description: 'Versions of a segmentation, newest first; none for a key that is not known.',
  })
  async segmentations(
    @Arg('key', () => String, { nullable: true, ...KEY_ARGUMENT }) key: string | null,
    @Arg('first', () => Int, {
      nullable: true,
      defaultValue: 20,
      description: 'Versions at most, 0..100.',
    })
    wanted: number | null,
    @Ctx() context: RequestContext,
  ): Promise<SegmentationNode[]> {
    authorise(context, 'segment:read');
    const limit = pageSize(wanted, MOST_VERSIONS);
    const model = await this.deps.segmentations.byKey(key ?? STANDARD_SEGMENTATION);
    if (!model) return [];
    const page = { modelId: model.id, stages: null, limit, after: null };
    return (await this.deps.versionPage(page)).map((row) => segmentationNode(model, row));
  }

  @Query(() => SegmentationType, {
    nullable: true,
    description:
      'One version of a segmentation, the live one unless told; null when there is none.',
  })
  async segmentation(
    @Arg('key', () => String, { nullable: true, ...KEY_ARGUMENT }) key: string | null,
    @Arg('version', () => Int, { nullable: true, description: 'Its number.' })
    version: number | null,
    @Ctx() context: RequestContext,
  ): Promise<SegmentationNode | null> {
    authorise(context, 'segment:read');
    const model = await this.deps.segmentations.byKey(key ?? STANDARD_SEGMENTATION);
    return model && this.versionOf(model, version ?? null);
  }

  @Query(() => [SegmentType], {
    description: 'Segments of the live version, in a fixed order; none while no version is live.',
  })
  async segments(
    @Arg('segmentation', () => String, { nullable: true, ...KEY_ARGUMENT }) key: string | null,
    @Ctx() context: RequestContext,
  ): Promise<SegmentNode[]> {
    authorise(context, 'segment:read');
    const model = await this.deps.segmentations.byKey(key ?? STANDARD_SEGMENTATION);
    const live = model && (await this.versionOf(model, null));
    return live ? segmentNodes(live) : [];
  }

  @Mutation(() => JobPayloadType, {
    description:
      'Starts finding segments anew; follow the job. Its result is a Segmentation, live unless told otherwise.',
  })
  async runSegmentation(
    @Arg('input', () => RunSegmentationInputType, { description: 'What to group by, and how.' })
    input: RunSegmentationInputType,
    @Ctx() context: RequestContext,
  ): Promise<JobPayloadType> {
    authorise(context, 'job:run');
    const key = input.key ?? STANDARD_SEGMENTATION;
    const model = await this.deps.segmentations.byKey(key);
    const registry = await this.deps.featureRegistry(context);
    const wish = {
      key,
      algorithms: input.algorithms ?? null,
      k: input.k ?? null,
      maxK: input.maxK ?? null,
      features: input.features ?? null,
      seed: input.seed ?? null,
      makeLive: input.makeLive ?? true,
      labels: input.labels ?? null,
      dbscanEps: input.dbscanEps ?? null,
      dbscanMinPoints: input.dbscanMinPoints ?? null,
    };
    const plan = planSegmentation(model, registry, wish, this.deps.clock.now());
    if (plan.error) return { job: null, userErrors: [plan.error] };
    try {
      if (plan.spec) await this.deps.ensure(plan.spec);
    } catch (error) {
      if (!(error instanceof AppError && error.code === 'CONFLICT')) throw error;
      return { job: null, userErrors: [userError('CONFLICT', error.message, 'input', 'key')] };
    }
    const job = await this.deps.submitJob('SEGMENT', plan.input, context.viewer.name);
    return { job: jobNode(job), userErrors: [] };
  }

  private async versionOf(
    model: SegmentationModel,
    version: number | null,
  ): Promise<SegmentationNode | null> {
    const [row] =
      version === null
        ? await this.deps.inStage([model.id], 'PRODUCTION')
        : await this.deps.versionPage({
            modelId: model.id,
            stages: null,
            limit: 1,
            after: version + 1,
          });
    return row && (version === null || row.version === version)
      ? segmentationNode(model, row)
      : null;
  }
}
