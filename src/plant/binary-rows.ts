import { AppError } from '../kernel/error.js';

/** Signature, flags and the length of an extension that PostgreSQL leaves empty. */
const HEADER_BYTES = 19;
const TWO_32 = 4294967296;
/** 2000-01-01, from which Postgres counts. */
const EPOCH_MS = 946684800000;

/**
 * Goes through the rows of `copy … to stdout (format binary)`, whole in memory. Of each row the visitor is told where
 * its fields begin and end in `bytes`; a NULL begins at -1. The two arrays are the same ones for every row.
 * @param fields of each row
 * @throws AppError INTERNAL when the data hold another number of fields, or end early
 */
export function eachBinaryRow(
  bytes: Buffer,
  fields: number,
  visit: (starts: Int32Array, ends: Int32Array, row: number) => void,
): void {
  const starts = new Int32Array(fields);
  const ends = new Int32Array(fields);
  let at = HEADER_BYTES;
  for (let row = 0; ; row += 1) {
    if (at + 2 > bytes.length) throw new AppError('INTERNAL', 'copied rows end early');
    const count = bytes.readInt16BE(at);
    at += 2;
    if (count === -1) return;
    if (count !== fields)
      throw new AppError('INTERNAL', `copied rows hold ${count} fields, wanted ${fields}`);
    for (let field = 0; field < fields; field += 1) {
      const size = bytes.readInt32BE(at);
      at += 4;
      starts[field] = size < 0 ? -1 : at;
      if (size > 0) at += size;
      ends[field] = at;
    }
    visit(starts, ends, row);
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
