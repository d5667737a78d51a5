import fs from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import type { DesignMatrix } from '../../src/numeric/table.js';
import { projectRoot } from '../../src/plant/paths.js';
import { uniformAt } from './synthetic.js';

const range = { low: z.number(), high: z.number() };

const golden = z.object({
  elasticNet: z.object({
    positives: z.int(),
    fits: z.array(
      z.object({
        c: z.number(),
        l1Ratio: z.number(),
        weights: z.array(z.number()),
        intercept: z.number(),
        objective: z.number(),
      }),
    ),
  }),
  isolation: z.object({
    meanScores: z.array(z.number()),
    auc: z.object({ mean: z.number(), ...range }),
    rankCorrelationWithMean: z.object(range),
    largestDifferenceFromMean: z.number(),
  }),
});

/** scikit-learn 1.2.1; made by test/numeric/fits-golden.py, which says how. */
export const fitsGolden = golden.parse(
  JSON.parse(
    fs.readFileSync(path.join(projectRoot, 'test', 'numeric', 'fits-golden.json'), 'utf8'),
  ),
);

/** The table of the elastic-net cases: `linear_table` of the program that made them. */
export function linearTable(): { x: DesignMatrix; labels: Uint8Array } {
  const rows = 400;
  const columns = 8;
  const values = new Float32Array(rows * columns);
  const labels = new Uint8Array(rows);
  for (let i = 0; i < rows; i++) {
    const u = (column: number) => uniformAt(i, column, 11);
    values.set(
      [u(0), u(1), u(2), u(0) + 0.2 * u(3), u(4), u(5), u(6), u(7) < 0.2 ? 1 : 0],
      i * columns,
    );
    const [a = 0, b = 0, c = 0] = values.subarray(i * columns);
    const margin = 4 * (a - 0.5) - 3 * (b - 0.5) + 1.5 * (c - 0.5) - 0.5;
    labels[i] = u(9) < 1 / (1 + Math.exp(-margin)) ? 1 : 0;
  }
  return { x: { rows, columns, values }, labels };
}

/** Rows near two centres of which every 25th is spread wider (label 1): `planted` of the same program. */
export function plantedOutliers(): { x: DesignMatrix; labels: Uint8Array } {
  const rows = 1000;
  const columns = 5;
  const values = new Float32Array(rows * columns);
  const labels = new Uint8Array(rows);
  for (let i = 0; i < rows; i++) {
    const isFar = i % 25 === 0;
    const centre = uniformAt(i, 0, 5) < 0.5 ? 3 : -3;
    for (let j = 0; j < columns; j++) {
      let sum = 0;
      for (let k = 1; k < 5; k++) sum += uniformAt(i, 10 * j + k, 5);
      const bell = sum - 2;
      values[i * columns + j] = (isFar ? 2.5 * bell : bell) + centre;
    }
    labels[i] = isFar ? 1 : 0;
  }
  return { x: { rows, columns, values }, labels };
}
