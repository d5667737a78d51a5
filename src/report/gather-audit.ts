import type { AuditEntry } from '../access/audit.store.js';
import { encodeId } from '../kernel/id.js';
import { newestFirst } from '../model/approvals-markdown.js';
import type { ModelVersion, RegisteredModel } from '../model/model.js';
import { segmentationOf, type SegmentationReport } from '../segment/segmentation.js';
import {
  experimentAudit,
  modelAudit,
  segmentationAudit,
  subjectsOfVersion,
  type AuditReport,
  type DriftFact,
  type ExperimentAccount,
  type ExperimentFact,
} from './audit-report.js';

export interface GatherAuditDeps {
  modelByName(name: string): Promise<RegisteredModel | null>;
  versionPage(page: {
    modelId: string;
    stages: null;
    limit: number;
    after: number | null;
  }): Promise<ModelVersion[]>;
  inStage(modelIds: readonly string[], stage: 'PRODUCTION'): Promise<ModelVersion[]>;
  auditBySubjects(subjects: readonly string[]): Promise<AuditEntry[][]>;
  driftOf(modelVersionId: string): Promise<DriftFact[]>;
  experimentsOf(modelVersionId: string): Promise<ExperimentFact[]>;
  segmentationMarkdown(
    segmentation: RegisteredModel,
    version: ModelVersion,
    report: SegmentationReport,
  ): Promise<string>;
  experimentReport(key: string): Promise<ExperimentAccount | null>;
  wall(): Date;
}

export interface AuditQuestion {
  kind: AuditReport['kind'];
  /** Name of the model, key of the segmentation or of the experiment. */
  key: string;
  /** Of a model or segmentation; null: the one in production, else the newest. */
  version: number | null;
}

/** Collects what an auditor asks about one thing; null when there is no such thing, or no such version of it. */
export async function gatherAudit(
  deps: GatherAuditDeps,
  { kind, key, version: number }: AuditQuestion,
): Promise<AuditReport | null> {
  const generatedAt = deps.wall();
  const approvals = async (subjects: readonly string[]) =>
    newestFirst((await deps.auditBySubjects(subjects)).flat());
  if (kind === 'EXPERIMENT') {
    const experiment = await deps.experimentReport(key);
    if (!experiment) return null;
    const told = await approvals([encodeId('Experiment', experiment.id)]);
    return experimentAudit({ experiment, approvals: told, generatedAt });
  }
  const model = await deps.modelByName(key);
  if (!model || (kind === 'SEGMENTATION') !== (model.spec === null)) return null;
  const version = await versionOf(deps, model.id, number);
  if (!version) return null;
  const { spec } = model;
  if (spec === null) {
    const report = segmentationOf(version);
    const [markdown, told] = await Promise.all([
      deps.segmentationMarkdown(model, version, report),
      approvals([
        encodeId('ModelVersion', version.id),
        ...report.recipe.features.map((feature) => encodeId('Feature', feature)),
      ]),
    ]);
    return segmentationAudit({ key, version, report, markdown, approvals: told, generatedAt });
  }
  const [told, drift, experiments] = await Promise.all([
    approvals(subjectsOfVersion(version)),
    deps.driftOf(version.id),
    deps.experimentsOf(version.id),
  ]);
  return modelAudit({
    model: { ...model, spec },
    version,
    approvals: told,
    drift,
    experiments,
    generatedAt,
  });
}

async function versionOf(
  deps: Pick<GatherAuditDeps, 'versionPage' | 'inStage'>,
  modelId: string,
  number: number | null,
): Promise<ModelVersion | null> {
  const page = { modelId, stages: null, limit: 1 };
  if (number === null) {
    const [live] = await deps.inStage([modelId], 'PRODUCTION');
    return live ?? (await deps.versionPage({ ...page, after: null }))[0] ?? null;
  }
  const [found] = await deps.versionPage({ ...page, after: number + 1 });
  return found?.version === number ? found : null;
}
