import type { FeatureDefinition, FeatureStatus } from '../feature/feature.js';
import { AppError, userError, type UserError } from '../kernel/error.js';
import type { ModelStage, ModelVersion } from './model.js';
import { featureKey, pinnedFeatures } from './model-features.js';
import { reportOf } from './version-report.js';

/**
 * Why the features of a version keep it out of a stage, or null: into PRODUCTION come only APPROVED ones; a
 * roll back also takes DEPRECATED ones, which were approved when the version first went there; SHADOW takes
 * anything that is not ARCHIVED. A version that is in its stage stays there whatever becomes of its features.
 */
export function approvalProblem(
  registry: readonly FeatureDefinition[],
  version: Pick<ModelVersion, 'id' | 'featureNames' | 'report'>,
  { stage, rollBack }: { stage: ModelStage; rollBack: boolean },
): UserError | null {
  const allowed = allowedIn(stage, rollBack);
  if (!allowed) return null;
  try {
    const recorded = reportOf(version).recipe.features;
    const refused = pinnedFeatures(registry, version.featureNames, recorded).filter(
      ({ status }) => !allowed.includes(status),
    );
    if (refused.length === 0) return null;
    const named = refused.map((feature) => `${featureKey(feature)} is ${feature.status}`);
    return userError(
      'CONFLICT',
      `features must be ${allowed.join(' or ')} for ${stage}: ${named.join(', ')}`,
      'version',
    );
  } catch (error) {
    if (error instanceof AppError && error.code === 'NOT_FOUND')
      return userError('CONFLICT', error.message, 'version');
    throw error;
  }
}

function allowedIn(stage: ModelStage, rollBack: boolean): readonly FeatureStatus[] | null {
  switch (stage) {
    case 'PRODUCTION':
      return rollBack ? ['APPROVED', 'DEPRECATED'] : ['APPROVED'];
    case 'SHADOW':
      return ['DRAFT', 'REVIEW', 'APPROVED', 'DEPRECATED'];
    case 'CANDIDATE':
    case 'ARCHIVED':
      return null;
  }
}
