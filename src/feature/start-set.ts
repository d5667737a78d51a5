import { definitionSchema } from './definition.js';
import type { NewFeature } from './feature.js';
import { activity } from './start-set/activity.js';
import { profile } from './start-set/profile.js';
import { purchases } from './start-set/purchases.js';
import { rhythm } from './start-set/rhythm.js';
import { tickets } from './start-set/tickets.js';
import type { StartFeature } from './start-set/start-feature.js';

/** The features every installation starts with, as data; expressions come after what they refer to. */
export const START_SET: readonly NewFeature[] = inOrder([
  ...purchases,
  ...activity,
  ...rhythm,
  ...tickets,
  ...profile,
]).map(({ type, definition, ...feature }) => ({
  ...feature,
  type: type ?? 'NUMERICAL',
  owner: 'augury',
  definition: definitionSchema.parse(definition),
}));

/** Expressions last, those on expressions after them; the order is otherwise kept. */
function inOrder(features: readonly StartFeature[]): StartFeature[] {
  const rank = (feature: StartFeature): number => {
    if (feature.definition.kind !== 'expression') return 0;
    const text = JSON.stringify(feature.definition);
    const uses = features.filter(({ name }) => text.includes(`{"feature":"${name}"}`));
    return 1 + Math.max(...uses.map(rank));
  };
  return [...features].sort((a, b) => rank(a) - rank(b));
}
