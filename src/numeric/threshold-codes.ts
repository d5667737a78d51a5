import type { Forest } from './forest.js';
import type { DesignMatrix } from './table.js';

/**
 * A forest's comparisons as comparisons of small integers, which need no branch: the code of a value
 * is the number of thresholds of its column below it, so `x <= threshold[node]` iff
 * code(x) <= nodeCode[node]. A coded row has two codes for each column that is split anywhere; they
 * differ for NaN only: the first, for nodes that send NaN left, is then below every nodeCode, the
 * second above.
 */
export interface ThresholdCodes {
  /** Numbers in a coded row. */
  width: number;
  /** Columns that are split anywhere, ascending. */
  columns: Int32Array;
  /** Distinct thresholds of each of them, ascending. */
  thresholds: readonly Float32Array[];
  /** Position of the code that a node compares in a coded row; 0 in leaves. */
  nodePosition: Int32Array;
  /** 0 in leaves. */
  nodeCode: Int32Array;
}

/** Cost: O(nodes * log nodes). */
export function readThresholdCodes(forest: Forest): ThresholdCodes {
  const { feature, threshold, missingLeft } = forest;
  const perColumn = new Map<number, number[]>();
  for (let node = 0; node < feature.length; node++) {
    const column = feature[node]!;
    if (column < 0) continue;
    const known = perColumn.get(column);
    if (known) known.push(threshold[node]!);
    else perColumn.set(column, [threshold[node]!]);
  }
  const columns = Int32Array.from(perColumn.keys()).sort();
  const thresholds = Array.from(columns, (column) =>
    Float32Array.from(new Set(perColumn.get(column))).sort(),
  );
  const place = new Int32Array(forest.columns);
  columns.forEach((column, k) => (place[column] = k));
  const nodePosition = new Int32Array(feature.length);
  const nodeCode = new Int32Array(feature.length);
  for (let node = 0; node < feature.length; node++) {
    const column = feature[node]!;
    if (column < 0) continue;
    const k = place[column]!;
    nodePosition[node] = 2 * k + (missingLeft[node] === 1 ? 0 : 1);
    nodeCode[node] = countBelow(thresholds[k]!, threshold[node]!);
  }
  return { width: 2 * columns.length, columns, thresholds, nodePosition, nodeCode };
}

/** Codes of rows from..to-1 into `out`, row-major, shape [to - from, width]. */
export function codeRows(
  codes: ThresholdCodes,
  x: DesignMatrix,
  from: number,
  to: number,
  out: Int32Array,
): void {
  const { values } = x;
  for (let k = 0; k < codes.columns.length; k++) {
    const column = codes.columns[k]!;
    const thresholds = codes.thresholds[k]!;
    let at = 2 * k;
    for (let row = from; row < to; row++, at += codes.width) {
      const value = values[row * x.columns + column]!;
      const isMissing = Number.isNaN(value);
      const code = isMissing ? -1 : countBelow(thresholds, value);
      out[at] = code;
      out[at + 1] = isMissing ? thresholds.length : code;
    }
  }
}

/** How many of the ascending thresholds are below the value. */
function countBelow(thresholds: Float32Array, value: number): number {
  let low = 0;
  let high = thresholds.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (thresholds[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
