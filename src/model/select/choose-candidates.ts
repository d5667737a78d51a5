import { userError, type UserError } from '../../kernel/error.js';
import { pickVersion, type FeatureDefinition, type FeatureStatus } from '../../feature/feature.js';
import { candidateFeatures } from '../build-training-table.js';
import { featureKey } from '../model-features.js';
import type { ModelSpec } from '../model-spec.js';
import { MAX_CANDIDATES } from '../selection.js';

/** The candidates as `name@version`, or why they cannot be. */
export type Chosen = { keys: string[]; error: null } | { keys: null; error: UserError };

const refused = (error: UserError): Chosen => ({ keys: null, error });

/** Of each name the newest version of these statuses that the model's spec lets in, as for a training. */
export function fittingCandidates(
  registry: readonly FeatureDefinition[],
  statuses: readonly FeatureStatus[],
  rule: ModelSpec['features'],
): Chosen {
  const allowed = registry.filter(({ status }) => statuses.includes(status));
  const keys = candidateFeatures(allowed, rule).map(featureKey);
  if (keys.length === 0) {
    const message = `no feature of status ${statuses.join(', ')} fits the model: approve one, or name candidates`;
    return refused(userError('INVALID', message, 'input', 'statuses'));
  }
  if (keys.length <= MAX_CANDIDATES) return { keys, error: null };
  const message = `at most ${MAX_CANDIDATES} candidates are ranked, ${keys.length} fit: name some`;
  return refused(userError('TOO_LARGE', message, 'input', 'candidates'));
}

/**
 * The named features: `name` means the newest approved version, or the newest; `name@version` that one.
 * Whoever names a feature means it, so any status but ARCHIVED will do.
 */
export function namedCandidates(
  registry: readonly FeatureDefinition[],
  wanted: readonly string[],
): Chosen {
  if (wanted.length === 0 || wanted.length > MAX_CANDIDATES) {
    const message = `candidates must be 1..${MAX_CANDIDATES} names, got ${wanted.length}`;
    return refused(userError('INVALID', message, 'input', 'candidates'));
  }
  const keys: string[] = [];
  const names = new Set<string>();
  for (const [at, text] of wanted.entries()) {
    const problem = (code: UserError['code'], message: string): Chosen =>
      refused(userError(code, message, 'input', 'candidates', String(at)));
    const [name = '', version] = text.split('@');
    const versions = registry.filter(
      (feature) => feature.name === name && feature.status !== 'ARCHIVED',
    );
    const feature = pickVersion(versions, version === undefined ? undefined : Number(version));
    if (!feature)
      return problem('NOT_FOUND', `no feature is named ${text.slice(0, 200)}, or it is archived`);
    const { type } = feature;
    if (type === 'TEXT' || type === 'DATETIME')
      return problem(
        'INVALID',
        `candidates must be NUMERICAL, BOOLEAN or CATEGORICAL, ${name} is ${type}`,
      );
    if (names.has(name)) return problem('INVALID', `candidate ${name} is named twice`);
    names.add(name);
    keys.push(featureKey(feature));
  }
  return { keys, error: null };
}
