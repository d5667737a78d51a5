/** One column of rows for `copy … from stdin (format binary)`, named after its type in Postgres. */
export type CopyColumn =
  | { type: 'int2'; values: ArrayLike<number> }
  | { type: 'int8' | 'float8'; values: ArrayLike<number | null> }
  | { type: 'text' | 'jsonb'; values: ArrayLike<string | null> }
  /** Milliseconds since 1970. */
  | { type: 'timestamptz'; values: ArrayLike<number> }
  | { type: 'uuid'; values: ArrayLike<string | null> }
  /** `width` bytes a row, row after row. */
  | { type: 'bytea'; values: Buffer; width: number }
  /** `width` texts a row, row after row. */
  | { type: 'text[]'; values: ArrayLike<string>; width: number }
  /** One or more fields that are the same in every row, as `sameInEveryRow` writes them; not the first column. */
  | { type: 'same'; fields: number; bytes: Buffer };

const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
const CHUNK = 1 << 18;
const TWO_32 = 4294967296;
/** 2000-01-01, from which Postgres counts. */
const EPOCH_MS = 946684800000;
/** Bytes of a field with its length, texts aside. */
const MOST_FIXED = 12;
/** The length that says NULL. */
const NULL = -1;
/** Dimensions, has-null flag, element type, length and lower bound of a text[]. */
const ARRAY_HEADER = 20;
const TEXT_OID = 25;
const UUID_BYTES = 16;

/**
 * The rows as binary COPY data in chunks of some 256 KiB. It costs both sides less than text: nothing is
 * printed, escaped or parsed. The columns must be those of the statement, in its order and of equal length.
 */
export function* binaryCopy(columns: readonly CopyColumn[]): Generator<Buffer> {
  const rows = rowsOf(columns[0]);
  const fields = columns.reduce((sum, each) => sum + (each.type === 'same' ? each.fields : 1), 0);
  let out = Buffer.allocUnsafe(CHUNK);
  let at = SIGNATURE.copy(out);
  for (let row = 0; row < rows; row += 1) {
    const most = mostBytes(columns, row);
    if (at + most > out.length) {
      yield out.subarray(0, at);
      out = Buffer.allocUnsafe(Math.max(CHUNK, most));
      at = 0;
    }
    at = out.writeInt16BE(fields, at);
    for (const column of columns) at = writeField(out, at, column, row);
  }
  if (at + 2 > out.length) {
    yield out.subarray(0, at);
    out = Buffer.allocUnsafe(2);
    at = 0;
  }
  yield out.subarray(0, out.writeInt16BE(-1, at));
}

/** Columns of one row each, as one column of the same values in every row: written once, then copied. */
export function sameInEveryRow(columns: readonly CopyColumn[]): CopyColumn {
  const bytes = Buffer.allocUnsafe(mostBytes(columns, 0));
  let at = 0;
  for (const column of columns) at = writeField(bytes, at, column, 0);
  return { type: 'same', fields: columns.length, bytes: bytes.subarray(0, at) };
}

function rowsOf(column: CopyColumn | undefined): number {
  if (!column) return 0;
  if (column.type === 'same') throw new RangeError('the first column must have a value a row');
  return column.values.length / ('width' in column ? column.width : 1);
}

/** What a row can take: a UTF-16 unit becomes three bytes at most. */
function mostBytes(columns: readonly CopyColumn[], row: number): number {
  let bytes = 2 + columns.length * MOST_FIXED;
  for (const column of columns)
    switch (column.type) {
      case 'int2':
      case 'int8':
      case 'float8':
      case 'timestamptz':
        break;
      case 'text':
      case 'jsonb':
        bytes += 3 * (column.values[row]?.length ?? 0);
        break;
      case 'uuid':
        bytes += UUID_BYTES;
        break;
      case 'bytea':
        bytes += column.width;
        break;
      case 'same':
        bytes += column.bytes.length;
        break;
      case 'text[]':
        bytes += ARRAY_HEADER;
        for (let i = row * column.width; i < (row + 1) * column.width; i += 1)
          bytes += 4 + 3 * (column.values[i]?.length ?? 0);
        break;
    }
  return bytes;
}

function writeField(out: Buffer, at: number, column: CopyColumn, row: number): number {
  switch (column.type) {
    case 'int2':
      return out.writeInt16BE(column.values[row] ?? 0, out.writeInt32BE(2, at));
    case 'int8': {
      const value = column.values[row] ?? null;
      if (value === null) return out.writeInt32BE(NULL, at);
      return writeInt64(out, out.writeInt32BE(8, at), value);
    }
    case 'timestamptz': {
      const sinceEpoch = (column.values[row] ?? 0) - EPOCH_MS;
      return writeInt64(out, out.writeInt32BE(8, at), sinceEpoch * 1000);
    }
    case 'float8': {
      const value = column.values[row] ?? null;
      if (value === null) return out.writeInt32BE(NULL, at);
      return out.writeDoubleBE(value, out.writeInt32BE(8, at));
    }
    case 'text':
    case 'jsonb':
      return writeText(out, at, column.type, column.values[row] ?? null);
    case 'uuid': {
      const uuid = column.values[row] ?? null;
      if (uuid === null) return out.writeInt32BE(NULL, at);
      const start = out.writeInt32BE(UUID_BYTES, at);
      return start + out.write(uuid.replaceAll('-', ''), start, 'hex');
    }
    case 'bytea': {
      const { values, width } = column;
      const start = out.writeInt32BE(width, at);
      return start + values.copy(out, start, row * width, (row + 1) * width);
    }
    case 'text[]':
      return writeTexts(out, at, column, row);
    case 'same':
      return at + column.bytes.copy(out, at);
  }
}

/** An array without elements has no dimension in PostgreSQL. */
function writeTexts(
  out: Buffer,
  at: number,
  { values, width }: Extract<CopyColumn, { type: 'text[]' }>,
  row: number,
): number {
  let end = at + 4;
  for (const part of width === 0 ? [0, 0, TEXT_OID] : [1, 0, TEXT_OID, width, 1])
    end = out.writeInt32BE(part, end);
  for (let i = row * width; i < (row + 1) * width; i += 1)
    end = writeText(out, end, 'text', values[i] ?? '');
  out.writeInt32BE(end - at - 4, at);
  return end;
}

/** A BigInt a number would be the dearest part of the row. */
function writeInt64(out: Buffer, at: number, value: number): number {
  const high = Math.floor(value / TWO_32);
  return out.writeUInt32BE(value - high * TWO_32, out.writeInt32BE(high, at));
}

function writeText(out: Buffer, at: number, type: 'text' | 'jsonb', value: string | null): number {
  if (value === null) return out.writeInt32BE(NULL, at);
  let start = at + 4;
  if (type === 'jsonb') start = out.writeInt8(1, start); // the version of its binary form
  const end = start + out.write(value, start, 'utf8');
  out.writeInt32BE(end - at - 4, at);
  return end;
}
