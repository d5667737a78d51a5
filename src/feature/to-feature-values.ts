import { kindOf } from './definition.js';
import type { FeatureDefinition } from './feature.js';
import { toFeatureType, type FeatureType, type FeatureValueType } from './feature.type.js';
import type { FeatureColumn } from './read-features.js';
import type { UserFeatures } from './feature-loaders.js';
import { consentOf } from './people.js';

/** Gives the same object for the same feature, so that a thousand users share it. */
export function featureTypeCache(): (feature: FeatureDefinition) => FeatureType {
  const cache = new WeakMap<FeatureDefinition, FeatureType>();
  return (feature) => {
    let type = cache.get(feature);
    if (!type) {
      type = toFeatureType(feature);
      cache.set(feature, type);
    }
    return type;
  };
}

/** The values of one user as the graph shows them; none of who does not agree to profiling. */
export function toFeatureValues(
  { features, rows, row, asOf, computedAt }: UserFeatures,
  typeOf: (feature: FeatureDefinition) => FeatureType,
  wall: Date,
): FeatureValueType[] {
  const optedOut = consentOf(rows.columns)?.[row] === 0;
  const ageSeconds = (wall.getTime() - computedAt.getTime()) / 1000;
  return features.map((feature) => ({
    feature: typeOf(feature),
    name: feature.name,
    ...(optedOut ? OPTED_OUT : typedValue(feature, rows.columns.get(feature.name)?.[row])),
    asOf,
    computedAt,
    ageSeconds,
  }));
}

type TypedValue = Pick<
  FeatureValueType,
  'number' | 'text' | 'boolean' | 'instant' | 'isMissing' | 'missingReason'
>;

const MISSING: TypedValue = {
  number: null,
  text: null,
  boolean: null,
  instant: null,
  isMissing: true,
  missingReason: 'NO_DATA',
};

/** What is shown in the place of a value of a customer who does not agree to profiling. */
export const OPTED_OUT: TypedValue = { ...MISSING, missingReason: 'OPTED_OUT' };

/** A cell of a feature table in the field of its type. */
export function typedValue(
  feature: FeatureDefinition,
  value: FeatureColumn[number] | undefined,
): TypedValue {
  if (value === undefined || value === null || Number.isNaN(value)) return MISSING;
  const present = { ...MISSING, isMissing: false, missingReason: null };
  switch (kindOf(feature.definition)) {
    case 'number':
      return { ...present, number: Number(value) };
    case 'text':
      return { ...present, text: String(value) };
    case 'boolean':
      return { ...present, boolean: value === 1 };
    case 'instant':
      return { ...present, instant: new Date(Number(value)) };
  }
}
