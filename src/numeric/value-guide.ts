/** Finds the place of a number among ascending knots in a step or two: see `placesBelow`. */
export interface ValueGuide {
  /** Ascending, distinct, finite, shape [knots]; up to 65,535. */
  knots: Float64Array;
  /**
   * Shape [65,537]: knots whose float32 lies in a lower cell than c. A cell is all float32 with the same upper 16 bits
   * (128 to a power of two), so the knots that a number must still be compared with are those from `below[c]` to
   * `below[c + 1]`: few, whatever the scale.
   */
  below: Uint16Array;
}

const CELLS = 65_536;

/** @throws RangeError for more than 65,535 knots, or knots that do not ascend. Cost: O(cells + knots). */
export function valueGuide(knots: Float64Array): ValueGuide {
  if (knots.length >= CELLS)
    throw new RangeError(`knots must be at most ${CELLS - 1}, got ${knots.length}`);
  const below = new Uint16Array(CELLS + 1);
  const float = new Float32Array(1);
  const bits = new Int32Array(float.buffer);
  for (let k = 0; k < knots.length; k++) {
    if (!(k === 0 || knots[k]! > knots[k - 1]!))
      throw new RangeError(`knots must ascend, knot ${k} is ${knots[k]!}`);
    float[0] = knots[k]! + 0; // -0 is 0
    below[cellOf(bits[0]!) + 1]!++;
  }
  for (let cell = 0; cell < CELLS; cell++) below[cell + 1]! += below[cell]!;
  return { knots, below };
}

/** 0..65,535, ascending with the number whose float32 has these bits. */
function cellOf(bits: number): number {
  return (bits ^ ((bits >> 31) | 0x80000000)) >>> 16;
}

/**
 * Counts numbers into bins between the knots: bin of x = number of knots <= x. What is not finite is missing.
 * @param counts added to, shape [knots + 2], the last one of the missing
 * @param step every so many values: a column of a row-major matrix is `from` = column, `step` = columns
 * Cost: O(values), about 4 ns each.
 */
export function countBins(
  { knots, below }: ValueGuide,
  values: Float32Array | Float64Array,
  counts: Float64Array,
  from = 0,
  to = values.length,
  step = 1,
): void {
  const float = new Float32Array(1);
  const bits = new Int32Array(float.buffer);
  let missing = 0;
  for (let i = from; i < to; i += step) {
    const value = values[i]!;
    if (!(Math.abs(value) < Infinity)) {
      missing++;
      continue;
    }
    float[0] = value + 0;
    const pattern = bits[0]!;
    const cell = (pattern ^ ((pattern >> 31) | 0x80000000)) >>> 16;
    const end = below[cell + 1]!;
    let bin = below[cell]!;
    while (bin < end && value >= knots[bin]!) bin++;
    counts[bin]!++;
  }
  counts[knots.length + 1]! += missing;
}

/**
 * Place of a finite number: 2i strictly between knots i - 1 and i (outside at both ends), 2i + 1 equal to knot i; so
 * 0..2 x knots. @param pattern the bits of the number's float32, its zero positive
 */
export function placeOf({ knots, below }: ValueGuide, value: number, pattern: number): number {
  const cell = (pattern ^ ((pattern >> 31) | 0x80000000)) >>> 16;
  let low = below[cell]!;
  const end = below[cell + 1]!;
  let high = end;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (knots[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low < end && knots[low] === value ? 2 * low + 1 : 2 * low;
}
