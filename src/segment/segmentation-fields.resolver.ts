import type DataLoader from 'dataloader';
import { Arg, Ctx, FieldResolver, Float, Int, Resolver, Root } from 'type-graphql';
import type { FeatureDefinition } from '../feature/feature.js';
import { FeatureType, toFeatureType } from '../feature/feature.type.js';
import { authorise } from '../graphql/authorise.js';
import type { RequestContext } from '../graphql/context.js';
import { pageSize } from '../graphql/cursor.js';
import { jobNode, type JobNode } from '../job/job-node.js';
import type { Job } from '../job/job.js';
import { JobType } from '../job/job.type.js';
import { encodeId } from '../kernel/id.js';
import { pinnedFeatures } from '../model/model-features.js';
import { versionNode, type ModelVersionNode } from '../model/model-nodes.js';
import { ModelVersionType } from '../model/model.type.js';
import { segmentNodes, type SegmentationNode, type SegmentNode } from './segment-nodes.js';
import {
  ClusterCandidateType,
  ClusterFeatureImportanceType,
  ExternalScoresType,
  ProjectionType,
  SegmentationType,
  SegmentChangeType,
  SegmentType,
  StabilityType,
} from './segment.type.js';
import type { SegmentationStore } from './segmentation.store.js';
import { diversityOf } from './segmentation.js';

export interface SegmentationFieldsDeps {
  segmentations: Pick<SegmentationStore, 'points'>;
  jobLoader(context: RequestContext): DataLoader<string, Job | null>;
  featureRegistry(context: RequestContext): Promise<FeatureDefinition[]>;
  /** Customers now in each segment of the live version, by key; read once a request. */
  liveSizes(context: RequestContext, modelId: string): Promise<ReadonlyMap<string, number>>;
}

const MOST_POINTS = 5_000;

/** What is known of a version of a segmentation. */
@Resolver(() => SegmentationType)
export class SegmentationFieldsResolver {
  constructor(private readonly deps: SegmentationFieldsDeps) {}

  @FieldResolver(() => ModelVersionType, {
    description: 'The same version as the registry of models has it: artifact, stage, features.',
  })
  modelVersion(@Root() { row }: SegmentationNode): ModelVersionNode {
    return versionNode(row);
  }

  @FieldResolver(() => [FeatureType], {
    description: 'What it groups by, in the order of its inputs, in the versions it was made from.',
  })
  async features(
    @Root() { row, report }: SegmentationNode,
    @Ctx() context: RequestContext,
  ): Promise<FeatureType[]> {
    const registry = await this.deps.featureRegistry(context);
    return pinnedFeatures(registry, row.featureNames, report.recipe.features).map(toFeatureType);
  }

  @FieldResolver(() => [ClusterCandidateType], {
    description: 'Everything that was tried, in the order it was tried.',
  })
  candidates(@Root() { report }: SegmentationNode): ClusterCandidateType[] {
    return report.candidates;
  }

  @FieldResolver(() => StabilityType, { description: 'Agreement of resampled runs.' })
  stability(@Root() { report }: SegmentationNode): StabilityType {
    return report.stability;
  }

  @FieldResolver(() => [ClusterFeatureImportanceType], {
    description: 'Which features tell the segments apart, the best first.',
  })
  featureImportance(@Root() { report }: SegmentationNode): ClusterFeatureImportanceType[] {
    return [...report.featureImportance].sort((a, b) => a.rank - b.rank);
  }

  @FieldResolver(() => ProjectionType, {
    description:
      'A seeded sample of the customers on the first two principal components; kept for the newest five versions and the live one.',
  })
  async projection(
    @Root() { row, report }: SegmentationNode,
    @Arg('first', () => Int, {
      nullable: true,
      defaultValue: 1000,
      description: 'Points at most, 0..5,000.',
    })
    wanted: number | null,
    @Ctx() context: RequestContext,
  ): Promise<ProjectionType> {
    authorise(context, 'user:list');
    const points = await this.deps.segmentations.points(row.id, pageSize(wanted, MOST_POINTS));
    return {
      explainedVariance: report.explainedVariance,
      points: points.map(({ userId, segmentKey, x, y }) => ({
        userId: encodeId('User', userId),
        segment: segmentKey,
        x,
        y,
      })),
    };
  }

  @FieldResolver(() => Float, {
    description:
      '1 - sum of the squared shares of the segments, 0..1: now for the live version, else when it was made.',
  })
  async diversity(
    @Root() segmentation: SegmentationNode,
    @Ctx() context: RequestContext,
  ): Promise<number> {
    if (!segmentation.live) return segmentation.report.diversity;
    const sizes = await this.deps.liveSizes(context, segmentation.model.id);
    return diversityOf([...sizes.values()]);
  }

  @FieldResolver(() => [SegmentType], { description: 'Its segments, in a fixed order.' })
  segments(@Root() segmentation: SegmentationNode): SegmentNode[] {
    return segmentNodes(segmentation);
  }

  @FieldResolver(() => [SegmentChangeType], {
    description: 'What became of the segments of the version that was live before.',
  })
  changes(@Root() { report }: SegmentationNode): SegmentChangeType[] {
    return report.identity;
  }

  @FieldResolver(() => [String], {
    description: 'What was done to the data before: columns left out, values cut, samples taken.',
  })
  treatments(@Root() { report }: SegmentationNode): string[] {
    return report.treatments;
  }

  @FieldResolver(() => ExternalScoresType, {
    nullable: true,
    description: 'Agreement with the labels that the job was given; null without any.',
  })
  external(@Root() { report }: SegmentationNode): ExternalScoresType | null {
    return report.external;
  }

  @FieldResolver(() => JobType, { nullable: true, description: 'The job that made it.' })
  async job(
    @Root() { row }: SegmentationNode,
    @Ctx() context: RequestContext,
  ): Promise<JobNode | null> {
    const job = row.jobId === null ? null : await this.deps.jobLoader(context).load(row.jobId);
    return job && jobNode(job);
  }
}
