import { eventTypesOf, type Definition } from './definition.js';
import type { FeatureDefinition } from './feature.js';

/** What a feature is made of itself: `event:<type>` (`event:*` = any), `attribute:<name>`, `feature:<name>@<version>`. */
export function sourcesOf(feature: FeatureDefinition): string[] {
  const { definition } = feature;
  switch (definition.kind) {
    case 'attribute':
      return [`attribute:${definition.name}`];
    case 'expression':
      return feature.dependencies.map(({ name, version }) => `feature:${name}@${version}`);
    case 'daysSince':
      if (definition.of === 'registration') return ['profile:registeredAt'];
      return eventSources(definition);
    case 'events':
    case 'instant':
      return eventSources(definition);
  }
}

function eventSources(definition: Definition): string[] {
  const types = eventTypesOf(definition);
  return types.length ? types.map((type) => `event:${type}`) : ['event:*'];
}

/** The columns a feature is computed from in the end, through its dependencies; ascending. */
export function lineageOf(feature: FeatureDefinition): string[] {
  const columns = new Set(columnsOf(feature.definition));
  for (const dependency of feature.dependencies)
    for (const column of lineageOf(dependency)) columns.add(column);
  return [...columns].sort();
}

function columnsOf(definition: Definition): string[] {
  switch (definition.kind) {
    case 'attribute':
      return ['customer.attributes'];
    case 'expression':
      return [];
    case 'daysSince':
      if (definition.of === 'registration') return ['customer.registered_at'];
      return eventColumns(definition);
    case 'instant':
      return eventColumns(definition);
    case 'events': {
      const value = 'value' in definition ? definition.value : null;
      const columns = eventColumns(definition);
      if (value === 'value') columns.push('event.value');
      if (value !== null && typeof value === 'object') columns.push('event.properties');
      return columns;
    }
  }
}

function eventColumns(definition: Definition): string[] {
  const columns = ['event.at', 'event.user_id'];
  if (eventTypesOf(definition).length > 0) columns.push('event.type_id');
  if ('where' in definition && definition.where) columns.push('event.properties');
  return columns;
}
