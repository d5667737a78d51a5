/** Points to group: row-major float64, shape [rows, columns]; finite. In shared memory where threads work on it. */
export interface PointMatrix {
  rows: number;
  columns: number;
  values: Float64Array;
}

/** A grouping of the rows of a matrix. */
export interface Clustering {
  /** Number of groups; their numbers are 0..k-1. Noise is no group. */
  k: number;
  /** Shape [rows]; -1 = noise. */
  labels: Int32Array;
  /** Mean (or medoid) of each group, row-major, shape [k, columns]. */
  centers: Float64Array;
  /** Sum of squared distances to the own centre, noise left out. */
  inertia: number;
  /** Bayesian information criterion, smaller is better; null for algorithms without a likelihood. */
  bic: number | null;
}

/** Rows by index, as a matrix of their own. Cost: O(rows x columns). */
export function pickPoints(points: PointMatrix, rows: ArrayLike<number>): PointMatrix {
  const { columns, values } = points;
  const picked = new Float64Array(rows.length * columns);
  for (let to = 0; to < rows.length; to++) {
    const from = (rows[to] ?? 0) * columns;
    picked.set(values.subarray(from, from + columns), to * columns);
  }
  return { rows: rows.length, columns, values: picked };
}
