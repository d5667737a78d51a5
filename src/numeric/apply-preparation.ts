import { ownMemory, type Allocate } from './buffers.js';
import type { Preparation } from './clusterer.js';
import type { PointMatrix } from './clustering.js';
import { designColumns, positionOf } from './encoding.js';
import type { FeatureTable } from './table.js';

/** Columns of the space that `preparation` leads to. */
export function spaceWidth({ encoding, rotation }: Preparation): number {
  return rotation ? rotation.kept : designColumns(encoding);
}

/**
 * The rows of `table` as points, as the docstring of Preparation says, in double. Inputs are found by name, so the table
 * may hold more of them, in any order. A category that the encoding does not list is a block of zeros.
 * @param allocate gives the memory of the points
 * @throws RangeError if the table lacks an input
 * Cost: O(rows x columns), with components O(rows x columns x kept).
 */
export function applyPreparation(
  preparation: Preparation,
  table: FeatureTable,
  allocate: Allocate = ownMemory,
): PointMatrix {
  const { encoding, rotation } = preparation;
  const width = designColumns(encoding);
  const columns = spaceWidth(preparation);
  const values = new Float64Array(allocate(8 * table.rows * columns));
  const numbers = numberReader(preparation, table);
  const texts = textReader(preparation, table);
  const scaled = new Float64Array(width);
  for (let row = 0; row < table.rows; row++) {
    numbers(row, scaled);
    texts(row, scaled);
    if (!rotation) values.set(scaled, row * columns);
    else {
      for (let c = 0; c < columns; c++) {
        let sum = 0;
        for (let j = 0; j < width; j++) sum += scaled[j]! * rotation.components[c * width + j]!;
        values[row * columns + c] = sum;
      }
    }
  }
  return { rows: table.rows, columns, values };
}

/** Writes the scaled columns of a row to their places. */
type ReadRow = (row: number, scaled: Float64Array) => void;

function numberReader(preparation: Preparation, table: FeatureTable): ReadRow {
  const { encoding, fill, low, high, logarithm, mean, scale, weight } = preparation;
  const width = table.numericNames.length;
  const sources = encoding.numericNames.map((name) =>
    positionOf(name, table.numericNames, 'numeric'),
  );
  return (row, scaled) => {
    for (let j = 0; j < sources.length; j++) {
      const raw = table.numeric[row * width + sources[j]!]!;
      const cut = Math.min(Math.max(Number.isNaN(raw) ? fill[j]! : raw, low[j]!), high[j]!);
      const value = logarithm[j] === 1 ? Math.log1p(cut) : cut;
      scaled[j] = ((value - mean[j]!) / scale[j]!) * weight[j]!;
    }
  };
}

function textReader({ encoding, mean, scale, weight }: Preparation, table: FeatureTable): ReadRow {
  const width = table.categoricalNames.length;
  const first = encoding.numericNames.length;
  const scaledOf = (x: number): Float64Array =>
    mean.map((center, j) => ((x - center) / scale[j]!) * weight[j]!);
  const absent = scaledOf(0);
  const present = scaledOf(1);
  let start = first;
  const blocks = encoding.categoricalNames.map((name, j) => {
    const from = start;
    const categories = encoding.categories[j]!;
    start += categories.length;
    return {
      source: positionOf(name, table.categoricalNames, 'categorical'),
      columns: new Map(categories.map((category, i) => [category, from + i])),
    };
  });
  return (row, scaled) => {
    scaled.set(absent.subarray(first), first);
    for (const { source, columns } of blocks) {
      const column = columns.get(table.categorical[row * width + source]!);
      if (column !== undefined) scaled[column] = present[column]!;
    }
  };
}
