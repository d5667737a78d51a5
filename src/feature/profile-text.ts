import type { AttributeDefinition } from './definition.js';

/** What is read out of the profiles' text: numbers with NaN for missing, booleans 0 or 1, or texts with null. */
export type ProfileColumn = Float64Array | (string | null)[];

/** Where the values of one attribute go; the arrays are as long as there are profiles. */
interface Wanted {
  /** As JSON writes the name, quotes included. */
  written: Buffer;
  /** The name itself, by which `jsonb` orders keys: by length in bytes, then bytewise. */
  name: Buffer;
  numbers: Float64Array[];
  texts: (string | null)[][];
  booleans: Float64Array[];
}

const [QUOTE, BACKSLASH, COMMA, MINUS, POINT] = [0x22, 0x5c, 0x2c, 0x2d, 0x2e];
const [OPEN, CLOSE, OPEN_LIST, CLOSE_LIST, ZERO, NINE] = [0x7b, 0x7d, 0x5b, 0x5d, 0x30, 0x39];
const [TRUE, FALSE, NULL] = [0x74, 0x66, 0x6e];
/** Up to here a float64 holds every whole number. */
const EXACT = 2 ** 53;
/** Powers of ten that a float64 holds exactly and attributes can have as decimals without being rounded. */
const TENS = Float64Array.from({ length: 16 }, (_, power) => Number(`1e${power}`));
const DECIMALS = 15;

/**
 * Reads attributes out of the text of a `jsonb` object, as PostgreSQL writes it: keys in its own order and once each,
 * `": "` and `", "` between, numbers without exponent. The values are those of the compiled SQL, bit for bit
 * (compile-attribute.ts); a text that is no object has none. One pass whatever the number of attributes:
 * PostgreSQL looks each of them up anew, and turns each number into text on its way to float8.
 * @param bytes text of a profile from `from` up to `to`, UTF-8
 * @param row at which the values are put; nothing is put where an attribute is missing
 */
export type ReadProfile = (bytes: Buffer, from: number, to: number, row: number) => void;

/**
 * Columns for `rows` profiles, each missing until it is read, and what reads them. One column a definition.
 * @param numbers makes a column of NaN
 */
export function profileReader(
  definitions: readonly AttributeDefinition[],
  rows: number,
  numbers: (rows: number) => Float64Array,
): { read: ReadProfile; columns: ProfileColumn[] } {
  const byName = new Map<string, Wanted>();
  const columns = definitions.map(({ name, as }): ProfileColumn => {
    const wanted = byName.get(name) ?? wantedOf(name);
    byName.set(name, wanted);
    if (as === 'text') {
      const texts = new Array<string | null>(rows).fill(null);
      wanted.texts.push(texts);
      return texts;
    }
    const column = numbers(rows);
    wanted[as === 'number' ? 'numbers' : 'booleans'].push(column);
    return column;
  });
  const inOrder = [...byName.values()].sort((a, b) => orderOf(a.name, b.name));
  return {
    columns,
    read: (bytes, from, to, row) => {
      if (bytes[from] === OPEN && to - from > 2) readObject(inOrder, bytes, from, row);
    },
  };
}

function wantedOf(name: string): Wanted {
  const written = Buffer.from(JSON.stringify(name));
  return { written, name: Buffer.from(name), numbers: [], texts: [], booleans: [] };
}

function orderOf(a: Buffer, b: Buffer): number {
  return a.length - b.length || a.compare(b);
}

/** Both lists ascend, so that a key is compared with one name, or with a few where some are missing. */
function readObject(inOrder: readonly Wanted[], bytes: Buffer, from: number, row: number): void {
  let next = 0;
  for (let at = from + 1; ; at += 2) {
    let wanted = inOrder[next];
    if (wanted === undefined) return;
    let end: number;
    let found = startsWith(bytes, at, wanted.written);
    if (found) end = at + wanted.written.length;
    else {
      end = endOfString(bytes, at);
      const key = keyOf(bytes, at, end);
      let order = orderOf(wanted.name, key);
      while (order < 0) {
        next += 1;
        wanted = inOrder[next];
        if (wanted === undefined) return;
        order = orderOf(wanted.name, key);
      }
      found = order === 0;
    }
    const start = end + 2;
    if (found) next += 1;
    at = found ? put(wanted, bytes, start, row) : endOfValue(bytes, start);
    if (bytes[at] !== COMMA) return;
  }
}

function startsWith(bytes: Buffer, at: number, written: Buffer): boolean {
  for (let i = 0; i < written.length; i += 1) if (bytes[at + i] !== written[i]) return false;
  return true;
}

