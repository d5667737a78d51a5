import { AppError } from '../../kernel/error.js';
import { cellText, isBlank, RowError, type Cell } from './cell.js';
import { nearNames, unknownColumn, type CellGetter, type Columns } from './columns.js';
import { instantReader } from './date-format.js';
import { compileExpression } from './evaluate.js';
import { parseExpression, readsOf } from './expression.js';
import { splitList } from './mapping.js';

/** A value of each row under a name. */
export interface NamedValue {
  name: string;
  get: CellGetter;
}

/** A column by its whole name (blanks and signs in it allowed), or else an expression. */
export function valueOf(text: string, columns: Columns, where: string): CellGetter {
  const column = columns.find(text);
  if (column) return column;
  try {
    parseExpression(text);
  } catch (error) {
    // "Unit Pricee" does not parse, but a misspelt column is what was meant.
    if (!(error instanceof AppError) || nearNames(text, columns.names).length === 0) throw error;
    throw new AppError('INVALID', unknownColumn(text, columns.names, where), { cause: error });
  }
  return compileExpression(text, columns, where);
}

/** Text of a value, blanks trimmed. The getter throws RowError where it is blank. */
export function requiredText(
  text: string,
  columns: Columns,
  where: string,
  what: string,
): (cells: readonly Cell[]) => string {
  const get = valueOf(text, columns, where);
  return (cells) => {
    const cell = get(cells);
    if (isBlank(cell)) throw new RowError(`the row has no ${what} (${text} is blank)`);
    return cellText(cell);
  };
}

/** An instant in ms; null where blank. Throws RowError that names `text`. */
export function instantOf(
  text: string,
  format: string | undefined,
  columns: Columns,
  where: string,
): (cells: readonly Cell[]) => number | null {
  const get = valueOf(text, columns, where);
  const read = instantReader(format ?? null);
  return (cells) => {
    const cell = get(cells);
    if (isBlank(cell)) return null;
    try {
      return read(cell);
    } catch (error) {
      if (error instanceof RowError)
        throw new RowError(`${text}: ${error.message}`, { cause: error });
      throw error;
    }
  };
}

/** Reads an instant: `spec` is a column, an expression, or one ISO instant for every row, which a note then tells. */
export function atGetter(
  spec: string,
  format: string | undefined,
  columns: Columns,
  notes: string[],
  [option, what]: readonly [option: string, what: string],
): (cells: readonly Cell[]) => number | null {
  if (columns.find(spec) !== null || !/^\d/.test(spec) || readsRow(spec))
    return instantOf(spec, format, columns, option);
  let instant: number;
  try {
    instant = instantReader(null)(spec);
  } catch (error) {
    throw new AppError('INVALID', `${option}: ${(error as Error).message}`, { cause: error });
  }
  notes.push(`every ${what} is of ${new Date(instant).toISOString()}`);
  return () => instant;
}

/** Whether an expression differs from row to row. `2020-01-01` is an expression too, and makes 2018 of itself. */
function readsRow(text: string): boolean {
  try {
    return readsOf(parseExpression(text)).columns.length > 0 || text.includes('(');
  } catch {
    return false; // 2020-01-01T00:00Z
  }
}

/**
 * A list of values with names: columns by name, `name=expression`, or an object of such (a map file).
 * @throws AppError INVALID for an unknown column or an expression without a name
 */
export function namedValues(
  spec: string | readonly string[] | Readonly<Record<string, string>>,
  columns: Columns,
  where: string,
): NamedValue[] {
  if (typeof spec === 'object' && !isList(spec))
    return Object.entries(spec).map(([name, text]) => ({
      name,
      get: valueOf(text, columns, where),
    }));
  return splitList(spec).map((item) => {
    const bare = item.replace(/^([`"])(.*)\1$/, '$2');
    const column = columns.find(bare);
    if (column) return { name: exactName(bare, columns), get: column };
    const parts = /^\s*([^=<>!'"`()]+?)\s*=\s*([^=].*)$/s.exec(item);
    if (parts?.[1] !== undefined && parts[2] !== undefined)
      return { name: parts[1], get: valueOf(parts[2], columns, where) };
    valueOf(item, columns, where); // tells of an unknown column first
    throw new AppError('INVALID', `${where}: give "${item}" a name: NAME=${item}`);
  });
}

function isList(
  value: readonly string[] | Readonly<Record<string, string>>,
): value is readonly string[] {
  return Array.isArray(value);
}

/** The column's name as the file spells it. */
function exactName(name: string, columns: Columns): string {
  return (
    columns.names.find((other) => other === name) ??
    columns.names.find((other) => other.toLowerCase() === name.toLowerCase()) ??
    name
  );
}

/** Columns in which any of `tokens` (such as NA) counts as blank. */
export function withMissing(columns: Columns, tokens: readonly string[]): Columns {
  if (tokens.length === 0) return columns;
  const set = new Set(tokens);
  return {
    get names() {
      return columns.names;
    },
    lines: () => columns.lines?.() ?? (() => null),
    find(name) {
      const get = columns.find(name);
      if (get === null) return null;
      return (cells) => {
        const cell = get(cells);
        return typeof cell === 'string' && set.has(cell.trim()) ? null : cell;
      };
    },
  };
}
