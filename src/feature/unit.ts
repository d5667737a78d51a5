import type { FeatureType } from './feature.js';

/** The units a feature may have, each with its meaning. Money is in the shop's one currency, times are in seconds, hours or days. */
export const UNITS = {
  count: 'number of things or events',
  currency: "money, in the shop's currency",
  second: 'seconds',
  hour: 'hours',
  day: 'days of 24 hours, or UTC days where days are counted',
  year: 'years',
  share: 'part of a whole, 0..1',
  score: 'points on a scale that the description states',
  ratio: 'quotient or coordinate without a unit',
  'count/day': 'number of things or events a day',
  'currency/day': "money a day, in the shop's currency",
  byte: 'bytes',
  degree: 'degrees of an angle or of latitude and longitude',
  number: 'as in the source, which states no unit',
} as const satisfies Record<string, string>;

export type Unit = keyof typeof UNITS;

/** Whether the catalogue declares the unit. */
export function isUnit(text: string): text is Unit {
  return Object.hasOwn(UNITS, text);
}

/** Why a feature cannot have the unit, or null: numbers must have one, and every unit is declared. */
export function checkUnit(type: FeatureType, unit: string | null): string | null {
  const known = Object.keys(UNITS).join(', ');
  if (unit === null)
    return type === 'NUMERICAL' ? `unit is missing: a number has one of ${known}` : null;
  return isUnit(unit) ? null : `unit must be one of ${known}, got ${JSON.stringify(unit)}`;
}