function keyOf(bytes: Buffer, from: number, to: number): Buffer {
  const inner = bytes.subarray(from + 1, to - 1);
  return inner.includes(BACKSLASH) ? Buffer.from(textOf(bytes, from, to)) : inner;
}

/** Puts the value that begins at `start`; answers where it ends. */
function put(wanted: Wanted, bytes: Buffer, start: number, row: number): number {
  const first = bytes[start] ?? 0;
  if (first === MINUS || (first >= ZERO && first <= NINE))
    return putNumber(wanted, bytes, start, row);
  const end = endOfValue(bytes, start);
  if (first === NULL) return end;
  if (first === TRUE || first === FALSE)
    for (const column of wanted.booleans) column[row] = first === TRUE ? 1 : 0;
  if (wanted.texts.length > 0) {
    const text = first === QUOTE ? textOf(bytes, start, end) : bytes.toString('utf8', start, end);
    for (const column of wanted.texts) column[row] = text === '' ? null : text;
  }
  return end;
}

/** @param from at the opening quote; `to` behind the closing one */
function textOf(bytes: Buffer, from: number, to: number): string {
  if (bytes.subarray(from, to).includes(BACKSLASH))
    return JSON.parse(bytes.toString('utf8', from, to)) as string;
  return bytes.toString('utf8', from + 1, to - 1);
}

function endOfString(bytes: Buffer, from: number): number {
  let at = from + 1;
  while (bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
  return at + 1;
}

function endOfValue(bytes: Buffer, from: number): number {
  const first = bytes[from];
  if (first === QUOTE) return endOfString(bytes, from);
  let at = from;
  if (first !== OPEN && first !== OPEN_LIST) {
    while (bytes[at] !== COMMA && bytes[at] !== CLOSE) at += 1;
    return at;
  }
  for (let depth = 0; ;) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      at = endOfString(bytes, at);
      continue;
    }
    if (byte === OPEN || byte === OPEN_LIST) depth += 1;
    else if (byte === CLOSE || byte === CLOSE_LIST) depth -= 1;
    at += 1;
    if (depth === 0) return at;
  }
}

/**
 * The number is the float64 nearest to the plain decimal; missing beyond 1e15; of more than 15 decimals it is rounded to
 * them first.
 */
function putNumber(wanted: Wanted, bytes: Buffer, start: number, row: number): number {
  const negative = bytes[start] === MINUS;
  let at = negative ? start + 1 : start;
  let digits = 0;
  let point = -1;
  for (; ; at += 1) {
    const byte = bytes[at] ?? COMMA;
    if (byte >= ZERO) {
      if (byte > NINE) break;
      digits = digits * 10 + (byte - ZERO);
    } else if (byte === POINT) point = at;
    else break;
  }
  if (wanted.numbers.length > 0) {
    // digits and divisor are exact, so that the quotient is rounded once
    const divisor = point < 0 ? 1 : TENS[at - point - 1];
    if (digits > EXACT || divisor === undefined)
      putAll(wanted.numbers, row, longNumber(bytes.toString('latin1', start, at)));
    else if (digits / divisor <= 1e15)
      putAll(wanted.numbers, row, negative ? -digits / divisor : digits / divisor);
  }
  if (wanted.texts.length > 0) {
    const text = bytes.toString('latin1', start, at);
    for (const column of wanted.texts) column[row] = text;
  }
  return at;
}

function putAll(columns: readonly Float64Array[], row: number, value: number): void {
  for (let i = 0; i < columns.length; i += 1) {
    const column = columns[i];
    if (column) column[row] = value;
  }
}

/** The same for digits that a float64 cannot hold all of. */
function longNumber(text: string): number {
  const negative = text.startsWith('-');
  const [whole = '', fraction = ''] = text.slice(negative ? 1 : 0).split('.');
  const kept = fraction.slice(0, DECIMALS);
  const scaled = (digits: string): bigint =>
    BigInt(whole + digits.padEnd(Math.max(DECIMALS, digits.length), '0'));
  const most = BigInt(`1${'0'.repeat(15 + Math.max(DECIMALS, fraction.length))}`);
  if (scaled(fraction) > most) return NaN;
  const up = (fraction[DECIMALS] ?? '0') >= '5' ? 1n : 0n;
  const rounded = (scaled(kept) + up).toString().padStart(DECIMALS + 1, '0');
  const value = Number(`${rounded.slice(0, -DECIMALS)}.${rounded.slice(-DECIMALS)}`);
  return negative && value !== 0 ? -value : value;
}
