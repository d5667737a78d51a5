import { AppError } from '../kernel/error.js';
import { checkFeature, registered, type RegisterFeatureDeps } from './register-feature.js';
import { START_SET } from './start-set.js';

/**
 * Registers the start features that are missing by name, APPROVED; answers how many. Two processes that
 * boot at once register each feature once.
 */
export function seedStartSet(deps: RegisterFeatureDeps): () => Promise<number> {
  return async () => {
    let registry = await deps.registry();
    let added = 0;
    for (const feature of START_SET) {
      if (registry.some(({ name }) => name === feature.name)) continue;
      if (feature.definition.kind === 'expression') registry = await deps.registry();
      const checked = checkFeature(feature, registry);
      if ('errors' in checked)
        throw new AppError(
          'INTERNAL',
          `start feature ${feature.name}: ${checked.errors.map(({ message }) => message).join('; ')}`,
        );
      const at = deps.wall();
      const told = registered(feature.name, 1, 'APPROVED', { at, actor: 'augury' });
      if (await deps.insert(checked.feature, 1, 'APPROVED', at, told)) added += 1;
    }
    return added;
  };
}
