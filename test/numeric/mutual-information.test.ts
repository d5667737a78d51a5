import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crossTabulate } from '../../src/numeric/chi-square.js';
import {
  mutualInformationOfClasses,
  mutualInformationOfCounts,
} from '../../src/numeric/mutual-information.js';
import { digamma } from '../../src/numeric/special-functions.js';
import { normalVariate } from '../../src/numeric/random-variates.js';
import { randomStream } from '../../src/numeric/random.js';
import { goldenRows, relativeError, selectionGolden } from '../support/selection-golden.js';

/** The definition, straight: every distance, no sorting. */
function naive(values: ArrayLike<number>, classes: Uint8Array, neighbours: number): number {
  const all = Array.from(classes, (_, i) => i).filter((i) => !Number.isNaN(values[i]));
  const known = all.filter((i) => all.some((j) => j !== i && classes[j] === classes[i]));
  const gap = (i: number, j: number): number => Math.abs((values[i] ?? NaN) - (values[j] ?? NaN));
  if (new Set(known.map((i) => classes[i])).size < 2) return 0;
  let sum = 0;
  for (const i of known) {
    const own = known.filter((j) => classes[j] === classes[i]);
    const others = own.filter((j) => j !== i).sort((a, b) => gap(i, a) - gap(i, b));
    const distance = gap(i, others[Math.min(neighbours, others.length) - 1] ?? -1);
    const near = (j: number): boolean =>
      j === i || (distance === 0 ? gap(i, j) === 0 : gap(i, j) < distance);
    sum += digamma(own.filter(near).length) - digamma(known.filter(near).length);
    sum -= digamma(own.length);
  }
  return Math.max(0, digamma(known.length) + sum / known.length);
}

describe('mutual information of categories', () => {
  it('by hand: a fair coin and its copy share log 2, two fair coins nothing', () => {
    const of = (...counts: number[]) =>
      mutualInformationOfCounts({ rows: 2, columns: 2, counts: Float64Array.from(counts) });
    expect(of(5, 0, 0, 5)).toBeCloseTo(Math.log(2), 14);
    expect(of(5, 5, 5, 5)).toBe(0);
    expect(of(0, 0, 0, 0)).toBe(0);
  });
  it.each(selectionGolden.numbers)(
    'mutual_info_score, effect $effect of $rows rows, to 1e-6',
    (golden) => {
      const { count, label } = goldenRows(golden);
      const actual = mutualInformationOfCounts(
        crossTabulate(count, Math.max(...count) + 1, label, 2),
      );
      expect(relativeError(actual, golden.mutualInformationOfCounts)).toBeLessThan(1e-6);
    },
  );
});

describe('mutual information of a number and a class', () => {
  it('by hand: four rows in two heaps know their class, but for what four rows can tell', () => {
    const classes = Uint8Array.of(0, 0, 1, 1);
    // every row: psi(4) + psi(1) - psi(2) - psi(1)
    expect(mutualInformationOfClasses([0, 1, 10, 11], classes, 1)).toBeCloseTo(
      digamma(4) - digamma(2),
      14,
    );
  });
  it.each(selectionGolden.numbers)(
    'mutual_info_classif, effect $effect of $rows rows, to 1e-6 (its jitter is 1e-10)',
    (golden) => {
      const { number, label } = goldenRows(golden);
      const actual = mutualInformationOfClasses(number, label);
      expect(Math.abs(actual - golden.mutualInformationOfClasses)).toBeLessThan(1e-6);
    },
  );
  it('is that of the definition, with ties, missing values and small classes', () => {
    const row = fc.tuple(
      fc.oneof(fc.integer({ min: 0, max: 6 }), fc.double({ min: 0, max: 6 }), fc.constant(NaN)),
      fc.integer({ min: 0, max: 2 }),
    );
    fc.assert(
      fc.property(
        fc.array(row, { maxLength: 40 }),
        fc.integer({ min: 1, max: 4 }),
        (rows, neighbours) => {
          const values = rows.map(([value]) => value);
          const classes = Uint8Array.from(rows, ([, group]) => group);
          expect(mutualInformationOfClasses(values, classes, neighbours)).toBeCloseTo(
            naive(values, classes, neighbours),
            9,
          );
        },
      ),
    );
  });
  it('of a number that is a code nears that of the counts', () => {
    const golden = { rows: 3000, effect: 0.4 };
    const { count, label } = goldenRows(golden);
    const exact = mutualInformationOfCounts(crossTabulate(count, Math.max(...count) + 1, label, 2));
    expect(Math.abs(mutualInformationOfClasses(count, label) - exact)).toBeLessThan(0.005);
  });
  it('finds what no correlation sees: the same mean, another spread', () => {
    const next = randomStream(3);
    const label = Uint8Array.from({ length: 4000 }, (_, i) => i % 2);
    const values = Float64Array.from(label, (y) => normalVariate(next, 0, y ? 4 : 1));
    expect(mutualInformationOfClasses(values, label)).toBeGreaterThan(0.15);
  });
  it('refuses other lengths and a k that is none', () => {
    expect(() => mutualInformationOfClasses([1], Uint8Array.of(0, 1))).toThrow('got 1 and 2');
    expect(() => mutualInformationOfClasses([1], Uint8Array.of(0), 0)).toThrow(
      'neighbours must be a whole number >= 1, got 0',
    );
  });
});
