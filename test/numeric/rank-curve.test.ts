import { describe, expect, test } from 'vitest';
import { normalQuantile } from '../../src/numeric/normal-quantile.js';
import { rankCurve } from '../../src/numeric/rank-curve.js';

describe('the terms of a column by rank', () => {
  test('are the normal score of a bin and what it exceeds each knot by', () => {
    const { terms, ...rest } = rankCurve([2, 4, 1, 3], 0, 4);
    expect(rest).toEqual({ bins: 4, width: 3, middle: 1 }); // no more knots than bins - 2
    const ranks = [0.1, 0.4, 0.65, 0.85];
    const expected = ranks.flatMap((rank) => [
      normalQuantile(rank),
      Math.max(0, rank - 1 / 3),
      Math.max(0, rank - 2 / 3),
    ]);
    expected.forEach((value, at) => expect(terms[at]).toBeCloseTo(value, 12));
  });

  test.each([
    { counts: [7, 2], missing: 0, width: 1, terms: [0, 1] },
    { counts: [2, 7], missing: 3, width: 2, terms: [0, 0, 1, 0, 1, 1] },
    { counts: [5], missing: 4, width: 1, terms: [0, 1] },
  ])('two bins are 0 and 1, NaN is the middle and an indicator: $counts, $missing', (given) => {
    const { terms, width } = rankCurve(given.counts, given.missing, 4);
    expect(width).toBe(given.width);
    expect([...terms]).toEqual(given.terms);
  });

  test('the first and the last of very many rows have a finite score', () => {
    const { terms } = rankCurve([1, 1_000_000, 1], 0, 0);
    expect(terms[0]).toBeCloseTo(normalQuantile(0.001), 12);
    expect(terms[2]).toBeCloseTo(normalQuantile(0.999), 9);
  });
});
