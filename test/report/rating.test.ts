import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pointsOf, RATINGS, ratingOf } from '../../src/report/rating.js';

const best = { errorRate: 0, responseSeconds: 0, diversity: 1 };

describe('the points of a day', () => {
  it.each([
    [0, 2],
    [0.00999, 2],
    [0.01, 1],
    [0.0499, 1],
    [0.05, 0],
    [1, 0],
    [null, 0],
  ])('error rate %s gives %i', (errorRate, points) => {
    expect(pointsOf({ ...best, errorRate }).errorRate).toBe(points);
  });
  it.each([
    [0, 2],
    [0.4999, 2],
    [0.5, 1],
    [0.9999, 1],
    [1, 0],
    [30, 0],
    [null, 0],
  ])('%s seconds an answer give %i', (responseSeconds, points) => {
    expect(pointsOf({ ...best, responseSeconds }).responseSeconds).toBe(points);
  });
  it.each([
    [0, 0],
    [0.3, 0],
    [0.3001, 1],
    [0.9, 1],
    [null, 0],
  ])('diversity %s gives %i', (diversity, points) => {
    expect(pointsOf({ ...best, diversity }).diversity).toBe(points);
  });
  it('counts a rate that is the bound by its fraction as the bound', () => {
    for (const errors of [1, 3, 7, 49])
      expect(pointsOf({ ...best, errorRate: errors / (100 * errors) }).errorRate).toBe(1);
  });
});

describe('the grade of a day', () => {
  it.each([
    [0.001, 0.1, 0.5, 'EXCELLENT'],
    [0.001, 0.1, 0.3, 'GOOD'],
    [0.001, 0.5, 0.5, 'GOOD'],
    [0.001, 1, 0.5, 'FAIR'],
    [0.01, 0.5, 0.5, 'FAIR'],
    [0.01, 0.5, 0.3, 'NEEDS_IMPROVEMENT'],
    [0.05, 1, 0.5, 'POOR'],
    [0.05, 1, 0.3, 'VERY_POOR'],
    [null, null, 0.5, 'POOR'],
    [null, null, null, 'VERY_POOR'],
    [0, 0.02, null, 'GOOD'],
  ] as const)(
    '%s errors, %s s, diversity %s: %s',
    (errorRate, responseSeconds, diversity, grade) => {
      expect(ratingOf({ errorRate, responseSeconds, diversity })).toBe(grade);
    },
  );
  it('is never better where a figure is worse or not known', () => {
    const share = fc.option(fc.double({ min: 0, max: 1, noNaN: true }));
    const seconds = fc.option(fc.double({ min: 0, max: 5, noNaN: true }));
    fc.assert(
      fc.property(share, seconds, share, fc.nat(2), (errorRate, responseSeconds, diversity, at) => {
        const figures = { errorRate, responseSeconds, diversity };
        const worse = [{ errorRate: null }, { responseSeconds: 5 }, { diversity: 0 }][at];
        expect(RATINGS.indexOf(ratingOf({ ...figures, ...worse }))).toBeGreaterThanOrEqual(
          RATINGS.indexOf(ratingOf(figures)),
        );
      }),
    );
  });
});
