import { normalVariate } from '../../src/numeric/random-variates.js';
import { randomStream } from '../../src/numeric/random.js';
import type { FeatureTable } from '../../src/numeric/table.js';

export interface PlantedTable {
  table: FeatureTable;
  booleanNames: string[];
  labels: Uint8Array;
}

/**
 * A table whose truth is known. Signal: numbers `signal_a`, `signal_b` and the category `signal_plan`; copies:
 * `copy_a` (with a little noise) and `copy_plan`; the rest (numbers, a boolean, a category) is noise.
 * `strength` 0 makes all of it noise. Every 20th `signal_b` is missing.
 */
export function plantedTable(rows: number, seed: number, strength = 1): PlantedTable {
  const next = randomStream(seed);
  const labels = new Uint8Array(rows);
  const noises = 6;
  const numericNames = ['noise_flag', 'signal_a', 'copy_a', 'signal_b'];
  for (let k = 0; k < noises; k++) numericNames.push(`noise_${k}`);
  const categoricalNames = ['noise_city', 'signal_plan', 'copy_plan'];
  const numeric = new Float32Array(rows * numericNames.length);
  const categorical: string[] = [];
  for (let i = 0; i < rows; i++) {
    const a = normalVariate(next, 0, 1);
    const b = normalVariate(next, 0, 1);
    const plan = ['basic', 'plus', 'pro'][Math.floor(3 * next())] ?? '';
    const margin = strength * (1.6 * a + 1.2 * b + (plan === 'basic' ? 1.5 : -0.75));
    labels[i] = next() < 1 / (1 + Math.exp(-margin)) ? 1 : 0;
    const flag = next() < 0.3 ? 1 : 0;
    const copy = a + normalVariate(next, 0, 0.05);
    const noise = Array.from({ length: noises }, () => normalVariate(next, 0, 1));
    numeric.set([flag, a, copy, i % 20 === 0 ? NaN : b, ...noise], i * numericNames.length);
    const city = ['Rome', 'Oslo', 'Lima', ''][Math.floor(4 * next())] ?? '';
    categorical.push(city, plan, plan.toUpperCase());
  }
  const table = { rows, numericNames, numeric, categoricalNames, categorical };
  return { table, booleanNames: ['noise_flag'], labels };
}
