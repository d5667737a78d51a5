import type { Encoding } from './classifier.js';
import type { DesignMatrix, FeatureTable } from './table.js';

/** Categories kept of one input; the rest is rare enough to be treated like an unknown category. */
export const maxCategories = 100;

/**
 * Learns the one-hot layout from the given rows of `table` and from no other row, so that nothing of a
 * held-out part leaks in. Each categorical input keeps its `maxCategories` most frequent categories (of
 * equally frequent ones those that come first), in ascending code-unit order; '' (missing) is a
 * category like any other. Cost: O(rows x categorical inputs).
 */
export function fitEncoding(table: FeatureTable, rowIndices: ArrayLike<number>): Encoding {
  const width = table.categoricalNames.length;
  const counts = Array.from({ length: width }, () => new Map<string, number>());
  for (let i = 0; i < rowIndices.length; i++) {
    const start = rowIndices[i]! * width;
    for (let j = 0; j < width; j++) {
      const category = table.categorical[start + j]!;
      counts[j]!.set(category, (counts[j]!.get(category) ?? 0) + 1);
    }
  }
  return {
    numericNames: [...table.numericNames],
    categoricalNames: [...table.categoricalNames],
    categories: counts.map(mostFrequentAscending),
  };
}

function mostFrequentAscending(counts: ReadonlyMap<string, number>): string[] {
  const ascending = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
  return [...counts]
    .sort((a, b) => b[1] - a[1] || ascending(a[0], b[0]))
    .slice(0, maxCategories)
    .map(([category]) => category)
    .sort(ascending);
}

/** Columns of the design matrix that `encoding` makes. */
export function designColumns(encoding: Encoding): number {
  return encoding.categories.reduce(
    (columns, categories) => columns + categories.length,
    encoding.numericNames.length,
  );
}

/**
 * The raw input each design column comes from, shape [columns]: an index into
 * [...numericNames, ...categoricalNames].
 */
export function inputOfColumn(encoding: Encoding): Int32Array {
  const inputs = new Int32Array(designColumns(encoding));
  let column = 0;
  for (let j = 0; j < encoding.numericNames.length; j++) inputs[column++] = j;
  encoding.categories.forEach((categories, j) => {
    inputs.fill(encoding.numericNames.length + j, column, column + categories.length);
    column += categories.length;
  });
  return inputs;
}

/**
 * The design matrix of the given rows (all rows without `rowIndices`), in their order. Inputs are found
 * by name, so the table may hold more of them, in any order. Numbers are copied (NaN stays NaN), a
 * category that the encoding does not list gives an all-zero block.
 * @throws RangeError if the table lacks an input of the encoding
 * Cost: O(rows x columns) memory, float32.
 */
export function encode(
  encoding: Encoding,
  table: FeatureTable,
  rowIndices?: ArrayLike<number>,
): DesignMatrix {
  const rows = rowIndices?.length ?? table.rows;
  const columns = designColumns(encoding);
  const values = new Float32Array(rows * columns);
  copyNumbers(encoding, table, rowIndices, values, columns);
  let start = encoding.numericNames.length;
  const width = table.categoricalNames.length;
  encoding.categoricalNames.forEach((name, j) => {
    const source = positionOf(name, table.categoricalNames, 'categorical');
    const categories = encoding.categories[j]!;
    const offsets = new Map(categories.map((category, k) => [category, start + k]));
    for (let i = 0; i < rows; i++) {
      const row = rowIndices ? rowIndices[i]! : i;
      const offset = offsets.get(table.categorical[row * width + source]!);
      if (offset !== undefined) values[i * columns + offset] = 1;
    }
    start += categories.length;
  });
  return { rows, columns, values };
}

function copyNumbers(
  encoding: Encoding,
  table: FeatureTable,
  rowIndices: ArrayLike<number> | undefined,
  values: Float32Array,
  columns: number,
): void {
  const width = table.numericNames.length;
  const sources = encoding.numericNames.map((name) =>
    positionOf(name, table.numericNames, 'numeric'),
  );
  const rows = values.length / Math.max(columns, 1);
  for (let i = 0; i < rows; i++) {
    const start = (rowIndices ? rowIndices[i]! : i) * width;
    for (let j = 0; j < sources.length; j++)
      values[i * columns + j] = table.numeric[start + sources[j]!]!;
  }
}

/** The column of an input. @throws RangeError when the table has none of that name */
export function positionOf(name: string, names: readonly string[], kind: string): number {
  const position = names.indexOf(name);
  if (position < 0) throw new RangeError(`the table has no ${kind} input named ${name}`);
  return position;
}
