import type { Forest } from '../../src/numeric/forest.js';
import { leafOf } from '../../src/numeric/predictor.js';
import type { DesignMatrix } from '../../src/numeric/table.js';

/** Which child a row takes at a node. */
function childOf(forest: Forest, x: DesignMatrix, row: number, node: number): number {
  const value = x.values[row * x.columns + (forest.feature[node] ?? 0)] ?? NaN;
  const isLeft = Number.isNaN(value)
    ? forest.missingLeft[node] === 1
    : value <= (forest.threshold[node] ?? 0);
  return (isLeft ? forest.left[node] : forest.right[node]) ?? 0;
}

interface PathElement {
  column: number;
  zero: number;
  one: number;
  weight: number;
}

/** Lundberg et al. (2020), algorithm 2 with EXTEND and UNWIND: the naive twin of treeShap, one row. */
export function plainTreeShap(forest: Forest, x: DesignMatrix, row: number): Float64Array {
  const values = new Float64Array(x.columns);
  const recurse = (
    node: number,
    before: readonly PathElement[],
    zero: number,
    one: number,
    column: number,
  ): void => {
    const path = extend(before, zero, one, column);
    const split = forest.feature[node] ?? -1;
    if (split < 0) {
      for (let i = 1; i < path.length; i++) {
        const weight = unwind(path, i).reduce((sum, element) => sum + element.weight, 0);
        const { one: o, zero: z, column: c } = path[i] ?? { one: 0, zero: 0, column: 0 };
        values[c] = (values[c] ?? 0) + weight * (o - z) * (forest.value[node] ?? 0);
      }
      return;
    }
    const hot = childOf(forest, x, row, node);
    const cold = hot === forest.left[node] ? (forest.right[node] ?? 0) : (forest.left[node] ?? 0);
    const cover = forest.cover[node] ?? 1;
    const known = path.findIndex((element, i) => i > 0 && element.column === split);
    const from = known > 0 ? path[known] : undefined;
    const rest = known > 0 ? unwind(path, known) : path;
    const incomingZero = from?.zero ?? 1;
    const incomingOne = from?.one ?? 1;
    recurse(hot, rest, (incomingZero * (forest.cover[hot] ?? 0)) / cover, incomingOne, split);
    recurse(cold, rest, (incomingZero * (forest.cover[cold] ?? 0)) / cover, 0, split);
  };
  for (let tree = 0; tree < forest.treeCount; tree++) {
    recurse(forest.treeStart[tree] ?? 0, [], 1, 1, -1);
  }
  return values;
}

function extend(
  before: readonly PathElement[],
  zero: number,
  one: number,
  column: number,
): PathElement[] {
  const path = before.map((element) => ({ ...element }));
  const length = path.length;
  path.push({ column, zero, one, weight: length === 0 ? 1 : 0 });
  for (let i = length - 1; i >= 0; i--) {
    const here = path[i];
    const next = path[i + 1];
    if (!here || !next) continue;
    next.weight += (one * here.weight * (i + 1)) / (length + 1);
    here.weight = (zero * here.weight * (length - i)) / (length + 1);
  }
  return path;
}

function unwind(before: readonly PathElement[], at: number): PathElement[] {
  const path = before.map((element) => ({ ...element }));
  const last = path.length - 1;
  const { one, zero } = path[at] ?? { one: 0, zero: 0 };
  let next = path[last]?.weight ?? 0;
  for (let i = last - 1; i >= 0; i--) {
    const here = path[i];
    if (!here) continue;
    if (one !== 0) {
      const weight = here.weight;
      here.weight = (next * (last + 1)) / ((i + 1) * one);
      next = weight - (here.weight * zero * (last - i)) / (last + 1);
    } else here.weight = (here.weight * (last + 1)) / (zero * (last - i));
  }
  for (let i = at; i < last; i++) {
    const here = path[i];
    const following = path[i + 1];
    if (here && following) Object.assign(here, { ...following, weight: here.weight });
  }
  path.pop();
  return path;
}

/** Shapley values by enumeration of all subsets of columns: the definition itself; few columns only. */
export function enumeratedShapley(
  forest: Forest,
  x: DesignMatrix,
  row: number,
): { baseValue: number; values: Float64Array } {
  const n = x.columns;
  const worth = Array.from({ length: 2 ** n }, (_, subset) => {
    let sum = forest.baseValue;
    for (let tree = 0; tree < forest.treeCount; tree++) {
      sum += expectation(forest, x, row, forest.treeStart[tree] ?? 0, subset);
    }
    return sum;
  });
  const factorial = (k: number): number => (k <= 1 ? 1 : k * factorial(k - 1));
  const values = new Float64Array(n);
  for (let column = 0; column < n; column++) {
    for (let subset = 0; subset < 2 ** n; subset++) {
      if (subset & (1 << column)) continue;
      let size = 0;
      for (let k = 0; k < n; k++) if (subset & (1 << k)) size++;
      const weight = (factorial(size) * factorial(n - size - 1)) / factorial(n);
      const gain = (worth[subset | (1 << column)] ?? 0) - (worth[subset] ?? 0);
      values[column] = (values[column] ?? 0) + weight * gain;
    }
  }
  return { baseValue: worth[0] ?? 0, values };
}

/** Value of a tree when only the columns in `subset` are known. */
function expectation(
  forest: Forest,
  x: DesignMatrix,
  row: number,
  node: number,
  subset: number,
): number {
  const column = forest.feature[node] ?? -1;
  if (column < 0) return forest.value[node] ?? 0;
  if (subset & (1 << column)) {
    return expectation(forest, x, row, childOf(forest, x, row, node), subset);
  }
  return [forest.left[node] ?? 0, forest.right[node] ?? 0].reduce(
    (sum, child) =>
      sum +
      ((forest.cover[child] ?? 0) / (forest.cover[node] ?? 1)) *
        expectation(forest, x, row, child, subset),
    0,
  );
}

/** Margin by walking every tree: the naive twin of predictMargin, one row. */
export function plainMargin(forest: Forest, x: DesignMatrix, row: number): number {
  let margin = forest.baseValue;
  for (let tree = 0; tree < forest.treeCount; tree++) {
    margin += forest.value[leafOf(forest, forest.treeStart[tree] ?? 0, x, row)] ?? 0;
  }
  return margin;
}
