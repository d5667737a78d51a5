import type DataLoader from 'dataloader';
import { Arg, Args, Ctx, FieldResolver, Int, Resolver, Root } from 'type-graphql';
import { AppError } from '../kernel/error.js';
import { authorise } from '../graphql/authorise.js';
import type { RequestContext } from '../graphql/context.js';
import { JsonObject } from '../graphql/scalars.js';
import type { FeatureDefinition } from '../feature/feature.js';
import { FeatureType, toFeatureType } from '../feature/feature.type.js';
import type { Job } from '../job/job.js';
import { jobNode, type JobNode } from '../job/job-node.js';
import { JobType } from '../job/job.type.js';
import { costReport } from './cost-report.js';
import { CostArguments, costsOf } from './cost.type.js';
import {
  ArtifactType,
  ConfusionMatrixType,
  CostReportType,
  CurvePointType,
  FeatureImportanceType,
  IgnoredFeatureType,
  MetricType,
  TargetCheckType,
  TrialType,
} from './evaluation.type.js';
import {
  BlendShareType,
  CalibrationType,
  CauseType,
  FairnessType,
  RuleCheckType,
  SliceMetricType,
  ThresholdChoiceType,
} from './judge/judgement.type.js';
import type { ModelVersion } from './model.js';
import { pinnedFeatures } from './model-features.js';
import { modelNode, type ModelNode, type ModelVersionNode } from './model-nodes.js';
import { ModelType, ModelVersionType } from './model.type.js';
import type { ModelLoaders } from './version-loaders.js';
import { reportOf, type VersionReport } from './version-report.js';

export interface ModelVersionResolverDeps {
  loaders: ModelLoaders;
  jobLoader(context: RequestContext): DataLoader<string, Job | null>;
  /** The registry of features, read once a request. */
  featureRegistry(context: RequestContext): Promise<FeatureDefinition[]>;
  /** Where the scorer runs here. */
  provider(): string;
}

/** The node's row: the report belongs to the version, whatever its id looks like. */
function report({ key, report }: ModelVersionNode): VersionReport {
  return reportOf({ id: key, report } satisfies Pick<ModelVersion, 'id' | 'report'>);
}

/** The record of a version's training. */
@Resolver(() => ModelVersionType)
export class ModelVersionResolver {
  constructor(private readonly deps: ModelVersionResolverDeps) {}

  @FieldResolver(() => ModelType, { description: 'The model it is a version of.' })
  async model(
    @Root() version: ModelVersionNode,
    @Ctx() context: RequestContext,
  ): Promise<ModelNode> {
    const model = await this.deps.loaders.model(context).load(version.modelId);
    if (!model) throw new AppError('INTERNAL', `model ${version.modelId} is gone`);
    return modelNode(model);
  }

  @FieldResolver(() => [FeatureType], {
    description: 'What it takes, in the order of its inputs, in the versions it was trained on.',
  })
  async features(
    @Root() version: ModelVersionNode,
    @Ctx() context: RequestContext,
  ): Promise<FeatureType[]> {
    const registry = await this.deps.featureRegistry(context);
    const { features } = report(version).recipe;
    return pinnedFeatures(registry, version.featureNames, features).map(toFeatureType);
  }

  @FieldResolver(() => Int, {
    nullable: true,
    description:
      'Of `trainingRows`, those that the search, the calibration and the threshold looked at: a seeded sample of 30,000 where there are more. The final fit took all. Null where no record was kept.',
  })
  searchedRows(@Root() version: ModelVersionNode): number | null {
    return report(version).searchedRows ?? null;
  }

  @FieldResolver(() => [MetricType], { description: 'Measured on training, folds and test.' })
  metrics(@Root() version: ModelVersionNode): MetricType[] {
    return report(version).metrics;
  }

  @FieldResolver(() => ConfusionMatrixType, {
    nullable: true,
    description: 'Counts of the test part at the threshold.',
  })
  confusionMatrix(@Root() version: ModelVersionNode): ConfusionMatrixType | null {
    return report(version).confusionMatrix;
  }

  @FieldResolver(() => [TargetCheckType], { description: 'Goals of the spec, met or not.' })
  targets(@Root() version: ModelVersionNode): TargetCheckType[] {
    return report(version).targets;
  }

  @FieldResolver(() => [CurvePointType], {
    description: 'False positive rate to true positive rate; at most 200 points.',
  })
  rocCurve(@Root() version: ModelVersionNode): CurvePointType[] {
    return report(version).rocCurve;
  }

  @FieldResolver(() => [CurvePointType], {
    description: 'Recall to precision; at most 200 points.',
  })
  precisionRecallCurve(@Root() version: ModelVersionNode): CurvePointType[] {
    return report(version).precisionRecallCurve;
  }

