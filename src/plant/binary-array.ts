import { AppError } from '../kernel/error.js';

const HEADER_BYTES = 20; // dimensions, has-null flag, element type, length, lower bound: int32 each
const FLOAT8 = 701;
const INT8 = 20;
const TEXT = 25;

interface ArrayHeader {
  elementType: number;
  length: number;
}

function headerOf(bytes: Buffer): ArrayHeader {
  const dimensions = bytes.readInt32BE(0);
  if (dimensions === 0) return { elementType: bytes.readInt32BE(8), length: 0 };
  if (dimensions !== 1) throw new AppError('INTERNAL', `array of ${dimensions} dimensions`);
  return { elementType: bytes.readInt32BE(8), length: bytes.readInt32BE(12) };
}

/**
 * `array_send(float8[] or int8[])` as float64, NULL as NaN; a NULL array is empty. Columns read this way
 * skip row objects and the text form of floats; pg cannot ask for binary results itself.
 */
export function float64Array(bytes: Buffer | null): Float64Array {
  if (bytes === null) return new Float64Array(0);
  const { elementType, length } = headerOf(bytes);
  if (length > 0 && elementType !== FLOAT8 && elementType !== INT8)
    throw new AppError('INTERNAL', `array of type ${elementType}, wanted float8 or int8`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = new Float64Array(length);
  let offset = HEADER_BYTES;
  for (let i = 0; i < length; i += 1) {
    if (view.getInt32(offset) < 0) {
      values[i] = NaN;
      offset += 4;
    } else {
      values[i] =
        elementType === FLOAT8
          ? view.getFloat64(offset + 4)
          : view.getInt32(offset + 4) * 4294967296 + view.getUint32(offset + 8);
      offset += 12;
    }
  }
  return values;
}

/** `array_send(text[])`; a NULL array is empty. */
export function stringArray(bytes: Buffer | null): (string | null)[] {
  if (bytes === null) return [];
  const { elementType, length } = headerOf(bytes);
  if (length > 0 && elementType !== TEXT)
    throw new AppError('INTERNAL', `array of type ${elementType}, wanted text`);
  const values: (string | null)[] = [];
  let offset = HEADER_BYTES;
  for (let i = 0; i < length; i += 1) {
    const size = bytes.readInt32BE(offset);
    offset += 4;
    values.push(size < 0 ? null : bytes.toString('utf8', offset, offset + size));
    if (size > 0) offset += size;
  }
  return values;
}
