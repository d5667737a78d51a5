import type { Expression } from '../definition-expression.js';
import type { DefinitionInput } from '../definition.js';
import type { FeatureType } from '../feature.js';
import type { Unit } from '../unit.js';

/** A start feature before its definition is parsed. */
export interface StartFeature {
  name: string;
  description: string;
  businessMeaning: string;
  /** Null only where the value is no number. */
  unit: Unit | null;
  tags: string[];
  definition: DefinitionInput;
  /** Default NUMERICAL. */
  type?: FeatureType;
}

/** Hours that count as late at night, UTC. */
export const LATE_NIGHT = { from: 22, to: 6 };

/** A reference to a feature. */
export const valueOf = (feature: string): Expression => ({ feature });

/** a / b, missing where b is 0. */
export const divide = (a: Expression, b: Expression): Expression => ({
  op: 'divide',
  of: [a, b],
});

/** min(feature, cap) / cap, 0 where missing: 0..1. */
export const capped = (name: string, cap: number): Expression =>
  divide({ op: 'min', of: [{ op: 'coalesce', of: [valueOf(name), 0] }, cap] }, cap);

/** The same aggregate over several windows, named `<prefix>_<days>d`. */
export function windowed(
  prefix: string,
  definition: Extract<DefinitionInput, { kind: 'events' }>,
  days: readonly number[],
  about: Pick<StartFeature, 'description' | 'businessMeaning' | 'unit' | 'tags'>,
): StartFeature[] {
  return days.map((windowDays) => ({
    ...about,
    name: `${prefix}_${windowDays}d`,
    description: `${about.description} in the last ${windowDays} days`,
    definition: { ...definition, windowDays },
    tags: [...about.tags, 'window'],
  }));
}
