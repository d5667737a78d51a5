import { seededRandom } from '../../src/kernel/random.js';
import type { FeatureTable } from '../../src/numeric/table.js';

/**
 * A made table whose truth is known: `risk` raises the odds, `plan` = basic raises them, `noise` and
 * `city` do nothing; every tenth `risk` is missing.
 */
export function madeTable(rows: number, seed = 1): { table: FeatureTable; labels: Uint8Array } {
  const random = seededRandom(seed);
  const labels = new Uint8Array(rows);
  const numeric = new Float32Array(rows * 2);
  const categorical: string[] = [];
  for (let i = 0; i < rows; i++) {
    const risk = random.normal();
    const plan = ['basic', 'plus', 'pro'][random.int(3)] ?? '';
    const margin = 1.5 * risk + (plan === 'basic' ? 1 : -0.5);
    labels[i] = random.next() < 1 / (1 + Math.exp(-margin)) ? 1 : 0;
    numeric.set([i % 10 === 0 ? NaN : risk, random.normal()], i * 2);
    categorical.push(plan, ['Rome', 'Oslo', ''][random.int(3)] ?? '');
  }
  const names = { numericNames: ['risk', 'noise'], categoricalNames: ['plan', 'city'] };
  return { table: { rows, numeric, categorical, ...names }, labels };
}
