/**
 * Cheapest assignment of rows to columns: each row gets its own column (each column its own row where there are fewer
 * columns) and the sum of the costs is the least there is. Returns the column of each row, -1 = none; with equal sums the
 * result is one of them, the same each time.
 * @param cost row-major, shape [rows, columns], finite, any sign
 * @throws RangeError for a cost that is not finite, or a length other than rows x columns
 * Source: Kuhn (1955), Munkres (1957), by shortest augmenting paths as in Jonker & Volgenant, Computing 38 (1987).
 * Cost: O(n² m) with n the smaller side.
 */
export function optimalAssignment(cost: Float64Array, rows: number, columns: number): Int32Array {
  if (cost.length !== rows * columns) {
    throw new RangeError(`cost must be ${rows} x ${columns}, got ${cost.length} values`);
  }
  const bad = cost.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw new RangeError(`costs must be finite, got ${cost[bad]} at ${bad}`);
  if (rows <= columns) return assignRows((i, j) => cost[i * columns + j]!, rows, columns);
  const rowOf = assignRows((i, j) => cost[j * columns + i]!, columns, rows);
  const columnOf = new Int32Array(rows).fill(-1);
  rowOf.forEach((row, column) => (columnOf[row] = column));
  return columnOf;
}

/** State of the search: potentials of the dual, and the matching; index 0 is the place of the row being matched. */
interface Search {
  rowPotential: Float64Array;
  columnPotential: Float64Array;
  /** Row (1..n) of each column (1..m), 0 = free. */
  rowOf: Int32Array;
  previous: Int32Array;
}

function assignRows(cost: (i: number, j: number) => number, n: number, m: number): Int32Array {
  const search: Search = {
    rowPotential: new Float64Array(n + 1),
    columnPotential: new Float64Array(m + 1),
    rowOf: new Int32Array(m + 1),
    previous: new Int32Array(m + 1),
  };
  for (let row = 1; row <= n; row++) {
    search.rowOf[0] = row;
    let column = shortestPath(search, cost, m);
    while (column !== 0) {
      const before = search.previous[column]!;
      search.rowOf[column] = search.rowOf[before]!;
      column = before;
    }
  }
  const columnOf = new Int32Array(n).fill(-1);
  for (let column = 1; column <= m; column++) {
    const row = search.rowOf[column]!;
    if (row > 0) columnOf[row - 1] = column - 1;
  }
  return columnOf;
}

/** Dijkstra over reduced costs from the row at place 0; returns the free column where the path ends. */
function shortestPath(
  search: Search,
  cost: (i: number, j: number) => number,
  columns: number,
): number {
  const { rowPotential, columnPotential, rowOf, previous } = search;
  const distance = new Float64Array(columns + 1).fill(Infinity);
  const done = new Uint8Array(columns + 1);
  let column = 0;
  do {
    done[column] = 1;
    const row = rowOf[column]!;
    let next = 0;
    let step = Infinity;
    for (let j = 1; j <= columns; j++) {
      if (done[j]) continue;
      const reduced = cost(row - 1, j - 1) - rowPotential[row]! - columnPotential[j]!;
      if (reduced < distance[j]!) {
        distance[j] = reduced;
        previous[j] = column;
      }
      if (distance[j]! < step) {
        step = distance[j]!;
        next = j;
      }
    }
    for (let j = 0; j <= columns; j++) {
      if (done[j]) {
        rowPotential[rowOf[j]!]! += step;
        columnPotential[j]! -= step;
      } else distance[j]! -= step;
    }
    column = next;
  } while (rowOf[column] !== 0);
  return column;
}
