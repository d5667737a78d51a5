import type { Reference } from '../model/judge/judgement.js';
import type { VersionReport } from '../model/version-report.js';
import type { InputValue } from './reason.js';

/** Where a value lies among the customers a version learned from. */
export interface Place {
  /** In words: `higher than 92 % of customers`. */
  text: string;
  /** Share of customers with a lower value plus half of those with the same, 0..100; null for what has no order. */
  percentile: number | null;
}

type Places = ReadonlyMap<string, Reference>;

const known = new WeakMap<VersionReport, Places>();

/** The reference of each input by name; read once a record. Empty for records made before there was one. */
export function placesOf(report: VersionReport): Places {
  const found = known.get(report);
  if (found) return found;
  const places = new Map((report.reference ?? []).map((each) => [each.feature, each]));
  known.set(report, places);
  return places;
}

/** From this share on, what most customers have is told as that. */
const COMMON = 25;

/** The place of a value; null for a missing one and where nothing is known of it. Cost: O(log quantiles). */
export function placeOf(reference: Reference | undefined, value: InputValue): Place | null {
  if (!reference || value === null || value === '') return null;
  if (typeof value === 'number')
    return reference.quantiles ? numberPlace(reference.quantiles, value) : null;
  const name = typeof value === 'boolean' ? (value ? '1' : '0') : value;
  const category = reference.categories?.find((each) => each.value === name);
  return category ? { text: likeText(100 * category.share), percentile: null } : null;
}

function numberPlace(quantiles: readonly number[], value: number): Place {
  if (value > (quantiles.at(-1) ?? NaN))
    return { text: 'higher than all customers learned from', percentile: 100 };
  if (value < (quantiles[0] ?? NaN))
    return { text: 'lower than all customers learned from', percentile: 0 };
  const { below, above, slack } = sharesAround(quantiles, value);
  const same = 100 - below - above;
  const percentile = below + same / 2;
  if (same >= COMMON && same > below && same > above) return { text: likeText(same), percentile };
  const text =
    below >= above ? thanText('higher', below - slack) : thanText('lower', above - slack);
  return { text, percentile };
}

/**
 * Percentages of customers with a lower and with a higher value: interpolated between two quantiles. A value that
 * several quantiles have starts half way to the one before and ends half way to the one after, give or take `slack`.
 */
function sharesAround(
  quantiles: readonly number[],
  value: number,
): { below: number; above: number; slack: number } {
  const step = 100 / (quantiles.length - 1);
  const first = countBefore(quantiles, (each) => each < value);
  const last = countBefore(quantiles, (each) => each <= value) - 1;
  if (last < first) {
    const low = quantiles[last] ?? value;
    const high = quantiles[first] ?? value;
    const below = step * (last + (value - low) / (high - low));
    return { below, above: 100 - below, slack: 0 };
  }
  const half = last > first ? 0.5 : 0;
  const from = Math.max(0, first - half);
  const until = Math.min(quantiles.length - 1, last + half);
  return { below: step * from, above: 100 - step * until, slack: step * half };
}

/** How many ascending values come before the first that does not pass. */
function countBefore(values: readonly number[], passes: (value: number) => boolean): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (passes(values[middle] ?? NaN)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function likeText(percent: number): string {
  return percent < 1 ? 'like under 1 % of customers' : `like ${Math.round(percent)} % of customers`;
}

function thanText(how: 'higher' | 'lower', percent: number): string {
  return `${how} than ${Math.min(99, Math.round(percent))} % of customers`;
}
