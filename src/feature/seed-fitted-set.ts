import { AppError } from '../kernel/error.js';
import { referencesOf, type Definition } from './definition.js';
import { pickVersion, type FeatureDefinition } from './feature.js';
import { fittedBucket, type FitQuantiles } from './fit-quantiles.js';
import { FITTED_SET, type FittedFeature } from './fitted-set.js';
import { checkFeature, registered, type RegisterFeatureDeps } from './register-feature.js';

export type SeedFittedSetDeps = Pick<RegisterFeatureDeps, 'registry' | 'insert' | 'wall'> & {
  fitQuantiles: FitQuantiles;
};

/** Bounds that every customer will be judged by are not fitted on fewer. */
const MIN_CUSTOMERS = 100;

/**
 * Registers those of the fitted set that are missing by name, APPROVED, once at least 100 customers have a
 * value and it is spread enough; answers how many. What cannot be fitted yet is left for the next time. Two
 * processes at once register each feature once.
 */
export function seedFittedSet(deps: SeedFittedSetDeps): () => Promise<number> {
  return async () => {
    let added = 0;
    for (const feature of FITTED_SET) {
      const registry = await deps.registry();
      if (registry.some(({ name }) => name === feature.name)) continue;
      const definition = await definitionOf(feature, registry, deps.fitQuantiles);
      if (definition === null) continue;
      const checked = checkFeature({ ...feature, definition }, registry);
      if ('errors' in checked)
        throw new AppError(
          'INTERNAL',
          `fitted feature ${feature.name}: ${checked.errors.map(({ message }) => message).join('; ')}`,
        );
      const at = deps.wall();
      const told = registered(feature.name, 1, 'APPROVED', { at, actor: 'augury' });
      if (await deps.insert(checked.feature, 1, 'APPROVED', at, told)) added += 1;
    }
    return added;
  };
}

/** The definition with its bounds; null where something is missing to have them. */
async function definitionOf(
  { definition }: FittedFeature,
  registry: readonly FeatureDefinition[],
  fit: FitQuantiles,
): Promise<Definition | null> {
  const usable = (name: string): FeatureDefinition | null => {
    const target = pickVersion(registry.filter((row) => row.name === name));
    return target?.status === 'ARCHIVED' ? null : target;
  };
  if (!('quantiles' in definition))
    return referencesOf(definition).every(({ name }) => usable(name)) ? definition : null;
  const target = usable(definition.of.feature);
  if (!target) return null;
  const fitted = await fit(target, definition.quantiles);
  return 'problem' in fitted || fitted.customers < MIN_CUSTOMERS
    ? null
    : fittedBucket(definition, target, fitted);
}
