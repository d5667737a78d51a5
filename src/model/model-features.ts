import { AppError } from '../kernel/error.js';
import { pickVersion, type FeatureDefinition } from '../feature/feature.js';

/** A feature with its version, as a training record keeps it. */
export function featureKey({ name, version }: Pick<FeatureDefinition, 'name' | 'version'>): string {
  return `${name}@${version}`;
}

/**
 * Whether a model version takes this version of the feature: by its record; one whose record lacks the name
 * may take any version of it.
 */
export function takesFeature(
  feature: Pick<FeatureDefinition, 'name' | 'version'>,
  featureNames: readonly string[],
  recorded: readonly string[],
): boolean {
  if (!featureNames.includes(feature.name)) return false;
  const known = recorded.filter((key) => key.split('@')[0] === feature.name);
  return known.length === 0 || known.includes(featureKey(feature));
}

/**
 * The features a version was trained on, in the order of `names`: the very versions of its record; a name
 * that the record lacks means the newest approved one.
 * @throws AppError NOT_FOUND naming what is not registered
 */
export function pinnedFeatures(
  registry: readonly FeatureDefinition[],
  names: readonly string[],
  recorded: readonly string[],
): FeatureDefinition[] {
  const versionOf = new Map(
    recorded.map((key) => {
      const [name = '', version] = key.split('@');
      return [name, Number(version)];
    }),
  );
  const missing: string[] = [];
  const found = names.flatMap((name) => {
    const versions = registry.filter((feature) => feature.name === name);
    const feature = pickVersion(versions, versionOf.get(name));
    if (!feature) missing.push(name);
    return feature ? [feature] : [];
  });
  if (missing.length > 0)
    throw new AppError(
      'NOT_FOUND',
      `features of the model are not registered: ${missing.join(', ')}`,
    );
  return found;
}
