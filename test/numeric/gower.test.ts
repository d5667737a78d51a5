import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  gowerClusterer,
  gowerDistance,
  gowerScale,
  type MixedRows,
} from '../../src/numeric/gower.js';
import { gowerMedoidsRun } from '../../src/numeric/medoids-run.js';
import { matrixOf, renumbered } from '../support/clustering-golden.js';

/** Age and spend beside gender and city tier. */
function people(rows: readonly (readonly [number, number, string, string])[]): MixedRows {
  return {
    rows: rows.length,
    numericNames: ['age', 'spend'],
    numeric: Float32Array.from(rows.flatMap(([age, spend]) => [age, spend])),
    categoricalNames: ['gender', 'cityTier'],
    categorical: rows.flatMap(([, , gender, city]) => [gender, city]),
  };
}

const four = people([
  [20, 100, 'F', '1'],
  [40, 300, 'M', '1'],
  [30, NaN, 'F', ''],
  [NaN, NaN, '', ''],
]);
const run = { seed: 4, restarts: 1, dbscan: { eps: null, minPoints: 5 } };

describe("Gower's distance by hand", () => {
  const scale = gowerScale(four);
  test('ranges are those of the known rows', () => {
    expect(Array.from(scale.range)).toEqual([20, 200]);
    expect(Array.from(scale.weight)).toEqual([1, 1, 1, 1]);
  });

  test.each([
    ['the whole range twice, one category of two', 0, 1, (1 + 1 + 1 + 0) / 4],
    ['what is missing on either side is left out', 0, 2, (0.5 + 0) / 2],
    ['and so with another row', 1, 2, (0.5 + 1) / 2],
    ['nothing known in common: as far as can be', 0, 3, 1],
    ['a row is at 0 from itself, known or not', 3, 3, 0],
  ])('%s', (_, a, b, wanted) => {
    expect(gowerDistance(four, scale)(a, b)).toBeCloseTo(wanted, 12);
  });

  test('weights count by their size', () => {
    const distance = gowerDistance(four, gowerScale(four, [3, 1, 1, 1]));
    expect(distance(0, 2)).toBeCloseTo((3 * 0.5 + 0) / 4, 12);
  });

  test('a difference larger than the range counts as 1', () => {
    const distance = gowerDistance(four, { range: Float64Array.of(10, 200), weight: scale.weight });
    expect(distance(0, 1)).toBeCloseTo(0.75, 12);
  });

  test('constant and unknown columns have range 1; a trimmed range ignores a giant value', () => {
    const table = people([
      [7, NaN, 'F', '1'],
      [7, NaN, 'M', '1'],
    ]);
    expect(Array.from(gowerScale(table).range)).toEqual([1, 1]);
    const ages = Array.from({ length: 100 }, (_, i) => [i, 0, 'F', '1'] as const);
    const giant = people([...ages, [1e9, 1, 'F', '1']]);
    expect(gowerScale(giant).range[0]).toBe(1e9);
    expect(gowerScale(giant, undefined, 0.05).range[0]).toBe(90);
    // a range that trimming would make 0 is taken whole
    expect(gowerScale(giant, undefined, 0.05).range[1]).toBe(1);
  });
});

