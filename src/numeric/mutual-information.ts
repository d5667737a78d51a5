import { marginalsOf, type Contingency } from './chi-square.js';
import { digamma } from './special-functions.js';

/**
 * Mutual information of two categories in nats, exactly that of the counts, >= 0; 0 for an empty table.
 * Of independent categories it is about (rows - 1)(columns - 1) / (2n), not 0.
 * Source: Cover & Thomas (2006), 2.28. Cost: O(rows x columns).
 */
export function mutualInformationOfCounts(table: Contingency): number {
  const { ofRow, ofColumn, total } = marginalsOf(table);
  let sum = 0;
  table.counts.forEach((count, at) => {
    const row = ofRow[Math.floor(at / table.columns)]!;
    const column = ofColumn[at % table.columns]!;
    if (count > 0) sum += (count / total) * Math.log((count / row) * (total / column));
  });
  return Math.max(0, sum);
}

/**
 * Mutual information of a number and a class in nats, >= 0, by the distance to the k-th neighbour of the same
 * class: mean of psi(n) + psi(k_i) - psi(n of the class) - psi(m_i), where k_i of the class and m_i of all
 * rows lie closer than that neighbour, the row itself included. Where k or more rows of the class share
 * the value, those with that value are counted, so that ties need no random jitter. NaN is missing: such
 * rows do not count; nor does a class with a single row. 0 for fewer than two classes.
 * @param values shape [rows] @param classes 0..255, shape [rows] @param neighbours k, >= 1
 * @throws RangeError if lengths differ or k is not a whole number >= 1
 * Source: Ross, PLoS ONE 9(2) e87357 (2014), as scikit-learn's mutual_info_classif; ties as in Gao et al.,
 * NeurIPS (2017). Cost: O(rows (k + log rows)).
 */
export function mutualInformationOfClasses(
  values: ArrayLike<number>,
  classes: Uint8Array,
  neighbours = 3,
): number {
  if (values.length !== classes.length)
    throw new RangeError(
      `values and classes must have equal lengths, got ${values.length} and ${classes.length}`,
    );
  if (!(Number.isInteger(neighbours) && neighbours >= 1))
    throw new RangeError(`neighbours must be a whole number >= 1, got ${neighbours}`);
  const groups = sortedByClass(values, classes);
  if (groups.length < 2) return 0;
  const all = concatenated(groups).sort();
  let sum = 0;
  for (const group of groups) {
    const k = Math.min(neighbours, group.length - 1);
    const ofClass = digamma(group.length);
    for (let at = 0; at < group.length; at++) {
      const distance = distanceToNeighbour(group, at, k);
      const inClass = countCloser(group, group[at]!, distance);
      const inAll = countCloser(all, group[at]!, distance);
      sum += digamma(inClass) - digamma(inAll) - ofClass;
    }
  }
  return Math.max(0, digamma(all.length) + sum / all.length);
}

/** Known values of each class with at least two of them, ascending. */
function sortedByClass(values: ArrayLike<number>, classes: Uint8Array): Float64Array[] {
  const counts = new Uint32Array(256);
  for (let i = 0; i < classes.length; i++) if (!Number.isNaN(values[i]!)) counts[classes[i]!]!++;
  const groups = Array.from(counts, (count) => new Float64Array(count));
  const next = new Uint32Array(256);
  for (let i = 0; i < classes.length; i++) {
    const group = classes[i]!;
    if (!Number.isNaN(values[i]!)) groups[group]![next[group]!++] = values[i]!;
  }
  return groups.filter((group) => group.length >= 2).map((group) => group.sort());
}

function concatenated(groups: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(groups.reduce((sum, group) => sum + group.length, 0));
  let start = 0;
  for (const group of groups) {
    all.set(group, start);
    start += group.length;
  }
  return all;
}

/** Distance from the entry at `at` to its k-th nearest other one; `sorted` ascending. */
function distanceToNeighbour(sorted: Float64Array, at: number, k: number): number {
  const value = sorted[at]!;
  let low = at;
  let high = at;
  let distance = 0;
  for (let found = 0; found < k; found++) {
    const below = low > 0 ? value - sorted[low - 1]! : Infinity;
    const above = high < sorted.length - 1 ? sorted[high + 1]! - value : Infinity;
    distance = Math.min(below, above);
    if (below <= above) low--;
    else high++;
  }
  return distance;
}

/** Entries closer to `value` than `distance`; with distance 0 those equal to it. */
function countCloser(sorted: Float64Array, value: number, distance: number): number {
  const isCloser = (gap: number): boolean => (distance === 0 ? gap === 0 : gap < distance);
  const from = firstWhere(sorted, (entry) => entry >= value || isCloser(value - entry));
  const to = firstWhere(sorted, (entry) => entry > value && !isCloser(entry - value));
  return to - from;
}

/** First position for which `holds`, which never turns false again; the length if there is none. */
function firstWhere(sorted: Float64Array, holds: (entry: number) => boolean): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(sorted[middle]!)) high = middle;
    else low = middle + 1;
  }
  return low;
}
