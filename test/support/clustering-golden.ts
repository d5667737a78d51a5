import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import type { PointMatrix } from '../../src/numeric/clustering.js';
import { randomStream } from '../../src/numeric/random.js';
import { projectRoot } from '../../src/plant/paths.js';

const mixture = z.object({
  k: z.int(),
  covariance: z.enum(['full', 'diag']),
  regularisation: z.number(),
  tolerance: z.number(),
  iterations: z.int(),
  converged: z.boolean(),
  logLikelihood: z.number(),
  bic: z.number(),
  aic: z.number(),
  weights: z.array(z.number()),
  means: z.array(z.number()),
  sizes: z.array(z.int()),
});

const table = z.object({
  mixtures: z.array(mixture),
  dbscan: z.array(
    z.object({
      eps: z.number(),
      minPoints: z.int(),
      k: z.int(),
      noise: z.int(),
      core: z.int(),
      labels: z.string(),
    }),
  ),
  ward: z.object({
    rows: z.int(),
    lastHeights: z.array(z.number()),
    heightSum: z.number(),
    cuts: z.array(z.object({ k: z.int(), labels: z.string() })),
  }),
});

/** scikit-learn 1.2.1 and scipy 1.10.1; made by test/numeric/clustering-golden.py, which says how. */
export const clusteringGolden = z
  .object({ telco: table, cdnow: table })
  .parse(
    JSON.parse(
      fs.readFileSync(path.join(projectRoot, 'test', 'numeric', 'clustering-golden.json'), 'utf8'),
    ),
  );

/** Labels as the program that made the golden values digests them. */
export function labelDigest(labels: Int32Array): string {
  return crypto.createHash('sha256').update(labels.join(',')).digest('hex');
}

/** k equal parts of the first column's range: a start that needs no algorithm. */
export function bandLabels({ rows, columns, values }: PointMatrix, k: number): Int32Array {
  const first = Float64Array.from({ length: rows }, (_, row) => values[row * columns] ?? NaN);
  const low = first.reduce((a, b) => Math.min(a, b));
  const high = first.reduce((a, b) => Math.max(a, b));
  return Int32Array.from(first, (value) =>
    Math.min(k - 1, Math.floor(((value - low) / (high - low)) * k)),
  );
}

/** Groups numbered by their first row; noise stays -1. Equal for two labellings that name the same groups. */
export function renumbered(labels: ArrayLike<number>): number[] {
  const numberOf = new Map<number, number>([[-1, -1]]);
  let next = 0;
  return Array.from(labels, (label) => {
    if (!numberOf.has(label)) numberOf.set(label, next++);
    return numberOf.get(label) ?? NaN;
  });
}

/** Rows of numbers as a matrix. */
export function matrixOf(rows: readonly (readonly number[])[]): PointMatrix {
  return {
    rows: rows.length,
    columns: rows[0]?.length ?? 1,
    values: Float64Array.from(rows.flat()),
  };
}

/** Round heaps of standard deviation 1, `each` rows around every centre in turn. */
export function heaps(
  centers: readonly (readonly number[])[],
  each: number,
  seed: number,
): PointMatrix {
  const random = randomStream(seed);
  const normal = (): number =>
    Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return matrixOf(
    Array.from({ length: each }, () =>
      centers.map((center) => center.map((value) => value + normal())),
    ).flat(),
  );
}

/** The rows in another order: row i of the result is row `order[i]`. */
export function shuffled(rows: number, seed: number): Int32Array {
  const random = randomStream(seed);
  const order = Int32Array.from({ length: rows }, (_, row) => row);
  for (let i = rows - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j] ?? 0, order[i] ?? 0];
  }
  return order;
}
