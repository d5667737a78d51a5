import fc from 'fast-check';
import { expect, test } from 'vitest';
import { normalQuantile } from '../../src/numeric/normal-quantile.js';

// scipy.stats.norm.ppf
test.each([
  [1e-12, -7.034483825301131],
  [0.001, -3.090232306167813],
  [0.02, -2.053748910631823],
  [0.02425, -1.972961051311885],
  [0.1, -1.2815515655446004],
  [0.3, -0.5244005127080409],
  [0.5, 0],
  [0.9, 1.2815515655446004],
  [0.999, 3.090232306167813],
])('the normal quantile of %f is %f', (probability, value) => {
  expect(Math.abs(normalQuantile(probability) - value)).toBeLessThanOrEqual(
    1.2e-9 * Math.abs(value),
  );
});

test('the normal quantile rises, and is odd around one half', () => {
  const share = fc.double({ min: 1e-9, max: 0.5, noNaN: true });
  fc.assert(
    fc.property(share, share, (a, b) => {
      expect(normalQuantile(1 - a)).toBeCloseTo(-normalQuantile(a), 6);
      if (b - a > 1e-6) expect(normalQuantile(a)).toBeLessThan(normalQuantile(b));
    }),
  );
});

test('0 and 1 are infinitely far; what is no probability is refused', () => {
  expect(normalQuantile(0)).toBe(-Infinity);
  expect(normalQuantile(1)).toBe(Infinity);
  expect(() => normalQuantile(1.1)).toThrow('a probability must be 0..1, got 1.1');
  expect(() => normalQuantile(NaN)).toThrow(RangeError);
});
