import { describe, expect, test } from 'vitest';
import { randomStream, sampleAscending } from '../../src/numeric/random.js';

describe('random stream', () => {
  test('repeats itself for the same seed and differs for another', () => {
    const draw = (seed: number): number[] => Array.from({ length: 5 }, randomStream(seed));
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
  });

  test('a sample is ascending, without repeats, and every element is as likely', () => {
    const random = randomStream(3);
    const counts = new Array<number>(10).fill(0);
    for (let i = 0; i < 5000; i++) {
      const sample = Array.from(sampleAscending(10, 4, random));
      expect(sample).toEqual([...new Set(sample)].sort((a, b) => a - b));
      expect(sample).toHaveLength(4);
      for (const element of sample) counts[element] = (counts[element] ?? 0) + 1;
    }
    for (const count of counts) expect(Math.abs(count - 2000)).toBeLessThan(150);
  });

  test('refuses to draw more than there is', () => {
    expect(() => sampleAscending(3, 4, randomStream(1))).toThrow(
      new RangeError('count must be 0..3, got 4'),
    );
  });
});
