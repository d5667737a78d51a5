import type { Forest } from './forest.js';
import type { DesignMatrix } from './table.js';

/**
 * A forest's comparisons as comparisons of small integers, which need no branch: the code of a value
 * is the number of thresholds of its column below it, so `x <= threshold[node]` iff
 * code(x) <= nodeCode[node]. A coded row has two codes a column, which differ for NaN only: the first,
 * for nodes that send NaN left, is then below every nodeCode, the second above.
 */
export interface ThresholdCodes {
  /** Distinct thresholds of each column, ascending. */
  thresholds: readonly Float32Array[];
  /** Position of the code that a node compares in a coded row; 0 in leaves. */
  nodePosition: Int32Array;
  /** 0 in leaves. */
  nodeCode: Int32Array;
}

/** Cost: O(nodes * log nodes). */
export function readThresholdCodes(forest: Forest): ThresholdCodes {
  const { feature, threshold, missingLeft } = forest;
  const perColumn: number[][] = Array.from({ length: forest.columns }, () => []);
  for (let node = 0; node < feature.length; node++) {
    if (feature[node]! >= 0) perColumn[feature[node]!]!.push(threshold[node]!);
  }
  const thresholds = perColumn.map((all) => Float32Array.from(new Set(all)).sort());
  const nodePosition = new Int32Array(feature.length);
  const nodeCode = new Int32Array(feature.length);
  for (let node = 0; node < feature.length; node++) {
    const column = feature[node]!;
    if (column < 0) continue;
    nodePosition[node] = 2 * column + (missingLeft[node] === 1 ? 0 : 1);
    nodeCode[node] = countBelow(thresholds[column]!, threshold[node]!);
  }
  return { thresholds, nodePosition, nodeCode };
}

/** Codes of rows from..to-1 into `codes`, shape [to - from, 2 * columns]. Columns not split are skipped. */
export function codeRows(
  codes: ThresholdCodes,
  x: DesignMatrix,
  from: number,
  to: number,
  out: Int32Array,
): void {
  const { columns, values } = x;
  for (let column = 0; column < columns; column++) {
    const thresholds = codes.thresholds[column]!;
    if (thresholds.length === 0) continue;
    let at = 2 * column;
    for (let row = from; row < to; row++, at += 2 * columns) {
      const value = values[row * columns + column]!;
      if (Number.isNaN(value)) {
        out[at] = -1;
        out[at + 1] = thresholds.length;
      } else {
        const code = countBelow(thresholds, value);
        out[at] = code;
        out[at + 1] = code;
      }
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
