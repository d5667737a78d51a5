/**
 * Raw model inputs for a set of rows, before any imputation or encoding; what the ONNX graph takes.
 * A missing number is NaN, a missing category is the empty string.
 */
export interface FeatureTable {
  rows: number;
  numericNames: readonly string[];
  /** Row-major, shape [rows, numericNames.length]. */
  numeric: Float32Array;
  categoricalNames: readonly string[];
  /** Row-major, shape [rows, categoricalNames.length]. */
  categorical: readonly string[];
}

/** A dense design matrix: row-major float32, shape [rows, columns]; NaN = missing (trees only). */
export interface DesignMatrix {
  rows: number;
  columns: number;
  values: Float32Array;
}

/** Some rows of a table, in the order of `rows`. Cost: O(rows x columns). */
export function pickRows(table: FeatureTable, rows: readonly number[]): FeatureTable {
  const width = table.numericNames.length;
  const textWidth = table.categoricalNames.length;
  const numeric = new Float32Array(rows.length * width);
  const categorical: string[] = [];
  rows.forEach((from, to) => {
    numeric.set(table.numeric.subarray(from * width, (from + 1) * width), to * width);
    for (let j = 0; j < textWidth; j++) categorical.push(table.categorical[from * textWidth + j]!);
  });
  return { ...table, rows: rows.length, numeric, categorical };
}

/**
 * The columns named, in their order. Cost: O(rows x columns).
 * @throws RangeError for a name that the table does not have
 */
export function pickColumns(
  table: FeatureTable,
  { numericNames, categoricalNames }: Pick<FeatureTable, 'numericNames' | 'categoricalNames'>,
): FeatureTable {
  const placesOf = (all: readonly string[], names: readonly string[]): number[] =>
    names.map((name) => {
      const place = all.indexOf(name);
      if (place < 0) throw new RangeError(`the table has no column ${name}`);
      return place;
    });
  const numbers = placesOf(table.numericNames, numericNames);
  const texts = placesOf(table.categoricalNames, categoricalNames);
  const numeric = new Float32Array(table.rows * numbers.length);
  const categorical = new Array<string>(table.rows * texts.length).fill('');
  const width = table.numericNames.length;
  const textWidth = table.categoricalNames.length;
  for (let row = 0; row < table.rows; row++) {
    for (const [to, from] of numbers.entries())
      numeric[row * numbers.length + to] = table.numeric[row * width + from]!;
    for (const [to, from] of texts.entries())
      categorical[row * texts.length + to] = table.categorical[row * textWidth + from]!;
  }
  return { rows: table.rows, numericNames, numeric, categoricalNames, categorical };
}
