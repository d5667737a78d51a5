import { randomStream } from './random.js';

/**
 * A fold 0..folds-1 for every row, seeded: each class is dealt out evenly, so that the folds' class
 * counts differ by at most 1. Deterministic for (labels, folds, seed).
 * @throws RangeError if folds < 2 or a class has fewer rows than there are folds
 * Cost: O(rows).
 */
export function stratifiedFolds(labels: Uint8Array, folds: number, seed: number): Uint8Array {
  if (folds < 2) throw new RangeError(`folds must be >= 2, got ${String(folds)}`);
  const next = randomStream(seed);
  const fold = new Uint8Array(labels.length);
  // The second class starts where the first one ended, or fold 0 would get every odd row.
  let dealt = 0;
  for (const label of [1, 0]) {
    const rows = Uint32Array.from(labels.keys()).filter((i) => labels[i] === label);
    if (rows.length < folds)
      throw new RangeError(
        `each class must have >= ${String(folds)} rows (one a fold), class ${String(label)} has ${String(rows.length)}`,
      );
    for (let k = rows.length - 1; k > 0; k--) {
      const other = Math.floor(next() * (k + 1));
      const row = rows[k]!;
      rows[k] = rows[other]!;
      rows[other] = row;
    }
    for (const row of rows) fold[row] = dealt++ % folds;
  }
  return fold;
}