describe("laws of Gower's distance", () => {
  const maybe = fc.oneof(fc.integer({ min: 0, max: 9 }), fc.constant(NaN));
  const text = fc.constantFrom('', 'a', 'b');
  const table = fc
    .array(fc.tuple(maybe, maybe, text, text), { minLength: 2, maxLength: 12 })
    .map(people);

  test('symmetric, 0..1, and 0 between rows that are equal where both are known and share something', () => {
    fc.assert(
      fc.property(table, (rows) => {
        const distance = gowerDistance(rows, gowerScale(rows));
        for (let a = 0; a < rows.rows; a++) {
          for (let b = 0; b < rows.rows; b++) {
            const found = distance(a, b);
            expect(found).toBe(distance(b, a));
            expect(found).toBeGreaterThanOrEqual(0);
            expect(found).toBeLessThanOrEqual(1);
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  test('does not change when a number is measured in another unit', () => {
    fc.assert(
      fc.property(table, fc.constantFrom(2, 4, 0.5), (rows, unit) => {
        const other = { ...rows, numeric: rows.numeric.map((value) => value * unit) };
        const one = gowerDistance(rows, gowerScale(rows));
        const two = gowerDistance(other, gowerScale(other));
        for (let a = 1; a < rows.rows; a++) {
          expect(two(0, a)).toBeCloseTo(one(0, a), 12);
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe('k-medoids on gender and city tier', () => {
  const kinds = [
    [22, 50, 'F', '1'],
    [25, 60, 'M', '3'],
    [60, 900, 'F', '3'],
  ] as const;
  const table = people(
    Array.from({ length: 90 }, (_, i) => {
      const [age, spend, gender, city] = kinds[i % 3] ?? kinds[0];
      // every eleventh row has not told its city
      return [age + (i % 7), spend + (i % 5), gender, i % 11 === 0 ? '' : city] as const;
    }),
  );
  const points = matrixOf(Array.from({ length: 90 }, (_, i) => [i % 3, i]));
  const scale = gowerScale(table);

  test('finds the planted kinds, and the medoids make a clusterer that says the same', () => {
    const found = gowerMedoidsRun(table, scale).run(points, 3, run);
    expect(renumbered(found.labels)).toEqual(Array.from({ length: 90 }, (_, i) => i % 3));
    if (found.detail.kind !== 'medoids') throw new Error('no medoids');
    const { medoids } = found.detail;
    const clusterer = gowerClusterer(table, scale, medoids, found.labels);
    expect(clusterer.segments).toBe(3);
    expect(clusterer.medoidTexts).toEqual(
      Array.from(medoids).flatMap((row) => table.categorical.slice(2 * row, 2 * row + 2)),
    );
    expect(Array.from(clusterer.medoidNumbers)).toEqual(
      Array.from(medoids).flatMap((row) =>
        Array.from(table.numeric.subarray(2 * row, 2 * row + 2)),
      ),
    );
    const distance = gowerDistance(table, scale);
    const squares = Array.from(
      found.labels,
      (label, row) => distance(row, medoids[label] ?? 0) ** 2,
    );
    expect(clusterer.spread).toBeCloseTo(squares.reduce((a, b) => a + b) / 90, 12);
    expect(Array.from(found.centers)).toEqual(Array.from(medoids).flatMap((row) => [row % 3, row]));
  });

  test('rows that do not fit the points are refused', () => {
    expect(() => gowerMedoidsRun(table, scale).run(matrixOf([[1]]), 1, run)).toThrow(
      /points must be the 90 rows of the table, got 1/,
    );
  });
});

describe("what Gower's distance refuses", () => {
  test.each([
    [
      'no input',
      () => gowerScale({ ...four, numericNames: [], categoricalNames: [] }),
      /at least 1 input/,
    ],
    ['no row', () => gowerScale(people([])), /at least 1 row/],
    [
      'a shape that does not fit',
      () => gowerScale({ ...four, rows: 3 }),
      /3 rows need 6 numbers and 6 texts, got 8 and 8/,
    ],
    [
      'an infinite number',
      () => gowerScale(people([[1, Infinity, 'F', '1']])),
      /spend must be finite or NaN, got Infinity in row 0/,
    ],
    ['a weight of 0', () => gowerScale(four, [1, 0, 1, 1]), /above 0, got 0 for input 1/],
    ['too few weights', () => gowerScale(four, [1]), /weights must be 4, got 1/],
    [
      'trim above a quarter',
      () => gowerScale(four, undefined, 0.3),
      /trim must be 0\.\.0\.25, got 0\.3/,
    ],
  ])('%s', (_, refused, message) => {
    expect(refused).toThrow(RangeError);
    expect(refused).toThrow(message);
  });
});
