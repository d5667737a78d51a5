import { AppError } from '../kernel/error.js';

type CursorPart = string | number | boolean | null;

/** A keyset cursor: the sort key of the last row, opaque to the caller. */
export function encodeCursor(parts: readonly CursorPart[]): string {
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}

/**
 * The sort key in a cursor.
 * @throws AppError INVALID when it is not one of ours or has another number of parts
 */
export function decodeCursor(cursor: string, parts: number): CursorPart[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    const isPart = (part: unknown): part is CursorPart =>
      part === null || ['string', 'number', 'boolean'].includes(typeof part);
    if (Array.isArray(value) && value.length === parts && value.every(isPart)) return value;
  } catch {
    // falls through to the one message
  }
  throw notOurs(cursor);
}

function notOurs(cursor: string): AppError {
  return new AppError(
    'INVALID',
    `after is not a cursor of this connection: ${cursor.slice(0, 80)}`,
  );
}

/** The number in a cursor of one part, 0 or more. @throws AppError INVALID when it is not one of ours */
export function decodeNumberCursor(cursor: string): number {
  const [part] = decodeCursor(cursor, 1);
  if (typeof part === 'number' && Number.isSafeInteger(part) && part >= 0) return part;
  throw notOurs(cursor);
}

export const MAX_FIRST = 1000;
const STANDARD_FIRST = 20;

/**
 * The page size asked for, checked; an explicit null means the default of 20.
 * @throws AppError INVALID outside 0..max (default 1,000)
 */
export function pageSize(wanted: number | null, max: number = MAX_FIRST): number {
  const first = wanted ?? STANDARD_FIRST;
  if (first < 0 || first > max)
    throw new AppError('INVALID', `first must be 0..${max}, got ${first}`);
  return first;
}

/**
 * A page of nodes made from rows; cursors are made when they are read, which most questions never do.
 * A class, because V8 gives every object literal with getters a shape of its own.
 */
export class Page<Row, Node = Row> {
  readonly nodes: Node[];
  private readonly rows: readonly Row[];
  private readonly hasNextPage: boolean;

  constructor(
    fetched: readonly Row[],
    first: number,
    private readonly cursorOf: (row: Row) => string,
    nodeOf: (row: Row) => Node,
  ) {
    this.hasNextPage = fetched.length > first;
    this.rows = this.hasNextPage ? fetched.slice(0, first) : fetched;
    this.nodes = this.rows.map(nodeOf);
  }

  get edges(): { cursor: string; node: Node }[] {
    return this.rows.flatMap((row, i) => {
      const node = this.nodes[i];
      return node === undefined ? [] : [{ cursor: this.cursorOf(row), node }];
    });
  }

  get pageInfo(): { hasNextPage: boolean; endCursor: string | null } {
    const last = this.rows.at(-1);
    return {
      hasNextPage: this.hasNextPage,
      endCursor: last === undefined ? null : this.cursorOf(last),
    };
  }
}

/** Cuts rows fetched with `limit first + 1` to a page of those rows. */
export function pageOf<T>(
  rows: readonly T[],
  first: number,
  cursorOf: (row: T) => string,
): Page<T> {
  return new Page(rows, first, cursorOf, (row) => row);
}
