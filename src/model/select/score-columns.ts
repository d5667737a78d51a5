import { anovaF } from '../../numeric/anova.js';
import { chiSquareTest, crossTabulate } from '../../numeric/chi-square.js';
import { pearsonCorrelation } from '../../numeric/correlation.js';
import {
  mutualInformationOfClasses,
  mutualInformationOfCounts,
} from '../../numeric/mutual-information.js';
import type { FeatureTable } from '../../numeric/table.js';
import type { SelectionMethod } from '../selection.js';
import { codesOf, numbersOf, type Candidate } from './columns.js';

/** The methods that look at one column and the label, nothing else. */
export type ColumnMethod = Exclude<SelectionMethod, 'MODEL_IMPORTANCE' | 'RFECV'>;

/** What a method makes of a column; nulls where it cannot tell. */
export interface ColumnScore {
  feature: string;
  score: number | null;
  pValue: number | null;
}

/** Known values a number must have, or a single lucky row would rank it. */
const LEAST_KNOWN = 30;

/**
 * Scores of every candidate that the method takes. Numbers: rows where the value is missing are left out,
 * and fewer than 30 known ones, or known ones that do not vary or are of one label, score null. Booleans
 * are numbers for CORRELATION and ANOVA_F. Categories, and booleans elsewhere: missing is a category.
 * Cost: O(rows) a column, MUTUAL_INFORMATION of a number O(rows log rows).
 */
export function scoreColumns(
  method: ColumnMethod,
  table: FeatureTable,
  labels: Uint8Array,
  candidates: readonly Candidate[],
): ColumnScore[] {
  return candidates
    .filter(({ kind }) => takes(method, kind))
    .map((candidate) => ({
      feature: candidate.name,
      ...measure(method, table, labels, candidate),
    }));
}

function takes(method: ColumnMethod, kind: Candidate['kind']): boolean {
  switch (method) {
    case 'CORRELATION':
    case 'ANOVA_F':
      return kind !== 'CATEGORY';
    case 'CHI_SQUARE':
      return kind !== 'NUMBER';
    case 'MUTUAL_INFORMATION':
      return true;
  }
}

type Measured = Omit<ColumnScore, 'feature'>;
const unknown: Measured = { score: null, pValue: null };

function measure(
  method: ColumnMethod,
  table: FeatureTable,
  labels: Uint8Array,
  candidate: Candidate,
): Measured {
  switch (method) {
    case 'CHI_SQUARE': {
      const { statistic, pValue } = chiSquareTest(countsOf(table, labels, candidate));
      return { score: statistic, pValue };
    }
    case 'MUTUAL_INFORMATION': {
      if (candidate.kind !== 'NUMBER')
        return {
          score: mutualInformationOfCounts(countsOf(table, labels, candidate)),
          pValue: null,
        };
      const known = knownRows(table, labels, candidate);
      if (!known) return unknown;
      return { score: mutualInformationOfClasses(known.values, known.labels), pValue: null };
    }
    case 'CORRELATION': {
      const known = knownRows(table, labels, candidate);
      if (!known) return unknown;
      const { r, pValue } = pearsonCorrelation(known.values, known.labels);
      return { score: r, pValue };
    }
    case 'ANOVA_F': {
      const known = knownRows(table, labels, candidate);
      if (!known) return unknown;
      const { f, pValue } = anovaF(known.values, known.labels);
      return { score: Math.min(f, Number.MAX_VALUE), pValue }; // a row in JSON holds no Infinity
    }
  }
}

function countsOf(table: FeatureTable, labels: Uint8Array, candidate: Candidate) {
  const { codes, count } = codesOf(table, candidate);
  return crossTabulate(codes, count, labels, 2);
}

function knownRows(table: FeatureTable, labels: Uint8Array, candidate: Candidate) {
  const all = numbersOf(table, candidate);
  const values = new Float32Array(all.length);
  const known = new Uint8Array(all.length);
  const ofLabel = [0, 0];
  let count = 0;
  let varies = false;
  for (let row = 0; row < all.length; row++) {
    const value = all[row] ?? NaN;
    if (Number.isNaN(value)) continue;
    const label = labels[row] ?? 0;
    ofLabel[label] = (ofLabel[label] ?? 0) + 1;
    known[count] = label;
    values[count++] = value;
    if (value !== values[0]) varies = true;
  }
  if (count < LEAST_KNOWN || !varies || ofLabel.includes(0)) return null;
  return { values: values.subarray(0, count), labels: known.subarray(0, count) };
}
