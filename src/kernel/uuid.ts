import { randomBytes } from 'node:crypto';

/**
 * A version 7 uuid (RFC 9562): 48 bits of milliseconds, then 74 random bits; sorts by creation time.
 * @param at when the row is made; milliseconds since 1970 fit 48 bits until the year 10889
 */
export function uuidv7(at: Date): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(at.getTime(), 0, 6);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x70, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join('-');
}
