/** One input's share in a score. */
export interface Contribution {
  feature: string;
  /** Log-odds. */
  contribution: number;
}

/** The largest by magnitude first; equal ones keep the order of the inputs. Zeros are left out. */
export function largestContributions(
  inputs: readonly string[],
  values: Float64Array,
  first: number,
): Contribution[] {
  const largest: Contribution[] = [];
  const smaller = (size: number, at: number): boolean =>
    Math.abs(largest[at]?.contribution ?? Infinity) < size;
  for (let i = 0; i < inputs.length; i += 1) {
    const contribution = values[i] ?? 0;
    const size = Math.abs(contribution);
    const full = largest.length >= first;
    if (size === 0 || (full && !smaller(size, first - 1))) continue;
    let at = largest.length;
    while (at > 0 && smaller(size, at - 1)) at -= 1;
    largest.splice(at, 0, { feature: inputs[i] ?? '', contribution });
    if (full) largest.pop();
  }
  return largest;
}

/** A raw input as it is told: null is missing. */
export type InputValue = number | string | boolean | null;

/**
 * A reason in words, for example `days since last purchase 84 (higher than 92 % of customers) raises the risk`.
 * The unit follows the number unless the name says it already.
 * @param place where the value lies in the population, in words; null where that is not known
 */
export function reasonText(
  reason: Contribution,
  value: InputValue,
  unit: string | null,
  place: string | null = null,
): string {
  const name = nameOf(reason);
  const where = place === null ? '' : ` (${place})`;
  return `${name} ${valueText(value, unit, name)}${where} ${effectOf(reason)}`;
}

/** A reason in words where the value may not be told: `days since last purchase raises the risk`. */
export function reasonTextWithoutValue(reason: Contribution): string {
  return `${nameOf(reason)} ${effectOf(reason)}`;
}

const nameOf = ({ feature }: Contribution): string => feature.replaceAll('_', ' ');

const effectOf = ({ contribution }: Contribution): string =>
  `${contribution > 0 ? 'raises' : 'lowers'} the risk`;

function valueText(value: InputValue, unit: string | null, name: string): string {
  if (value === null || value === '') return 'is unknown and';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'string') return `"${value}"`;
  const number = Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(4)));
  const words = name.split(' ');
  if (unit === null || NO_UNIT.has(unit) || words.includes(unit) || words.includes(`${unit}s`))
    return number;
  return `${number} ${COUNTED.has(unit) && value !== 1 ? `${unit}s` : unit}`;
}

/** Units that say nothing beside a number, and those that have a plural. */
const NO_UNIT = new Set(['count', 'share', 'score', 'ratio', 'currency', 'number']);
const COUNTED = new Set(['second', 'hour', 'day', 'year', 'byte', 'degree']);
