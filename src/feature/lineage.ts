import type { EventScope } from './definition-scope.js';
import type { Definition, EventDefinition } from './definition.js';
import type { FeatureDefinition } from './feature.js';

/** What a feature is made of itself: `event:<type>` (`event:*` = any), `attribute:<name>`, `feature:<name>@<version>`. */
export function sourcesOf(feature: FeatureDefinition): string[] {
  const { definition } = feature;
  switch (definition.kind) {
    case 'attribute':
      return [`attribute:${definition.name}`];
    case 'expression':
    case 'bucket':
      return feature.dependencies.map(({ name, version }) => `feature:${name}@${version}`);
    case 'daysSince':
      if (definition.of === 'registration') return ['profile:registeredAt'];
      return eventSources(definition);
    case 'events':
    case 'instant':
      return eventSources(definition);
  }
}

function eventSources({ types }: EventScope): string[] {
  return types ? types.map((type) => `event:${type}`) : ['event:*'];
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
    case 'bucket':
      return [];
    case 'daysSince':
      if (definition.of === 'registration') return ['customer.registered_at'];
      return eventColumns(definition);
    case 'instant':
    case 'events':
      return eventColumns(definition);
  }
}

function eventColumns(definition: EventDefinition): string[] {
  const scopes: EventScope[] = 'that' in definition ? [definition, definition.that] : [definition];
  const conditions = scopes.flatMap(({ where }) => where ?? []);
  const columns = new Set(['event.at', 'event.user_id']);
  if (scopes.some(({ types }) => types)) columns.add('event.type_id');
  if (conditions.some((condition) => 'property' in condition)) columns.add('event.properties');
  if (conditions.some((condition) => 'on' in condition)) columns.add('event.value');
  if (definition.kind !== 'events') return [...columns];
  if ('value' in definition) {
    if (definition.value === 'value') columns.add('event.value');
    if (typeof definition.value === 'object') columns.add('event.properties');
  }
  if (definition.aggregate === 'distinct')
    columns.add(definition.of === 'device' ? 'event.device_id' : 'event.properties');
  return [...columns];
}
