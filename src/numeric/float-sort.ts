const DIGIT_BITS = 11;
const DIGITS = 1 << DIGIT_BITS;
const MASK = DIGITS - 1;

/**
 * The values ascending, without NaN, -0 as 0; the input stays as it is. The same type as given.
 * Least significant digit radix sort of the bit patterns, 11 bits a pass, passes in which all agree left out
 * (Knuth, The Art of Computer Programming 3, 5.2.5). Cost: O(n), for float32 about 8 ns a value.
 */
export function sortedFloats(values: Float32Array): Float32Array;
export function sortedFloats(values: Float64Array): Float64Array;
export function sortedFloats(values: Float32Array | Float64Array): Float32Array | Float64Array;
export function sortedFloats(values: Float32Array | Float64Array): Float32Array | Float64Array {
  return values instanceof Float32Array ? sorted32(values) : sorted64(values);
}

function sorted32(values: Float32Array): Float32Array {
  const result = new Float32Array(values.length);
  const kept = keep(values, result);
  const bits = new Uint32Array(result.buffer, 0, kept);
  let from: Uint32Array = bits;
  let to: Uint32Array = new Uint32Array(kept);
  const counts = [0, 1, 2].map(() => new Uint32Array(DIGITS));
  const [low, middle, high] = counts as [Uint32Array, Uint32Array, Uint32Array];
  for (let i = 0; i < kept; i++) {
    const key = ascending(bits[i]!);
    bits[i] = key;
    low[key & MASK]!++;
    middle[(key >>> DIGIT_BITS) & MASK]!++;
    high[key >>> (2 * DIGIT_BITS)]!++;
  }
  counts.forEach((count, pass) => {
    if (!startsOf(count, kept)) return;
    const shift = pass * DIGIT_BITS;
    for (let i = 0; i < kept; i++) {
      const key = from[i]!;
      to[count[(key >>> shift) & MASK]!++] = key;
    }
    [from, to] = [to, from];
  });
  for (let i = 0; i < kept; i++) bits[i] = restored(from[i]!);
  return result.subarray(0, kept);
}

/** Sorts by the lower word of the pattern, then by the upper; both travel together. */
function sorted64(values: Float64Array): Float64Array {
  let from = new Float64Array(values.length);
  const kept = keep(values, from);
  let to = new Float64Array(kept);
  let source = new Uint32Array(from.buffer, 0, 2 * kept);
  let target = new Uint32Array(to.buffer);
  for (let i = 0; i < kept; i++) {
    const upper = source[2 * i + 1]!;
    if (upper >>> 31) source[2 * i] = ~source[2 * i]!;
    source[2 * i + 1] = ascending(upper);
  }
  for (const word of [0, 1])
    for (let shift = 0; shift < 32; shift += DIGIT_BITS) {
      const count = new Uint32Array(DIGITS);
      for (let i = 0; i < kept; i++) count[(source[2 * i + word]! >>> shift) & MASK]!++;
      if (!startsOf(count, kept)) continue;
      for (let i = 0; i < kept; i++) {
        const place = count[(source[2 * i + word]! >>> shift) & MASK]!++;
        target[2 * place] = source[2 * i]!;
        target[2 * place + 1] = source[2 * i + 1]!;
      }
      [from, to] = [to, from];
      [source, target] = [target, source];
    }
  for (let i = 0; i < kept; i++) {
    const upper = restored(source[2 * i + 1]!);
    if (upper >>> 31) source[2 * i] = ~source[2 * i]!;
    source[2 * i + 1] = upper;
  }
  return from.subarray(0, kept);
}

/** Copies what is not NaN, -0 as 0; how many those are. */
function keep(values: Float32Array | Float64Array, into: Float32Array | Float64Array): number {
  let kept = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value === value) into[kept++] = value + 0;
  }
  return kept;
}

/** Bits of a float as an unsigned number that ascends with it. */
function ascending(bits: number): number {
  return (bits ^ ((bits >> 31) | 0x80000000)) >>> 0;
}

function restored(key: number): number {
  return (key >>> 31 ? key ^ 0x80000000 : ~key) >>> 0;
}

/** Counts become the places where their digits begin; false where one digit has them all. */
function startsOf(counts: Uint32Array, total: number): boolean {
  let start = 0;
  for (let digit = 0; digit < DIGITS; digit++) {
    const count = counts[digit]!;
    if (count === total) return false;
    counts[digit] = start;
    start += count;
  }
  return true;
}
