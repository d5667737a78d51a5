import { eventTypesOf } from './definition.js';
import type { FeatureDefinition } from './feature.js';

export interface NameEventTypesDeps {
  registry: () => Promise<FeatureDefinition[]>;
  /** The `typeIds` that readFeatures was given: ids of event types, unknown ones added. */
  typeIds: (names: readonly string[]) => Promise<Map<string, number>>;
}

/**
 * Gives every event type that a feature names its id. Run at boot, so that the first question of a process
 * costs as many statements as every other.
 */
export function nameEventTypes(deps: NameEventTypesDeps): () => Promise<void> {
  return async () => {
    const registry = await deps.registry();
    await deps.typeIds([
      ...new Set(registry.flatMap(({ definition }) => eventTypesOf(definition))),
    ]);
  };
}
