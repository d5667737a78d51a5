import { userError, type UserError } from '../kernel/error.js';
import type { ModelSpec } from './model-spec.js';

export type ModelTask =
  | 'BINARY_CLASSIFICATION'
  | 'MULTICLASS_CLASSIFICATION'
  | 'REGRESSION'
  | 'CLUSTERING'
  | 'ANOMALY'
  | 'RECOMMENDATION'
  | 'FORECAST'
  | 'TEXT_CLASSIFICATION';

export type ModelStage = 'CANDIDATE' | 'SHADOW' | 'PRODUCTION' | 'ARCHIVED';

/** A named task, such as churn; its versions are the trained artifacts. */
export interface Model {
  /** uuid v7. */
  id: string;
  name: string;
  task: ModelTask;
  description: string;
  spec: ModelSpec;
  createdAt: Date;
}

/** A model or a segmentation, as the registry lists it; a segmentation's recipe is its own room's. */
export type RegisteredModel = Omit<Model, 'spec'> & { spec: ModelSpec | null };

/** A trained artifact with the record of its training; immutable but for its stage. */
export interface ModelVersion {
  /** uuid v7. */
  id: string;
  modelId: string;
  /** 1, 2, … within the model. */
  version: number;
  stage: ModelStage;
  algorithm: string;
  hyperparameters: Record<string, unknown>;
  seed: number;
  /** In the order of the graph's inputs: numerical first, then categorical. */
  featureNames: string[];
  /** Probability from which a row is called positive, 0..1. */
  threshold: number | null;
  trainingRows: number;
  testRows: number;
  /** Span of the events the training table was made of. */
  dataFrom: Date | null;
  dataUntil: Date | null;
  /** sha256 of the training table and its labels. */
  dataHash: string;
  /** See src/model/version-report.ts. */
  report: Record<string, unknown>;
  artifactSha256: string;
  trainedAt: Date;
  promotedBy: string | null;
  promotedAt: Date | null;
  jobId: string | null;
}

/** What is known of an artifact without its bytes. */
export interface ArtifactInfo {
  sha256: string;
  /** Size in bytes. */
  size: number;
  opset: number;
  uploaded: boolean;
}

/** The versions' moves: from stage, to stage; what is not listed is refused. */
export const STAGE_MOVES: Record<ModelStage, readonly ModelStage[]> = {
  CANDIDATE: ['SHADOW', 'PRODUCTION', 'ARCHIVED'],
  SHADOW: ['CANDIDATE', 'PRODUCTION', 'ARCHIVED'],
  // Production is left only by being replaced: something must answer.
  PRODUCTION: [],
  ARCHIVED: ['CANDIDATE', 'SHADOW', 'PRODUCTION'],
};

/** Where the version goes that held the only place of a stage. */
const REPLACED_BY: Partial<Record<ModelStage, ModelStage>> = {
  PRODUCTION: 'ARCHIVED',
  SHADOW: 'CANDIDATE',
};

export interface StageChange {
  id: string;
  stage: ModelStage;
}

type VersionStage = Pick<ModelVersion, 'id' | 'version' | 'stage'>;

/** What moving `target` to `stage` changes, the replaced version first; or why it may not. */
export function planMove(
  versions: readonly VersionStage[],
  target: VersionStage,
  stage: ModelStage,
): { changes: StageChange[]; error: UserError | null } {
  if (!STAGE_MOVES[target.stage].includes(stage)) {
    const why =
      target.stage === stage
        ? `version ${target.version} is already ${stage}`
        : `version ${target.version} is ${target.stage} and cannot become ${stage}; promote another in its place`;
    return { changes: [], error: userError('CONFLICT', why, 'version') };
  }
  const replaced = REPLACED_BY[stage];
  const holder = replaced && versions.find((each) => each.stage === stage);
  return {
    changes: [
      ...(replaced && holder ? [{ id: holder.id, stage: replaced }] : []),
      { id: target.id, stage },
    ],
    error: null,
  };
}

/**
 * The version that was in production before the present one: the archived one promoted last before it.
 * A version that was itself rolled back has lost its `promotedAt`, so it never comes back this way.
 */
export function rollBackTarget<
  V extends Pick<ModelVersion, 'id' | 'version' | 'stage' | 'promotedAt'>,
>(versions: readonly V[]): V | null {
  const current = versions.find((each) => each.stage === 'PRODUCTION');
  if (!current?.promotedAt) return null;
  const limit = current.promotedAt.getTime();
  let best: V | null = null;
  for (const each of versions) {
    const at = each.promotedAt?.getTime();
    if (each.stage !== 'ARCHIVED' || at === undefined || at >= limit) continue;
    if (!best?.promotedAt || at > best.promotedAt.getTime()) best = each;
  }
  return best;
}

/** A version as it is registered; id, number and stage come from the store. */
export type NewModelVersion = Omit<
  ModelVersion,
  'id' | 'version' | 'stage' | 'artifactSha256' | 'promotedAt' | 'promotedBy'
> & {
  /** `uploaded`: made from a file of elsewhere. */
  artifact: { sha256: string; bytes: Uint8Array; opset: number; uploaded?: boolean };
  /** Ids of the customers in the training rows, test rows included; left out where they are not known here. */
  trainedOn?: readonly number[];
};

export interface VersionPage {
  modelId: string;
  stages: readonly ModelStage[] | null;
  limit: number;
  /** Version number after which the page begins; newest first. */
  after: number | null;
}

export interface StageMove {
  versionId: string;
  stage: ModelStage;
  actor: string;
  comment: string | null;
  /** The replaced version loses its `promotedAt`, the target keeps its own. */
  rollBack: boolean;
}
