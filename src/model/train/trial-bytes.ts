import { AppError } from '../../kernel/error.js';
import type { SearchInput } from './fold-data.js';
import type { FoldScore, TrialOutcome } from './trial.js';

const MAGIC = 0x74756741; // 'Augt', read as little-endian: a big-endian reader sees another number
const VERSION = 1;
const PREFIX_BYTES = 16;

interface SearchHeader {
  rows: number;
  numericNames: readonly string[];
  categoricalNames: readonly string[];
  /** Words of each categorical column; the rows hold their positions. */
  words: string[][];
  options: SearchInput['options'];
}

/**
 * What the trials of a search need, in one piece of shared memory that any thread reads without a copy.
 * Layout: magic, version, bytes of the header, bytes in all (uint32 each), header as JSON padded to 4 bytes;
 * then numbers (float32, row-major), categories (uint32 positions in the header's words, row-major) and labels
 * (uint8). Little-endian. The same input gives the same bytes.
 */
export function packSearch({ table, labels, options }: SearchInput): Uint8Array<SharedArrayBuffer> {
  const { rows, numericNames, categoricalNames, numeric } = table;
  const { words, codes } = codesOf(table.categorical, categoricalNames.length);
  const header: SearchHeader = { rows, numericNames, categoricalNames, words, options };
  const text = new TextEncoder().encode(JSON.stringify(header));
  const start = PREFIX_BYTES + Math.ceil(text.length / 4) * 4;
  const total = start + 4 * (numeric.length + codes.length) + labels.length;
  const buffer = new SharedArrayBuffer(total);
  new Uint32Array(buffer, 0, 4).set([MAGIC, VERSION, text.length, total]);
  const bytes = new Uint8Array(buffer);
  bytes.set(text, PREFIX_BYTES);
  new Float32Array(buffer, start, numeric.length).set(numeric);
  new Uint32Array(buffer, start + 4 * numeric.length, codes.length).set(codes);
  bytes.set(labels, total - labels.length);
  return bytes;
}

/**
 * The input that `packSearch` packed; its numbers and labels are views of `bytes`.
 * @param bytes starting at a multiple of 4 in their buffer
 * @throws AppError INTERNAL for bytes that are not a packed search, or were cut
 */
export function unpackSearch(bytes: Uint8Array): SearchInput {
  const { header, start } = headerOf(bytes);
  const { rows, numericNames, categoricalNames, words, options } = header;
  const numbers = rows * numericNames.length;
  const codes = rows * categoricalNames.length;
  if (bytes.length !== start + 4 * (numbers + codes) + rows)
    throw unreadable(`${rows} rows do not fill ${bytes.length} bytes`);
  const { buffer, byteOffset } = bytes;
  const positions = new Uint32Array(buffer, byteOffset + start + 4 * numbers, codes);
  const width = categoricalNames.length;
  return {
    table: {
      rows,
      numericNames,
      numeric: new Float32Array(buffer, byteOffset + start, numbers),
      categoricalNames,
      categorical: Array.from(positions, (position, i) => words[i % width]?.[position] ?? ''),
    },
    labels: bytes.subarray(bytes.length - rows),
    options,
  };
}

/**
 * About the bytes that one thread takes for the folds of a search: float32 of every row in every fold, a column a
 * number and a column a category's word.
 */
export function foldBytes(search: Uint8Array): number {
  const { rows, numericNames, words, options } = headerOf(search).header;
  const columns = words.reduce((sum, { length }) => sum + length, numericNames.length);
  return 4 * rows * columns * options.folds;
}

function headerOf(bytes: Uint8Array): { header: SearchHeader; start: number } {
  if (bytes.length < PREFIX_BYTES) throw unreadable(`it has ${bytes.length} bytes`);
  const [magic, version, length = 0, total] = new Uint32Array(bytes.buffer, bytes.byteOffset, 4);
  if (magic !== MAGIC) throw unreadable('its first bytes are not those of one');
  if (version !== VERSION) throw unreadable(`version must be ${VERSION}, got ${String(version)}`);
  if (total !== bytes.length)
    throw unreadable(`it must have ${String(total)} bytes, got ${bytes.length}`);
  const start = PREFIX_BYTES + Math.ceil(length / 4) * 4;
  if (start > bytes.length) throw unreadable('its header is cut');
  // Text cannot be decoded from shared memory: the header is copied.
  const text = new TextDecoder().decode(bytes.slice(PREFIX_BYTES, PREFIX_BYTES + length));
  return { header: JSON.parse(text) as SearchHeader, start };
}

/** Words of each column in order of appearance, and where each value stands among them. */
function codesOf(
  values: readonly string[],
  width: number,
): { words: string[][]; codes: Uint32Array } {
  const known = Array.from({ length: width }, () => new Map<string, number>());
  const codes = new Uint32Array(values.length);
  values.forEach((value, i) => {
    const column = known[i % width];
    if (!column) return;
    const code = column.get(value) ?? column.size;
    column.set(value, code);
    codes[i] = code;
  });
  return { words: known.map((column) => [...column.keys()]), codes };
}

/**
 * Outcomes of one task as float64, exact to the bit: number of candidates; of each its seconds and number of folds;
 * of each fold log loss, AUC, lengths of margins and curve, margins, curve. Little-endian.
 */
export function packOutcomes(outcomes: readonly TrialOutcome[]): Uint8Array<ArrayBuffer> {
  const values: number[] = [outcomes.length];
  for (const { seconds, scores } of outcomes) {
    values.push(seconds, scores.length);
    for (const { logLoss, auc, margins, curve } of scores) {
      values.push(logLoss, auc, margins.length, curve.length);
      for (const margin of margins) values.push(margin);
      for (const loss of curve) values.push(loss);
    }
  }
  return new Uint8Array(Float64Array.from(values).buffer);
}

/** What `packOutcomes` packed. @throws AppError INTERNAL for bytes that are no outcomes, or were cut */
export function unpackOutcomes(bytes: Uint8Array): TrialOutcome[] {
  if (bytes.length % 8 !== 0) throw unreadable(`an outcome has ${bytes.length} bytes`);
  const values = new Float64Array(bytes.slice().buffer); // copied: a view need not lie at a multiple of 8
  let at = 0;
  const next = (): number => {
    const value = values[at++];
    if (value === undefined) throw unreadable('an outcome is cut');
    return value;
  };
  const take = (length: number): Float64Array => {
    if (!(length >= 0 && at + length <= values.length)) throw unreadable('an outcome is cut');
    at += length;
    return values.slice(at - length, at);
  };
  const score = (): FoldScore => {
    const [logLoss, auc, margins, curve] = [next(), next(), next(), next()];
    return { logLoss, auc, margins: take(margins), curve: take(curve) };
  };
  const outcomes = Array.from({ length: next() }, (): TrialOutcome => {
    const seconds = next();
    return { seconds, scores: Array.from({ length: next() }, score) };
  });
  if (at !== values.length) throw unreadable('an outcome is longer than what it holds');
  return outcomes;
}

function unreadable(why: string): AppError {
  return new AppError('INTERNAL', `not readable as the data of a search: ${why}`);
}
