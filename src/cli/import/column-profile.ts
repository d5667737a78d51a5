import { cellText, isBlank, parseNumber, type Cell } from './cell.js';
import type { AttributeType } from './context.js';
import { isPlainNumber } from './event-plan.js';

/** How a column's cells are stored: all of one kind, decided over the whole file. */
export type StoredAs = 'number' | 'boolean' | 'text';

/** What was seen of a column in a first pass over the file. */
export interface ColumnProfile {
  /** Cells that were not blank. */
  filled: number;
  numbers: number;
  booleans: number;
  integers: number;
  /** Distinct texts, counted up to a bound; `sampled` is how many filled cells were seen until the bound. */
  distinct: Set<string>;
  sampled: number;
  least: number;
  greatest: number;
  /** Texts that are no numbers, with their counts; null once there are too many kinds. */
  odd: Map<string, number> | null;
}

const MAX_DISTINCT = 20_000;
const MAX_ODD = 3;
/** Below so many rows "all different" says nothing. */
const FEW = 20;
const MANY_CATEGORIES = 100;

export function emptyProfile(): ColumnProfile {
  return {
    filled: 0,
    numbers: 0,
    booleans: 0,
    integers: 0,
    distinct: new Set(),
    sampled: 0,
    least: Infinity,
    greatest: -Infinity,
    odd: new Map(),
  };
}

/** Adds one cell to a profile. */
export function profileCell(profile: ColumnProfile, cell: Cell): void {
  if (isBlank(cell)) return;
  profile.filled++;
  const text = cellText(cell);
  if (profile.distinct.size < MAX_DISTINCT) {
    profile.sampled++;
    profile.distinct.add(text);
  }
  if (typeof cell === 'boolean' || /^(?:true|false)$/i.test(text)) {
    profile.booleans++;
    return;
  }
  const number = typeof cell === 'number' ? cell : isPlainNumber(text) ? parseNumber(text) : null;
  if (number === null) {
    if (profile.odd === null) return;
    profile.odd.set(text, (profile.odd.get(text) ?? 0) + 1);
    if (profile.odd.size > MAX_ODD) profile.odd = null;
    return;
  }
  profile.numbers++;
  if (Number.isInteger(number)) profile.integers++;
  profile.least = Math.min(profile.least, number);
  profile.greatest = Math.max(profile.greatest, number);
}

export interface ColumnVerdict {
  storedAs: StoredAs;
  /** null: stays an attribute, becomes no feature; `reason` says why. */
  feature: AttributeType | null;
  reason: string | null;
  /** Marks such as NA in a column that is numbers otherwise. */
  marks: [string, number][];
}

/**
 * What a column is, by its whole content: numbers (0/1 too), true/false, or text.
 * Text of which nearly every row differs, and numbers that are all different and consecutive, identify and describe nothing.
 */
export function judgeColumn(profile: ColumnProfile): ColumnVerdict {
  const { filled, numbers, booleans } = profile;
  const base = { marks: [] as [string, number][] };
  const none = (storedAs: StoredAs, reason: string): ColumnVerdict => ({
    ...base,
    storedAs,
    feature: null,
    reason,
  });
  if (filled === 0) return none('text', 'it is blank in every row');
  const share = profile.distinct.size / profile.sampled;
  if (numbers === filled) {
    const span = profile.greatest - profile.least + 1;
    const counted =
      filled > MANY_CATEGORIES && share === 1 && profile.integers === filled && span < filled * 2;
    return counted
      ? none('number', 'every row has its own whole number, as an identifier has')
      : { ...base, storedAs: 'number', feature: 'numerical', reason: null };
  }
  if (booleans === filled)
    return { ...base, storedAs: 'boolean', feature: 'boolean', reason: null };
  if (share === 1 && filled > FEW)
    return none('text', 'every row has its own value, as an identifier has');
  if (profile.distinct.size > MANY_CATEGORIES && share > 0.5)
    return none(
      'text',
      `${profile.distinct.size} different values in ${profile.sampled} rows: free text or an identifier`,
    );
  const mostlyNumbers = profile.odd !== null && profile.odd.size > 0 && numbers > filled / 2;
  return {
    storedAs: 'text',
    feature: 'categorical',
    reason: null,
    marks: mostlyNumbers ? [...(profile.odd ?? [])] : [],
  };
}

/** A cell as its column is stored; blank is null, a missing value. */
export function storeCell(cell: Cell, storedAs: StoredAs): string | number | boolean | null {
  if (isBlank(cell)) return null;
  switch (storedAs) {
    case 'number':
      return typeof cell === 'number' ? cell : parseNumber(cellText(cell));
    case 'boolean':
      return typeof cell === 'boolean' ? cell : cellText(cell).toLowerCase() === 'true';
    case 'text':
      return cellText(cell);
  }
}
