import { stratifiedFolds } from '../../numeric/cross-validation.js';
import { encode, fitEncoding } from '../../numeric/encoding.js';
import type { Encoding } from '../../numeric/classifier.js';
import { randomStream, sampleAscending } from '../../numeric/random.js';
import {
  fitStandardisation,
  standardise,
  type Standardisation,
  type StandardisedRows,
} from '../../numeric/standardise.js';
import { pickRows, type DesignMatrix, type FeatureTable } from '../../numeric/table.js';
import { isTestRow, type TrainingInput } from './training.js';
import { blankFeatures, findTwins } from './twins.js';

/** Training rows the search looks at; the chosen candidate is then fitted on all of them. */
export const maxSearchRows = 30_000;

/** Rows with everything the algorithms want of them. */
export interface Part {
  x: DesignMatrix;
  labels: Uint8Array;
}

/** One fold: preprocessing is fitted on its training rows alone. */
export interface Fold {
  encoding: Encoding;
  train: Part;
  validation: Part;
  /** Positions of the validation rows among the searched rows. */
  positions: Uint32Array;
  /** For linear models; made when first asked for, then kept. */
  linear: () => LinearFold;
}

export interface LinearFold {
  standardisation: Standardisation;
  train: StandardisedRows;
  validation: StandardisedRows;
}

/** Row indices of the training and the test part of a table of `rows` rows. */
export function splitRows(rows: number): { train: number[]; test: number[] } {
  const train: number[] = [];
  const test: number[] = [];
  for (let i = 0; i < rows; i++) (isTestRow(i) ? test : train).push(i);
  return { train, test };
}

/** The rows to search on: all of `train`, or a seeded sample of `maxSearchRows` of them. */
export function searchRows(train: readonly number[], seed: number): number[] {
  if (train.length <= maxSearchRows) return [...train];
  const sample = sampleAscending(train.length, maxSearchRows, randomStream(seed));
  return Array.from(sample, (position) => train[position] ?? 0);
}

export function pick(labels: Uint8Array, rows: readonly number[]): Uint8Array {
  return Uint8Array.from(rows, (row) => labels[row] ?? 0);
}

/** What a search learns from, in the shape of its input: the rows it looks at and nothing of the others. */
export type SearchInput = Pick<TrainingInput, 'table' | 'labels' | 'options'>;

/** The rows that a search over this input looks at, as a table of their own; twins are blank. */
export function searchInput({ table, labels, options }: SearchInput): SearchInput {
  const { train } = splitRows(table.rows);
  const rows = searchRows(train, options.seed);
  const twins = new Set(findTwins(table, train).map(({ feature }) => feature));
  return {
    table: blankFeatures(pickRows(table, rows), twins),
    labels: pick(labels, rows),
    options,
  };
}

/**
 * The folds that a search over this input compares its candidates on. The same input gives the same folds
 * wherever they are made, so that another thread or machine can try candidates on its own copy.
 * Cost: O(folds x rows x columns), a fraction of a second for 20,000 rows.
 */
export function foldsOf(input: SearchInput): Fold[] {
  return foldsOfSearch(searchInput(input));
}

/** `foldsOf` for who holds no more than the rows of the search. */
export function foldsOfSearch({ table, labels, options }: SearchInput): Fold[] {
  const rows = Array.from({ length: table.rows }, (_, row) => row);
  return makeFolds(table, labels, rows, options.folds, options.seed);
}

/** Stratified folds over `rows`, encoded. Memory: folds x rows x columns float32. */
export function makeFolds(
  table: FeatureTable,
  labels: Uint8Array,
  rows: readonly number[],
  folds: number,
  seed: number,
): Fold[] {
  const foldOf = stratifiedFolds(pick(labels, rows), folds, seed);
  return Array.from({ length: folds }, (_, fold) => {
    const trainRows = rows.filter((_row, position) => foldOf[position] !== fold);
    const validationRows = rows.filter((_row, position) => foldOf[position] === fold);
    const encoding = fitEncoding(table, trainRows);
    const part = (of: readonly number[]): Part => ({
      x: encode(encoding, table, of),
      labels: pick(labels, of),
    });
    const train = part(trainRows);
    const validation = part(validationRows);
    const positions = Uint32Array.from(foldOf.keys()).filter((at) => foldOf[at] === fold);
    let linear: LinearFold | null = null;
    return {
      encoding,
      train,
      validation,
      positions,
      linear: () => (linear ??= standardiseFold(encoding, train.x, validation.x)),
    };
  });
}

function standardiseFold(encoding: Encoding, train: DesignMatrix, validation: DesignMatrix) {
  const standardisation = fitStandardisation(train, encoding.numericNames.length);
  return {
    standardisation,
    train: standardise(train, standardisation),
    validation: standardise(validation, standardisation),
  };
}
