/** A row of an import or of a call that could not be taken, with its reason. */
export interface RejectedRow {
  jobId: string | null;
  /** The source named by an import; the name of the mutation for a row of a call. */
  source: string;
  /** External id of the customer it was about, where the row says. */
  userKey?: string | null;
  /** 1-based line of the file (header counted), or index in the call from 0. */
  line: number;
  code: string;
  message: string;
  row: unknown;
  at: Date;
}

/** Rejected rows are kept so long, then removed by the upkeep. */
export const REJECTED_ROW_DAYS = 30;
/** At most so many rows of one call are kept. */
export const MAX_KEPT_ROWS = 10_000;
/** A text of a kept row is cut behind so many characters, a kept row holds at most so many values. */
export const MAX_KEPT_TEXT = 500;
export const MAX_KEPT_VALUES = 300;

/** The rejected rows of a call, ready to keep; at most MAX_KEPT_ROWS. */
export function rejectedOfCall<Row>(
  rows: readonly Row[],
  rejected: readonly { index: number; code: string; message: string }[],
  call: { source: string; at: Date; userKey: (row: Row) => unknown },
): RejectedRow[] {
  return rejected.slice(0, MAX_KEPT_ROWS).map(({ index, code, message }) => {
    const row = rows[index];
    const userKey = row === undefined ? null : call.userKey(row);
    return {
      jobId: null,
      source: call.source,
      userKey: typeof userKey === 'string' && userKey !== '' ? userKey : null,
      line: index,
      code,
      message,
      row,
      at: call.at,
    };
  });
}

/** What is refused because its customer was erased must not be written down anywhere: who they were would be back. */
export function withoutErased<Row extends { code: string; row: unknown }>(row: Row): Row {
  return row.code === 'FORBIDDEN'
    ? { ...row, ...('userKey' in row ? { userKey: null } : {}), row: {} }
    : row;
}

/** PostgreSQL stores neither U+0000 nor half of a surrogate pair. */
const UNSTORABLE = /\u0000|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** The text with U+FFFD for every character that PostgreSQL cannot hold. */
export function storable(text: string): string {
  return text.replace(UNSTORABLE, '\ufffd');
}

/**
 * A rejected row as plain JSON that can be stored: what cannot be held is replaced by U+FFFD, numbers that JSON does
 * not know become text, long texts are cut, and behind MAX_KEPT_VALUES values the rest is left out.
 */
export function keptJson(row: unknown): unknown {
  let left = MAX_KEPT_VALUES;
  const keep = (value: unknown): unknown => {
    left -= 1;
    if (typeof value === 'string') return cut(value);
    if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
    if (typeof value === 'boolean' || value === null || value === undefined) return value ?? null;
    if (value instanceof Date)
      return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
    if (Array.isArray(value)) {
      const items: unknown[] = [];
      for (const item of value) {
        if (left <= 0) break;
        items.push(keep(item));
      }
      return items;
    }
    if (typeof value !== 'object') return typeof value === 'bigint' ? value.toString() : null;
    const kept: Record<string, unknown> = {};
    for (const [key, inner] of Object.entries(value)) {
      if (left <= 0) {
        kept['…'] = 'more was given and is not kept';
        break;
      }
      if (inner !== undefined) kept[cut(key)] = keep(inner);
    }
    return kept;
  };
  return keep(row);
}

function cut(text: string): string {
  return text.length <= MAX_KEPT_TEXT
    ? storable(text)
    : `${storable(text.slice(0, MAX_KEPT_TEXT))}… (${text.length} characters)`;
}

const HIDDEN = '[hidden]';
/** Messages quote at most so many characters of a value. */
const QUOTED = 80;
/** Shorter texts say nothing of anybody, and would stand in every message. */
const TELLING = 3;

/**
 * A rejected row for viewers who may not see personal data: which fields were given, but of their values only
 * whether they were true, false or null; and the reason without the values it quotes.
 */
export function withoutPersonalData(kept: { message: string; row: unknown }): {
  message: string;
  row: unknown;
} {
  let { message } = kept;
  const hide = (value: unknown): unknown => {
    if (value === null || typeof value === 'boolean') return value;
    if (Array.isArray(value)) return value.map(hide);
    if (typeof value === 'object')
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, hide(inner)]));
    const quoted = (typeof value === 'string' ? value : JSON.stringify(value)).slice(0, QUOTED);
    if (quoted.trim().length >= TELLING)
      // some messages quote as JSON, with a backslash before what would end the text
      for (const form of [quoted, JSON.stringify(quoted).slice(1, -1)])
        message = message.replaceAll(form, HIDDEN);
    return HIDDEN;
  };
  const row = hide(kept.row);
  return { message, row };
}
