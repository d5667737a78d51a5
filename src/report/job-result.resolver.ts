import { Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import { z } from 'zod';
import type { DriftReferenceNode, DriftReportNode } from '../drift/drift-node.js';
import { driftJobResult } from '../drift/drift.messages.js';
import { authorise } from '../graphql/authorise.js';
import type { RequestContext } from '../graphql/context.js';
import type { ProfileRunType } from '../feature/feature-statistics.type.js';
import { profileJobResult } from '../feature/feature.messages.js';
import type { JobNode } from '../job/job-node.js';
import { JobType, type ImportRunType } from '../job/job.type.js';
import {
  modelNode,
  versionNode,
  type ModelNode,
  type ModelVersionNode,
} from '../model/model-nodes.js';
import { trainJobResult } from '../model/model.messages.js';
import type { SelectionLoaders } from '../model/selection-loaders.js';
import { selectionNode, type FeatureSelectionNode } from '../model/selection-node.js';
import { selectJobResult } from '../model/selection.messages.js';
import type { ModelLoaders } from '../model/version-loaders.js';
import { qualityJobInput, qualityJobResult } from '../quality/quality.messages.js';
import type { QualityRunType } from '../quality/quality.type.js';
import type { SegmentationNode } from '../segment/segment-nodes.js';
import { segmentJobResult } from '../segment/segment.messages.js';
import { JobResultUnion } from './job-result.type.js';
import { scoreJobResult, type ScoreJobResult } from '../prediction/prediction.messages.js';
import type { DailyReportNode } from './report-nodes.js';
import { reportJobResult } from './report.messages.js';

const importJobResult = z.object({
  accepted: z.int(),
  duplicates: z.int(),
  rejected: z.int(),
  seconds: z.number(),
});

type JobResult =
  | ModelVersionNode
  | (ScoreJobResult & { model: ModelNode })
  | FeatureSelectionNode
  | SegmentationNode
  | DriftReportNode
  | DriftReferenceNode
  | DailyReportNode
  | ProfileRunType
  | QualityRunType
  | ImportRunType;

/** The field of a job that points to what it made. */
@Resolver(() => JobType)
export class JobResultResolver {
  constructor(
    private readonly deps: {
      loaders: Pick<ModelLoaders, 'model' | 'version'>;
      selections: Pick<SelectionLoaders, 'selection'>;
      segmentationById(context: RequestContext, id: string): Promise<SegmentationNode | null>;
      driftReportById(context: RequestContext, id: string): Promise<DriftReportNode | null>;
      driftReferenceById(context: RequestContext, id: string): Promise<DriftReferenceNode | null>;
      dailyReportById(id: string): Promise<DailyReportNode | null>;
    },
  ) {}

  @FieldResolver(() => JobResultUnion, {
    nullable: true,
    description: 'What it made; null until it has succeeded.',
  })
  async result(@Root() job: JobNode, @Ctx() context: RequestContext): Promise<JobResult | null> {
    if (job.result === null) return null;
    switch (job.kind) {
      case 'TRAIN': {
        const { modelVersionId } = trainJobResult.parse(job.result);
        const version = await this.deps.loaders.version(context).load(modelVersionId);
        return version && versionNode(version);
      }
      case 'SCORE': {
        const run = scoreJobResult.parse(job.result);
        const model = await this.deps.loaders.model(context).load(run.modelId);
        return model && { ...run, model: modelNode(model) };
      }
      case 'SELECT': {
        const { featureSelectionId } = selectJobResult.parse(job.result);
        const found = await this.deps.selections.selection(context).load(featureSelectionId);
        return found && selectionNode(found);
      }
      case 'PROFILE':
        return profileJobResult.parse(job.result);
      case 'QUALITY': {
        const { scanIds: _, ...run } = qualityJobResult.parse(job.result);
        return { ...run, tables: qualityJobInput.parse(job.input).tables };
      }
      case 'IMPORT':
        return importJobResult.parse(job.result);
      case 'SEGMENT': {
        const { modelVersionId } = segmentJobResult.parse(job.result);
        return this.deps.segmentationById(context, modelVersionId);
      }
      case 'DRIFT': {
        authorise(context, 'drift:read');
        const made = driftJobResult.parse(job.result);
        return 'driftReportId' in made
          ? this.deps.driftReportById(context, made.driftReportId)
          : this.deps.driftReferenceById(context, made.driftReferenceId);
      }
      case 'REPORT':
        authorise(context, 'report:read');
        return this.deps.dailyReportById(reportJobResult.parse(job.result).dailyReportId);
      case 'ERASE':
      case 'EXPORT':
        return null; // no such job is run yet
    }
  }
}
