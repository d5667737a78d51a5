import fs from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import type { PointMatrix } from '../../src/numeric/clustering.js';
import { projectRoot } from '../../src/plant/paths.js';
import { uniformAt } from './synthetic.js';

const agreement = z.object({
  ari: z.number(),
  nmi: z.number(),
  homogeneity: z.number(),
  completeness: z.number(),
});
const golden = z.object({
  labels: z.array(agreement.extend({ rows: z.int(), k: z.int(), copied: z.number() })),
  points: z.array(
    z.object({
      rows: z.int(),
      columns: z.int(),
      k: z.int(),
      pull: z.number(),
      silhouette: z.number(),
      firstSilhouettes: z.array(z.number()),
      calinskiHarabasz: z.number(),
      daviesBouldin: z.number(),
    }),
  ),
  assignments: z.array(z.object({ rows: z.int(), columns: z.int(), cost: z.number() })),
  telco: z.record(z.string(), agreement),
});

/** scikit-learn 1.2.1 and scipy 1.10.1; made by test/numeric/cluster-scores-golden.py, which says how. */
export const clusterGolden = golden.parse(
  JSON.parse(
    fs.readFileSync(
      path.join(projectRoot, 'test', 'numeric', 'cluster-scores-golden.json'),
      'utf8',
    ),
  ),
);

/** `made_labels` of the program that made the values. */
export function goldenLabels({ rows, k, copied }: { rows: number; k: number; copied: number }) {
  const classes = Int32Array.from({ length: rows }, (_, i) => Math.floor(uniformAt(i, 0, 3) * k));
  const groups = classes.map((label, i) =>
    uniformAt(i, 1, 3) < copied ? label : Math.floor(uniformAt(i, 2, 3) * (k + 1)) - 1,
  );
  return { classes, groups };
}

/** `of_points` of the program that made the values, the noise still among the rows. */
export function goldenPoints(golden: { rows: number; columns: number; k: number; pull: number }): {
  points: PointMatrix;
  labels: Int32Array;
} {
  const { rows, columns, k, pull } = golden;
  const labels = Int32Array.from(
    { length: rows },
    (_, i) => Math.floor(uniformAt(i, 99, 5) * (k + 1)) - 1,
  );
  const values = Float64Array.from({ length: rows * columns }, (_, at) => {
    const [i, j] = [Math.floor(at / columns), at % columns];
    return uniformAt(i, j, 5) + pull * uniformAt(labels[i] ?? 0, j, 6);
  });
  return { points: { rows, columns, values }, labels };
}
