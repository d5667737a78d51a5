/**
 * A seeded stream of uniform numbers in [0, 1) with 32 bits of resolution; the same seed gives the
 * same stream on every platform. Mulberry32 (Tommy Ettinger, 2017): enough for sampling, not for secrets.
 */
export function randomStream(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/**
 * `count` of the integers 0..total-1 without replacement, ascending, each set equally likely.
 * Selection sampling (Knuth, The Art of Computer Programming 2, 3.4.2 S). Cost: O(total).
 * @throws RangeError unless 0 <= count <= total
 */
export function sampleAscending(total: number, count: number, random: () => number): Int32Array {
  if (!(count >= 0 && count <= total)) {
    throw new RangeError(`count must be 0..${String(total)}, got ${String(count)}`);
  }
  const chosen = new Int32Array(count);
  let taken = 0;
  for (let i = 0; taken < count; i++) {
    if (random() * (total - i) < count - taken) chosen[taken++] = i;
  }
  return chosen;
}
