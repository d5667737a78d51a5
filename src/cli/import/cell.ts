/** What a file holds in one place. Text of a CSV stays text until something needs a number. */
export type Cell = string | number | boolean | null | object;

/** One row that could be read; `line` is 1-based, the header counted, the first line of a record of several. */
export interface Row {
  line: number;
  cells: readonly Cell[];
}

/** A row, or a part of the file, that could not be read or taken; kept with its reason. */
export interface BadRow {
  line: number;
  code: 'INVALID' | 'NOT_FOUND' | 'CONFLICT' | 'FORBIDDEN' | 'TOO_LARGE' | 'UNAVAILABLE';
  message: string;
  /** What stood there, as far as it can be shown. */
  row: unknown;
  /** External id of the customer, where the row says. */
  userKey?: string | null;
}

/** Thrown inside the mapping of one row: the row is rejected with this sentence, reading goes on. */
export class RowError extends Error {
  override name = 'RowError';
}

/** True for what counts as "nothing given": null, no text, blanks only. */
export function isBlank(cell: Cell | undefined): cell is null | undefined {
  return cell === null || cell === undefined || (typeof cell === 'string' && /^\s*$/.test(cell));
}

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/** The number that a text spells in full (decimal point, exponent allowed), or null. Never NaN, never infinite. */
export function parseNumber(text: string): number | null {
  const trimmed = text.trim();
  if (!NUMBER.test(trimmed)) return null;
  const value = Number(trimmed);
  return Number.isFinite(value) ? value : null;
}

/** A cell as text: objects as JSON, blanks trimmed. */
export function cellText(cell: Cell): string {
  if (typeof cell === 'string') return cell.trim();
  if (cell === null) return '';
  return typeof cell === 'object' ? JSON.stringify(cell) : String(cell);
}

/** The number in a cell, null for a blank. @throws RowError naming `what` when it is something else */
export function numberIn(cell: Cell, what: string): number | null {
  if (typeof cell === 'number') {
    if (Number.isFinite(cell)) return cell;
    throw new RowError(`${what} is ${String(cell)}, not a finite number`);
  }
  if (isBlank(cell)) return null;
  const number = typeof cell === 'string' ? parseNumber(cell) : null;
  if (number === null)
    throw new RowError(`${what} is ${JSON.stringify(cellText(cell).slice(0, 60))}, not a number`);
  return number;
}

/** Whether a cell says yes: true/false, 1/0, or their texts. A blank says no. */
export function truthIn(cell: Cell, what: string): boolean {
  if (typeof cell === 'boolean') return cell;
  if (isBlank(cell)) return false;
  const text = cellText(cell).toLowerCase();
  if (text === 'true' || text === '1') return true;
  if (text === 'false' || text === '0') return false;
  throw new RowError(`${what} is ${JSON.stringify(text.slice(0, 60))}, neither true nor false`);
}
