import { userError, type UserError } from '../kernel/error.js';
import { rollBackTarget, type Model, type ModelStage, type ModelVersion } from './model.js';
import type { ModelChanged } from './model.messages.js';

export interface MoveVersionDeps {
  modelByName(name: string): Promise<Model | null>;
  versionById(id: string): Promise<ModelVersion | null>;
  allVersions(modelId: string): Promise<ModelVersion[]>;
  /** One audited transaction. */
  move(move: {
    versionId: string;
    stage: ModelStage;
    actor: string;
    comment: string | null;
    rollBack: boolean;
  }): Promise<{ version: ModelVersion; error: UserError | null }>;
  publishModel(message: ModelChanged): void;
}

export interface MoveResult {
  version: ModelVersion | null;
  userErrors: UserError[];
}

/** Moves a version to a stage; whoever holds the only place of that stage gives way in the same transaction. */
export async function promoteVersion(
  deps: MoveVersionDeps,
  request: { versionId: string; stage: ModelStage; actor: string; comment: string | null },
): Promise<MoveResult> {
  if (!(await deps.versionById(request.versionId)))
    return refuse(
      userError('NOT_FOUND', `no model version has the id ${request.versionId}`, 'version'),
    );
  return finish(deps, await deps.move({ ...request, rollBack: false }));
}

/** Puts the version back that was in production before the present one. */
export async function rollBackModel(
  deps: MoveVersionDeps,
  request: { model: string; actor: string },
): Promise<MoveResult> {
  const model = await deps.modelByName(request.model);
  if (!model) return refuse(userError('NOT_FOUND', `no model is named ${request.model}`, 'model'));
  const target = rollBackTarget(await deps.allVersions(model.id));
  if (!target)
    return refuse(
      userError('CONFLICT', `${request.model} has no earlier production version`, 'model'),
    );
  const move = { versionId: target.id, stage: 'PRODUCTION' as const, actor: request.actor };
  return finish(deps, await deps.move({ ...move, comment: null, rollBack: true }));
}

function finish(
  deps: MoveVersionDeps,
  { version, error }: { version: ModelVersion; error: UserError | null },
): MoveResult {
  if (error) return { version, userErrors: [error] };
  deps.publishModel({ modelId: version.modelId, versionId: version.id, stage: version.stage });
  return { version, userErrors: [] };
}

function refuse(error: UserError): MoveResult {
  return { version: null, userErrors: [error] };
}
