import { endianness } from 'node:os';

/** Float32 little-endian bytes of the numerical inputs, as the ledger keeps them; NaN = missing. */
export function toBytes(numeric: Float32Array): Buffer {
  const bytes = Buffer.allocUnsafe(numeric.length * 4);
  for (let i = 0; i < numeric.length; i++) bytes.writeFloatLE(numeric[i] ?? NaN, i * 4);
  return bytes;
}

/** The inverse of `toBytes`; values come back bit for bit. */
export function fromBytes(bytes: Buffer): Float32Array {
  const numeric = new Float32Array(bytes.length / 4);
  for (let i = 0; i < numeric.length; i++) numeric[i] = bytes.readFloatLE(i * 4);
  return numeric;
}

/** As `toBytes`, for many rows at once: a view of the matrix where the machine keeps numbers the same way. */
export function bytesOfMatrix(numeric: Float32Array): Buffer {
  return endianness() === 'LE'
    ? Buffer.from(numeric.buffer, numeric.byteOffset, numeric.byteLength)
    : toBytes(numeric);
}
