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
  throw new AppError('INVALID', `after is not a cursor of this connection: ${cursor.slice(0, 80)}`);
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

/** Cuts rows fetched with `limit first + 1` to a page. */
export function pageOf<T>(
  rows: readonly T[],
  first: number,
  cursorOf: (row: T) => string,
): {
  nodes: T[];
  edges: { cursor: string; node: T }[];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
} {
  const nodes = rows.slice(0, first);
  const edges = nodes.map((node) => ({ cursor: cursorOf(node), node }));
  return {
    nodes,
    edges,
    pageInfo: { hasNextPage: rows.length > first, endCursor: edges.at(-1)?.cursor ?? null },
  };
}
