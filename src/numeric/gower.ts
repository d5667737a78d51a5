import type { MedoidClusterer } from './clusterer.js';
import type { RowDistance } from './distances.js';
import { quantileOfSorted } from './quantile.js';

/** Numbers beside categories, as FeatureTable holds them: NaN and '' are missing. */
export interface MixedRows {
  rows: number;
  numericNames: readonly string[];
  /** Row-major, shape [rows, numericNames.length]. */
  numeric: Float32Array | Float64Array;
  categoricalNames: readonly string[];
  /** Row-major, shape [rows, categoricalNames.length]. */
  categorical: readonly string[];
}

/** What Gower's distance measures with; as MedoidClusterer holds it. */
export interface GowerScale {
  /** Per numerical input, > 0. */
  range: Float64Array;
  /** Per input, numerical ones first; > 0. */
  weight: Float64Array;
}

/**
 * Ranges of the numerical inputs over the rows that have them. With `trim` above 0 a range runs from that quantile to
 * its mirror, so that one giant value does not make all others equal; larger differences count as 1. A range that would
 * be 0 is taken whole; a column that is constant or never known has range 1.
 * @param weight per input, numerical ones first; all 1 when left out
 * @throws RangeError for no input, no row, a shape that does not fit, an infinite number, a weight that is not above 0, or
 * `trim` outside 0..0.25
 * Cost: O(rows log rows) an input.
 */
export function gowerScale(table: MixedRows, weight?: ArrayLike<number>, trim = 0): GowerScale {
  const inputs = checkTable(table);
  if (!(trim >= 0 && trim <= 0.25)) {
    throw new RangeError(`trim must be 0..0.25, got ${String(trim)}`);
  }
  const weights = Float64Array.from(weight ?? new Float64Array(inputs).fill(1));
  if (weights.length !== inputs) {
    throw new RangeError(`weights must be ${String(inputs)}, got ${String(weights.length)}`);
  }
  const bad = weights.findIndex((value) => !(value > 0 && value < Infinity));
  if (bad >= 0) {
    throw new RangeError(
      `weights must be finite and above 0, got ${String(weights[bad])} for input ${String(bad)}`,
    );
  }
  return {
    range: Float64Array.from(table.numericNames, (_, j) => rangeOf(table, j, trim)),
    weight: weights,
  };
}

function checkTable({
  rows,
  numericNames,
  numeric,
  categoricalNames,
  categorical,
}: MixedRows): number {
  const inputs = numericNames.length + categoricalNames.length;
  if (inputs < 1) throw new RangeError("Gower's distance needs at least 1 input, got 0");
  if (!(rows >= 1))
    throw new RangeError(`Gower's distance needs at least 1 row, got ${String(rows)}`);
  if (
    numeric.length !== rows * numericNames.length ||
    categorical.length !== rows * categoricalNames.length
  ) {
    throw new RangeError(
      `${String(rows)} rows need ${String(rows * numericNames.length)} numbers and ${String(rows * categoricalNames.length)} texts, got ${String(numeric.length)} and ${String(categorical.length)}`,
    );
  }
  const infinite = numeric.findIndex((value) => value === Infinity || value === -Infinity);
  if (infinite >= 0) {
    const width = numericNames.length;
    throw new RangeError(
      `${String(numericNames[infinite % width])} must be finite or NaN, got ${String(numeric[infinite])} in row ${String(Math.floor(infinite / width))}`,
    );
  }
  return inputs;
}

function rangeOf({ rows, numericNames, numeric }: MixedRows, column: number, trim: number): number {
  const width = numericNames.length;
  const known = new Float64Array(rows);
  let count = 0;
  for (let row = 0; row < rows; row++) {
    const value = numeric[row * width + column]!;
    if (!Number.isNaN(value)) known[count++] = value;
  }
  if (count === 0) return 1;
  const sorted = known.subarray(0, count).sort();
  const trimmed = quantileOfSorted(sorted, 1 - trim) - quantileOfSorted(sorted, trim);
  const whole = sorted[count - 1]! - sorted[0]!;
  return trimmed > 0 ? trimmed : whole > 0 ? whole : 1;
}

/**
 * The distance of Gower (1971) between rows, 0..1: the weighted mean, over the inputs that both rows have, of
 * |difference| / range (at most 1) and of 0 or 1 for equal and unequal categories. Two rows that share no known input
 * are as far apart as can be: 1; a row is at 0 from itself all the same. With missing values it is no metric: the
 * triangle inequality may fail.
 * @param scale of `gowerScale`
 * Cost: O(inputs) a call; O(rows x categorical inputs) once.
 */
export function gowerDistance(table: MixedRows, scale: GowerScale): RowDistance {
  const width = table.numericNames.length;
  const textWidth = table.categoricalNames.length;
  const { numeric } = table;
  const { range, weight } = scale;
  const codes = codeTexts(table.categorical);
  return (rowA, rowB) => {
    if (rowA === rowB) return 0;
    let [sum, total] = [0, 0];
    for (let j = 0, a = rowA * width, b = rowB * width; j < width; j++, a++, b++) {
      const difference = Math.abs(numeric[a]! - numeric[b]!);
      if (Number.isNaN(difference)) continue;
      sum += weight[j]! * Math.min(1, difference / range[j]!);
      total += weight[j]!;
    }
    for (let j = 0, a = rowA * textWidth, b = rowB * textWidth; j < textWidth; j++, a++, b++) {
      const [codeA, codeB] = [codes[a]!, codes[b]!];
      if (codeA < 0 || codeB < 0) continue;
      if (codeA !== codeB) sum += weight[width + j]!;
      total += weight[width + j]!;
    }
    return total > 0 ? sum / total : 1;
  };
}

/** A number for each text; -1 = missing. */
function codeTexts(texts: readonly string[]): Int32Array {
  const codeOf = new Map<string, number>([['', -1]]);
  return Int32Array.from(texts, (text) => {
    const code = codeOf.get(text) ?? codeOf.size;
    codeOf.set(text, code);
    return code;
  });
}

/**
 * What serves the groups of `medoids` (rows of the table) afterwards. `spread` is the mean squared distance of the rows
 * to their own medoid, at least 1e-12.
 */
export function gowerClusterer(
  table: MixedRows,
  scale: GowerScale,
  medoids: Int32Array,
  labels: Int32Array,
): MedoidClusterer {
  const width = table.numericNames.length;
  const textWidth = table.categoricalNames.length;
  const distance = gowerDistance(table, scale);
  let squares = 0;
  labels.forEach((label, row) => (squares += distance(row, medoids[label]!) ** 2));
  const rows = Array.from(medoids);
  return {
    kind: 'medoids',
    numericNames: table.numericNames,
    categoricalNames: table.categoricalNames,
    segments: medoids.length,
    range: scale.range,
    weight: scale.weight,
    medoidNumbers: Float64Array.from(
      rows.flatMap((row) => Array.from(table.numeric.subarray(row * width, (row + 1) * width))),
    ),
    medoidTexts: rows.flatMap((row) =>
      table.categorical.slice(row * textWidth, (row + 1) * textWidth),
    ),
    spread: Math.max(squares / table.rows, 1e-12),
  };
}
