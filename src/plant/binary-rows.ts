import { AppError } from '../kernel/error.js';

/** Signature, flags and the length of an extension that PostgreSQL leaves empty. */
const HEADER_BYTES = 19;
/** Dimensions, has-null flag, element type, length and lower bound of an array. */
const ARRAY_HEADER_BYTES = 20;
const TWO_32 = 4294967296;
/** 2000-01-01, from which Postgres counts. */
const EPOCH_MS = 946684800000;

/**
 * Where the fields of each row of `copy … to stdout (format binary)` begin, the data whole in memory; -1 for NULL.
 * @param fields of each row
 * @throws AppError INTERNAL when the data hold another number of fields, or end early
 */
export function fieldsOfRows(bytes: Buffer, fields: number): Int32Array[] {
  const rows: Int32Array[] = [];
  for (let at = HEADER_BYTES; ;) {
    if (at + 2 > bytes.length) throw new AppError('INTERNAL', 'copied rows end early');
    const count = bytes.readInt16BE(at);
    at += 2;
    if (count === -1) return rows;
    if (count !== fields)
      throw new AppError('INTERNAL', `copied rows hold ${count} fields, wanted ${fields}`);
    const starts = new Int32Array(fields);
    for (let field = 0; field < fields; field += 1) {
      if (at + 4 > bytes.length) throw new AppError('INTERNAL', 'copied rows end early');
      const size = bytes.readInt32BE(at);
      at += 4;
      starts[field] = size < 0 ? -1 : at;
      at += Math.max(size, 0);
    }
    rows.push(starts);
  }
}

/** Elements of the array at `at`, of one dimension; an array that is NULL has none. */
export function arrayLength(bytes: Buffer, at: number): number {
  return at < 0 || bytes.readInt32BE(at) === 0 ? 0 : bytes.readInt32BE(at + 12);
}

/** Goes through the elements of an array: each begins at `start`, or is NULL at -1. */
export function eachElement(
  bytes: Buffer,
  array: number,
  visit: (index: number, start: number, size: number) => void,
): void {
  const length = arrayLength(bytes, array);
  let at = array + ARRAY_HEADER_BYTES;
  for (let index = 0; index < length; index += 1) {
    const size = bytes.readInt32BE(at);
    at += 4;
    visit(index, size < 0 ? -1 : at, size);
    if (size > 0) at += size;
  }
}

/** The int8 at `at` as a number; NaN at -1, which is NULL. */
export function int8At(bytes: Buffer, at: number): number {
  if (at < 0) return NaN;
  return bytes.readInt32BE(at) * TWO_32 + bytes.readUInt32BE(at + 4);
}

/** The timestamptz at `at` in milliseconds since 1970; NaN at -1. */
export function instantAt(bytes: Buffer, at: number): number {
  return EPOCH_MS + int8At(bytes, at) / 1000;
}

/** The float8 at `at`; NaN at -1. */
export function float8At(bytes: Buffer, at: number): number {
  return at < 0 ? NaN : bytes.readDoubleBE(at);
}
