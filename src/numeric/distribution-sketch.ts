import { decileEdges } from './drift-bins.js';
import { sortedFloats } from './float-sort.js';

/** So many distinct values are kept with their counts; of more, so many steps of equal depth. */
export const SKETCH_STEPS = 2_048;
/** So many categories are kept by name. */
const SKETCH_CATEGORIES = 200;

/**
 * Distribution of a numerical column, as plain JSON. The values between two knots are counted, not kept: Kolmogorov-
 * Smirnov against it is exact where `between` is null (2,048 distinct values at most), else too small by at most
 * `ksErrorBound` (below 1/2,048). Deciles and their counts are exact always.
 */
export interface NumberSketch {
  kind: 'NUMBER';
  /** Rows seen, missing ones included. */
  rows: number;
  /** Rows without a finite value. */
  missing: number;
  /** Null without a value. */
  mean: number | null;
  /** Sample standard deviation (n - 1); null without a value, 0 of one. */
  deviation: number | null;
  min: number | null;
  max: number | null;
  /** Deciles of the values, equal ones merged: the edges of the stability index. Each is a knot too. */
  edges: number[];
  /** Ascending, distinct; the least and the greatest value are the outer ones. */
  knots: number[];
  /** Values equal to each knot. */
  equal: number[];
  /** Values strictly below knot i and above the one before; null: none anywhere. */
  between: number[] | null;
  /** Greatest share of the values between two knots, 0..1. */
  ksErrorBound: number;
}

/** Distribution of a categorical column, as plain JSON. */
export interface CategorySketch {
  kind: 'CATEGORY';
  rows: number;
  /** Rows without a category: null or an empty text. */
  missing: number;
  /** The most frequent, most frequent first, ties by name. */
  categories: string[];
  counts: number[];
  /** Rows of all others; above 0 only where there are more than 200 categories. */
  other: number;
}

export type DistributionSketch = NumberSketch | CategorySketch;

/** Sketch of a column in any order; what is not finite is missing. Cost: O(n), a radix sort. */
export function sketchNumber(values: Float32Array | Float64Array): NumberSketch {
  const sorted = finiteOf(sortedFloats(values));
  const count = sorted.length;
  const edges = decileEdges(sorted);
  const knots = knotsOf(sorted, edges);
  const { equal, between } = countsOf(sorted, knots);
  const most = between.reduce((largest, value) => Math.max(largest, value), 0);
  return {
    kind: 'NUMBER',
    rows: values.length,
    missing: values.length - count,
    ...momentsOf(sorted),
    min: sorted[0] ?? null,
    max: sorted.at(-1) ?? null,
    edges: [...edges],
    knots,
    equal,
    between: most === 0 ? null : between,
    ksErrorBound: count === 0 ? 0 : most / count,
  };
}

/** Sketch of a column of labels; null and '' are missing. */
export function sketchCategory(labels: Iterable<string | null>): CategorySketch {
  const counts = new Map<string, number>();
  for (const label of labels) counts.set(label ?? '', (counts.get(label ?? '') ?? 0) + 1);
  return sketchCategoryCounts(counts);
}

/** Sketch of a column whose categories are counted already; '' is missing. */
export function sketchCategoryCounts(counts: ReadonlyMap<string, number>): CategorySketch {
  const rows = [...counts.values()].reduce((sum, value) => sum + value, 0);
  const missing = counts.get('') ?? 0;
  const ranked = [...counts]
    .filter(([label, count]) => label !== '' && count > 0)
    .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  const kept = ranked.slice(0, SKETCH_CATEGORIES);
  const named = kept.reduce((sum, [, count]) => sum + count, 0);
  return {
    kind: 'CATEGORY',
    rows,
    missing,
    categories: kept.map(([label]) => label),
    counts: kept.map(([, count]) => count),
    other: rows - missing - named,
  };
}

type Sorted = Float32Array | Float64Array;

function finiteOf(sorted: Sorted): Sorted {
  let start = 0;
  let end = sorted.length;
  while (start < end && sorted[start] === -Infinity) start++;
  while (end > start && sorted[end - 1] === Infinity) end--;
  return sorted.subarray(start, end);
}

function momentsOf(values: Sorted): { mean: number | null; deviation: number | null } {
  const count = values.length;
  if (count === 0) return { mean: null, deviation: null };
  let sum = 0;
  for (let i = 0; i < count; i++) sum += values[i]!;
  const mean = sum / count;
  let squares = 0;
  for (let i = 0; i < count; i++) squares += (values[i]! - mean) ** 2;
  return { mean, deviation: count === 1 ? 0 : Math.sqrt(squares / (count - 1)) };
}

/** All distinct values, or those at ranks of equal distance; and the edges. */
function knotsOf(sorted: Sorted, edges: Float64Array): number[] {
  const distinct: number[] = [];
  for (let i = 0; i < sorted.length && distinct.length <= SKETCH_STEPS; i++)
    if (i === 0 || sorted[i]! > sorted[i - 1]!) distinct.push(sorted[i]!);
  const chosen =
    distinct.length <= SKETCH_STEPS
      ? distinct
      : Array.from(
          { length: SKETCH_STEPS + 1 },
          (_, step) => sorted[Math.floor((step * (sorted.length - 1)) / SKETCH_STEPS)]!,
        );
  return [...new Set([...chosen, ...edges])].sort((a, b) => a - b);
}

function countsOf(
  sorted: Sorted,
  knots: readonly number[],
): { equal: number[]; between: number[] } {
  const equal: number[] = [];
  const between: number[] = [];
  let at = 0;
  for (const knot of knots) {
    const start = at;
    while (at < sorted.length && sorted[at]! < knot) at++;
    between.push(at - start);
    const first = at;
    while (at < sorted.length && sorted[at] === knot) at++;
    equal.push(at - first);
  }
  return { equal, between };
}
