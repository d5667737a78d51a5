import type { DesignMatrix } from '../../src/numeric/table.js';

/** A generated classification set and its two parts by the split rule. */
export interface SyntheticSet {
  train: { x: DesignMatrix; labels: Uint8Array };
  test: { x: DesignMatrix; labels: Uint8Array };
}

const COLUMNS = 20;

/** murmur3's finaliser. */
function mix(seed: number): number {
  let h = seed;
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  h ^= h >>> 16;
  return h >>> 0;
}

/** Uniform in [0, 1), a function of row, column and seed: any language rebuilds it bit for bit. */
export function uniformAt(row: number, column: number, seed: number): number {
  const at = Math.imul(row, 0x9e3779b1) + Math.imul(column, 0x85ebca77) + seed;
  return mix(at | 0) / 4294967296;
}

/**
 * The classification set of the scale references: 20 uniform columns of which 0..8 matter (additive, product,
 * sine, step, V-shaped and threshold effects) and 9..19 are noise; best possible AUC about 0.868.
 * Row i is a test row iff (i * 2654435761 mod 2^32) < 0.2 * 2^32.
 */
export function syntheticClassification(rows: number): SyntheticSet {
  const isTest = (row: number): boolean => Math.imul(row, 2654435761) >>> 0 < 0.2 * 4294967296;
  const all = Array.from({ length: rows }, (_, row) => row);
  const part = (chosen: number[]): SyntheticSet['train'] => {
    const values = new Float32Array(chosen.length * COLUMNS);
    const labels = new Uint8Array(chosen.length);
    chosen.forEach((row, i) => {
      const v = Array.from({ length: COLUMNS }, (_, column) => uniformAt(row, column, 1));
      values.set(v, i * COLUMNS);
      labels[i] = uniformAt(row, 20, 1) < 1 / (1 + Math.exp(-logit(v))) ? 1 : 0;
    });
    return { x: { rows: chosen.length, columns: COLUMNS, values }, labels };
  };
  return {
    train: part(all.filter((row) => !isTest(row))),
    test: part(all.filter(isTest)),
  };
}

function logit(v: readonly number[]): number {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0, i = 0] = v;
  return (
    3 * (a - 0.5) +
    4 * (b - 0.5) * (c - 0.5) +
    2 * Math.sin(2 * Math.PI * d) +
    2 * (e > 0.7 ? 1 : 0) * (f - 0.5) * 2 -
    1.5 * Math.abs(g - 0.5) * 2 +
    1.2 * (h * i > 0.25 ? 1 : 0) -
    1.4
  );
}

/** Area under the ROC curve by ranks; scores without ties. */
export function rankAuc(scores: Float64Array, labels: Uint8Array): number {
  const order = Array.from(scores, (_, i) => i).sort((a, b) => (scores[a] ?? 0) - (scores[b] ?? 0));
  let rankSum = 0;
  let positives = 0;
  order.forEach((row, rank) => {
    if (labels[row] !== 1) return;
    rankSum += rank + 1;
    positives++;
  });
  const negatives = scores.length - positives;
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives);
}
