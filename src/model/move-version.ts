import { AppError, userError, type UserError } from '../kernel/error.js';
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
  /** Loads a version as serving would, and lets go of it. @throws what is wrong with it */
  tryOut(versionId: string): Promise<void>;
}

export interface MoveResult {
  version: ModelVersion | null;
  userErrors: UserError[];
}

/**
 * Moves a version to a stage; whoever holds the only place of that stage gives way in the same transaction.
 * What cannot be loaded does not come into production.
 */
export async function promoteVersion(
  deps: MoveVersionDeps,
  request: { versionId: string; stage: ModelStage; actor: string; comment: string | null },
): Promise<MoveResult> {
  const version = await deps.versionById(request.versionId);
  if (!version)
    return refuse(
      userError('NOT_FOUND', `no model version has the id ${request.versionId}`, 'version'),
    );
  if (request.stage === 'PRODUCTION') {
    const broken = await problemOf(deps, version, 'version');
    if (broken) return refuse(broken);
  }
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
  const broken = await problemOf(deps, target, 'model');
  if (broken) return refuse(broken);
  const move = { versionId: target.id, stage: 'PRODUCTION' as const, actor: request.actor };
  return finish(deps, await deps.move({ ...move, comment: null, rollBack: true }));
}

/** Why the version cannot answer; null when it can. @throws what a later try may not meet again */
async function problemOf(
  deps: Pick<MoveVersionDeps, 'tryOut'>,
  { id, version }: Pick<ModelVersion, 'id' | 'version'>,
  path: string,
): Promise<UserError | null> {
  try {
    await deps.tryOut(id);
    return null;
  } catch (error) {
    if (error instanceof AppError && error.retryable) throw error;
    const why = error instanceof Error ? error.message : 'unknown reason';
    return userError('CONFLICT', `version ${version} cannot be loaded: ${why}`, path);
  }
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