  @FieldResolver(() => [CurvePointType], {
    description: 'Mean predicted probability to observed share; at most 200 points.',
  })
  calibrationCurve(@Root() version: ModelVersionNode): CurvePointType[] {
    return report(version).calibrationCurve;
  }

  @FieldResolver(() => [FeatureImportanceType], {
    description: 'How much each feature does, the most important first.',
  })
  importances(@Root() version: ModelVersionNode): FeatureImportanceType[] {
    return [...report(version).importances].sort((a, b) => a.rank - b.rank);
  }

  @FieldResolver(() => [TrialType], { description: 'Every candidate of the search; at most 200.' })
  trials(@Root() version: ModelVersionNode): TrialType[] {
    return report(version).trials;
  }

  @FieldResolver(() => [MetricType], {
    description: 'The test metrics of a predictor that gives everyone the training share.',
  })
  baseline(@Root() version: ModelVersionNode): MetricType[] {
    return report(version).baseline;
  }

  @FieldResolver(() => [IgnoredFeatureType], {
    description: 'Candidates that had one value in every row, or none, or said what another says.',
  })
  ignoredFeatures(@Root() version: ModelVersionNode): IgnoredFeatureType[] {
    return report(version).ignoredFeatures.map((each) => ({ ...each, of: each.of ?? null }));
  }

  @FieldResolver(() => JsonObject, {
    description: 'What it was trained with; trainModel with these gives the same version again.',
  })
  recipe(@Root() version: ModelVersionNode): Record<string, unknown> {
    return report(version).recipe;
  }

  @FieldResolver(() => CostReportType, {
    nullable: true,
    description: 'Cost of the test part for a cost matrix of yours; nothing is trained again.',
  })
  cost(
    @Root() version: ModelVersionNode,
    @Args(() => CostArguments) costs: CostArguments,
  ): CostReportType | null {
    return costReport(report(version), costsOf(costs));
  }

  @FieldResolver(() => [SliceMetricType], {
    description: 'The test part cut by attributes and by month; none in records made before that.',
  })
  slices(@Root() version: ModelVersionNode): SliceMetricType[] {
    return report(version).slices ?? [];
  }

  @FieldResolver(() => [ThresholdChoiceType], {
    description: "The version's threshold and the usual other ones.",
  })
  thresholds(@Root() version: ModelVersionNode): ThresholdChoiceType[] {
    return report(version).thresholds ?? [];
  }

  @FieldResolver(() => [FairnessType], {
    description: 'Rates by group of the attributes that the spec wants compared.',
  })
  fairness(@Root() version: ModelVersionNode): FairnessType[] {
    return report(version).fairness ?? [];
  }

  @FieldResolver(() => [RuleCheckType], {
    description: 'The business rules of the spec, met or not.',
  })
  ruleChecks(@Root() version: ModelVersionNode): RuleCheckType[] {
    return (report(version).ruleChecks ?? []).map((rule) => ({
      ...rule,
      unknownFeatures: rule.unknownFeatures ?? null,
    }));
  }

  @FieldResolver(() => CalibrationType, {
    nullable: true,
    description: 'How its probabilities were set right; null where that was not tried.',
  })
  calibration(@Root() version: ModelVersionNode): CalibrationType | null {
    return report(version).calibration ?? null;
  }

  @FieldResolver(() => [BlendShareType], {
    description: 'The members of a blend; none where one classifier answers.',
  })
  blend(@Root() version: ModelVersionNode): BlendShareType[] {
    return report(version).blend ?? [];
  }

  @FieldResolver(() => [CauseType], {
    description: 'Why groups of customers score as they do: the mean reasons of their test rows.',
  })
  causes(
    @Root() version: ModelVersionNode,
    @Arg('dimension', () => String, {
      nullable: true,
      description: 'Only this one, such as risk or month.',
    })
    dimension: string | null,
  ): CauseType[] {
    const all = report(version).causes ?? [];
    return dimension ? all.filter((cause) => cause.dimension === dimension) : all;
  }

  @FieldResolver(() => ArtifactType, { description: 'Its ONNX file.' })
  async artifact(
    @Root() version: ModelVersionNode,
    @Ctx() context: RequestContext,
  ): Promise<ArtifactType> {
    const info = await this.deps.loaders.artifact(context).load(version.artifactSha256);
    if (!info) throw new AppError('INTERNAL', `artifact ${version.artifactSha256} is gone`);
    const { size, ...rest } = info;
    return { ...rest, bytes: size, provider: this.deps.provider() };
  }

  @FieldResolver(() => JobType, {
    nullable: true,
    description:
      'The job that trained it; null for one shipped with the program or made from a file. Needs the right to see jobs.',
  })
  async job(
    @Root() version: ModelVersionNode,
    @Ctx() context: RequestContext,
  ): Promise<JobNode | null> {
    authorise(context, 'job:read');
    if (version.jobId === null) return null;
    const job = await this.deps.jobLoader(context).load(version.jobId);
    return job && jobNode(job);
  }
}
