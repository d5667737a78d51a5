import type { PointMatrix } from '../../src/numeric/clustering.js';
import { uniformAt } from './synthetic.js';

const COLUMNS = 8;

/** The cluster set of the scale references: five groups in 8 columns, rebuilt bit for bit by any language. */
export function syntheticBlobs(rows: number): PointMatrix {
  const values = new Float64Array(rows * COLUMNS);
  const centers = Float64Array.from(
    { length: 5 * COLUMNS },
    (_, at) => 6 * uniformAt(Math.floor(at / COLUMNS), 200 + (at % COLUMNS), 2),
  );
  for (let i = 0; i < rows; i++) {
    const group = Math.floor(5 * uniformAt(i, 100, 2));
    for (let j = 0; j < COLUMNS; j++) {
      const noise =
        uniformAt(i, 3 * j, 2) + uniformAt(i, 3 * j + 1, 2) + uniformAt(i, 3 * j + 2, 2);
      values[i * COLUMNS + j] = centers[group * COLUMNS + j]! + noise - 1.5;
    }
  }
  return { rows, columns: COLUMNS, values };
}
