import { binaryCopy, type CopyColumn } from './binary-copy.js';

const SIGNATURE_BYTES = 19;
const END_BYTES = 2;
/** Its length, no dimensions, has-null flag and element type. */
const EMPTY_ARRAY_BYTES = 16;
const TWO_32 = 4294967296;

/** A column whose field takes as many bytes in every row, and what writes all of its rows. */
interface EqualField {
  bytes: number;
  write: (out: DataView, from: number, stride: number, rows: number) => void;
}

/**
 * The data of `binaryCopy`, byte for byte, as one piece in memory that is used again: one row is written and doubled, then
 * column after column is put over it, and nothing is made a row. Only for rows of one size: Float64Array, `bytea`, empty
 * `text[]` and `same`; null for all others.
 * @param buffers memory to take; put the one answered back when it was sent (`sent`)
 */
export function equalRows(
  columns: readonly CopyColumn[],
  buffers: ArrayBuffer[],
): { data: Buffer; sent: () => void } | null {
  const fields: EqualField[] = [];
  for (const column of columns) {
    const field = equalField(column);
    if (!field) return null;
    fields.push(field);
  }
  const [first] = columns;
  if (first?.type !== 'int8' || first.values.length === 0) return null;
  const rows = first.values.length;
  const stride = fields.reduce((sum, { bytes }) => sum + bytes, 2);
  const size = SIGNATURE_BYTES + rows * stride + END_BYTES;
  const kept = buffers.pop();
  const memory = kept && kept.byteLength >= size ? kept : new ArrayBuffer(size);
  const data = Buffer.from(memory, 0, size);
  let at = 0;
  for (const part of binaryCopy(columns.map(firstRow))) at += part.copy(data, at);
  for (let done = 1; done < rows; done *= 2) {
    const start = SIGNATURE_BYTES;
    data.copyWithin(start + done * stride, start, start + Math.min(done, rows - done) * stride);
  }
  data.writeInt16BE(-1, size - END_BYTES);
  const view = new DataView(memory);
  let from = SIGNATURE_BYTES + 2;
  for (const { bytes, write } of fields) {
    write(view, from, stride, rows);
    from += bytes;
  }
  return { data, sent: () => void buffers.push(memory) };
}

function equalField(column: CopyColumn): EqualField | null {
  if (column.type === 'int8' || column.type === 'float8') {
    const { type, values } = column;
    if (!(values instanceof Float64Array)) return null;
    const put = type === 'int8' ? putInt8s : putFloat8s;
    return {
      bytes: 12,
      write: (out, from, stride) => {
        put(out, from + 4, stride, values);
      },
    };
  }
  if (column.type === 'bytea') {
    const { values, width } = column;
    return {
      bytes: 4 + width,
      write: (out, from, stride, rows) => {
        putBytes(out, from + 4, stride, rows, values, width);
      },
    };
  }
  // what is the same in every row stands there already
  if (column.type === 'same') return { bytes: column.bytes.length, write: () => undefined };
  if (column.type === 'text[]' && column.width === 0)
    return { bytes: EMPTY_ARRAY_BYTES, write: () => undefined };
  return null;
}

function putFloat8s(out: DataView, from: number, stride: number, values: Float64Array): void {
  for (let row = 0, at = from; row < values.length; row += 1, at += stride)
    out.setFloat64(at, values[row] ?? NaN);
}

function putInt8s(out: DataView, from: number, stride: number, values: Float64Array): void {
  for (let row = 0, at = from; row < values.length; row += 1, at += stride) {
    const value = values[row] ?? NaN;
    const high = Math.floor(value / TWO_32);
    out.setInt32(at, high);
    out.setUint32(at + 4, value - high * TWO_32);
  }
}

/** Four bytes at a time: a call of `set` a row would cost more than the bytes. */
function putBytes(
  out: DataView,
  from: number,
  stride: number,
  rows: number,
  values: Buffer,
  width: number,
): void {
  const source = new DataView(values.buffer, values.byteOffset, values.byteLength);
  const words = width - (width % 4);
  for (let row = 0, to = from, at = 0; row < rows; row += 1, to += stride, at += width) {
    for (let i = 0; i < words; i += 4) out.setUint32(to + i, source.getUint32(at + i));
    for (let i = words; i < width; i += 1) out.setUint8(to + i, source.getUint8(at + i));
  }
}

function firstRow(column: CopyColumn): CopyColumn {
  if (column.type === 'bytea')
    return { ...column, values: column.values.subarray(0, column.width) };
  if (column.type === 'int8' || column.type === 'float8')
    return { ...column, values: [column.values[0] ?? NaN] };
  return column;
}
