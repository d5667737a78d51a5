import { createHash } from 'node:crypto';
import type { FeatureTable } from '../../numeric/table.js';

/** SHA-256, hex, of names, values and labels, in their order; bytes as little-endian float32. */
export function dataHash(table: FeatureTable, labels: Uint8Array): string {
  const hash = createHash('sha256');
  hash.update(JSON.stringify([table.rows, table.numericNames, table.categoricalNames]));
  const { buffer, byteOffset, byteLength } = table.numeric;
  hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  // In pieces: one string of all categories of a large table would exceed the longest string.
  for (let from = 0; from < table.categorical.length; from += 10_000)
    hash.update(JSON.stringify(table.categorical.slice(from, from + 10_000)));
  hash.update(labels);
  return hash.digest('hex');
}
