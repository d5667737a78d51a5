import { cramersV, crossTabulate } from '../../numeric/chi-square.js';
import { pearsonCorrelation } from '../../numeric/correlation.js';
import type { FeatureTable } from '../../numeric/table.js';
import type { RedundantPair } from '../selection.js';
import { codesOf, numbersOf, type Candidate } from './columns.js';

const MAX_PAIRS = 200;
const LEAST_PAIRS = 30;

/**
 * Pairs of candidates that nearly say the same, strongest first, at most 200: two numbers (booleans too) with
 * |Pearson's r| above the bound over rows where both are known, two categories with Cramér's V above it. A
 * number is not compared with a category. Cost: O(columns^2 x rows).
 */
export function redundantPairs(
  table: FeatureTable,
  candidates: readonly Candidate[],
  bound: number,
): RedundantPair[] {
  const numbers = candidates
    .filter(({ kind }) => kind !== 'CATEGORY')
    .map((candidate) => ({ name: candidate.name, values: numbersOf(table, candidate) }));
  const categories = candidates
    .filter(({ kind }) => kind === 'CATEGORY')
    .map((candidate) => ({ name: candidate.name, ...codesOf(table, candidate) }));
  const pairs = [
    ...eachPair(numbers, (a, b) => correlationOf(a.values, b.values)),
    ...eachPair(categories, (a, b) => cramersV(crossTabulate(a.codes, a.count, b.codes, b.count))),
  ];
  return pairs
    .filter(({ r }) => Math.abs(r) > bound)
    .sort((a, b) => Math.abs(b.r) - Math.abs(a.r))
    .slice(0, MAX_PAIRS);
}

function eachPair<T extends { name: string }>(
  columns: readonly T[],
  strength: (a: T, b: T) => number,
): RedundantPair[] {
  return columns.flatMap((a, i) =>
    columns.slice(i + 1).map((b) => ({ a: a.name, b: b.name, r: strength(a, b) })),
  );
}

function correlationOf(a: Float32Array, b: Float32Array): number {
  let known = 0;
  for (let row = 0; row < a.length; row++)
    if (!Number.isNaN(a[row]) && !Number.isNaN(b[row])) known++;
  return known < LEAST_PAIRS ? NaN : pearsonCorrelation(a, b).r;
}
