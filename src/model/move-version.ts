import { userError, type UserError } from '../kernel/error.js';
import { commentError } from './comment.js';
import { rollBackTarget, type ModelStage, type ModelVersion } from './model.js';
import type { ModelChanged } from './model.messages.js';
import { loadCheck, passRules } from './promotion-gate.js';

export interface MoveVersionDeps {
  modelByName(name: string): Promise<{ id: string } | null>;
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
 * What cannot be loaded, or violates a business rule with a veto, does not come into production; the rules alone can
 * be overridden, with a comment.
 */
export async function promoteVersion(
  deps: MoveVersionDeps,
  request: {
    versionId: string;
    stage: ModelStage;
    actor: string;
    comment: string | null;
    overrideRules?: boolean;
  },
): Promise<MoveResult> {
  const { versionId, stage, actor, overrideRules = false } = request;
  let { comment } = request;
  const long = commentError(comment);
  if (long) return refuse(long);
  const version = await deps.versionById(versionId);
  if (!version)
    return refuse(userError('NOT_FOUND', `no model version has the id ${versionId}`, 'version'));
  if (stage === 'PRODUCTION') {
    const broken = await problemOf(deps, version, 'version');
    if (broken) return refuse(broken);
    const rules = passRules(version, comment, overrideRules, 'version');
    if (rules.error) return refuse(rules.error);
    comment = rules.comment;
  }
  return finish(deps, await deps.move({ versionId, stage, actor, comment, rollBack: false }));
}

/** Puts the version back that was in production before the present one; what keeps a version out holds for it too. */
export async function rollBackModel(
  deps: MoveVersionDeps,
  request: { model: string; actor: string; comment?: string | null; overrideRules?: boolean },
): Promise<MoveResult> {
  const long = commentError(request.comment);
  if (long) return refuse(long);
  const model = await deps.modelByName(request.model);
  if (!model) return refuse(userError('NOT_FOUND', `no model is named ${request.model}`, 'model'));
  const target = rollBackTarget(await deps.allVersions(model.id));
  if (!target)
    return refuse(
      userError('CONFLICT', `${request.model} has no earlier production version`, 'model'),
    );
  const broken = await problemOf(deps, target, 'model');
  if (broken) return refuse(broken);
  const { actor, comment = null, overrideRules = false } = request;
  const rules = passRules(target, comment, overrideRules, 'model');
  if (rules.error) return refuse(rules.error);
  const move = { versionId: target.id, stage: 'PRODUCTION' as const, actor, rollBack: true };
  return finish(deps, await deps.move({ ...move, comment: rules.comment }));
}

/** Why the version cannot answer; null when it can. @throws what a later try may not meet again */
async function problemOf(
  deps: Pick<MoveVersionDeps, 'tryOut'>,
  { id, version }: Pick<ModelVersion, 'id' | 'version'>,
  path: string,
): Promise<UserError | null> {
  const { met, detail } = await loadCheck(() => deps.tryOut(id));
  return met ? null : userError('CONFLICT', `version ${version} cannot be loaded: ${detail}`, path);
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
