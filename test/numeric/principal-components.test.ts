import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fitPrincipalComponents, projectTwo } from '../../src/numeric/principal-components.js';
import { randomStream } from '../../src/numeric/random.js';
import { symmetricEigen } from '../../src/numeric/symmetric-eigen.js';
import { telcoNumeric } from '../support/cluster-reference.js';

function close(actual: ArrayLike<number>, expected: readonly number[], tolerance = 1e-9): void {
  expect(actual.length).toBe(expected.length);
  expected.forEach((value, i) => {
    expect(Math.abs(actual[i]! - value)).toBeLessThanOrEqual(tolerance);
  });
}

describe('eigenvectors of a symmetric matrix', () => {
  test('by hand', () => {
    const { values, vectors } = symmetricEigen(Float64Array.of(2, NaN, 1, 2), 2);
    close(values, [3, 1]);
    close(vectors, [Math.SQRT1_2, Math.SQRT1_2, Math.SQRT1_2, -Math.SQRT1_2]);
  });

  test('solve the equation and are orthonormal', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 25 }), fc.nat(), (n, seed) => {
        const random = randomStream(seed);
        const matrix = new Float64Array(n * n);
        for (let i = 0; i < n; i++) {
          for (let j = 0; j <= i; j++) {
            matrix[i * n + j] = matrix[j * n + i] = random() < 0.3 ? 0 : random() - 0.5;
          }
        }
        const { values, vectors } = symmetricEigen(matrix, n);
        for (let v = 0; v < n; v++) {
          if (v > 0) expect(values[v]).toBeLessThanOrEqual(values[v - 1]!);
          const vector = vectors.subarray(v * n, (v + 1) * n);
          expect(Math.max(...vector)).toBeGreaterThanOrEqual(-Math.min(...vector) - 1e-8);
          for (let i = 0; i < n; i++) {
            let product = 0;
            let dot = 0;
            for (let j = 0; j < n; j++) {
              product += matrix[i * n + j]! * vector[j]!;
              dot += vectors[i * n + j]! * vector[j]!;
            }
            expect(Math.abs(product - values[v]! * vector[i]!)).toBeLessThan(1e-12 * n);
            expect(Math.abs(dot - (i === v ? 1 : 0))).toBeLessThan(1e-12 * n);
          }
        }
      }),
      { numRuns: 60, seed: 1 },
    );
  });
});

const telco = telcoNumeric();

describe('principal components', () => {
  // Golden: scikit-learn 1.2.1, PCA().fit(z), z as in ../shared/data/reference/cluster_telco_numeric.json; signs by the largest loading.
  test.skipIf(!telco)('of three numbers of Telco are those of scikit-learn', () => {
    const { components, variance, ratio } = fitPrincipalComponents(telco!.points);
    close(variance, [2.180974803439082, 0.7598821882182084, 0.0595690236792773]);
    close(ratio, [0.7268883792805119, 0.25325809879467065, 0.019853521924817482]);
    close(components, [
      ...[0.5672985404668706, 0.48584233638495133, 0.6649282594086148],
      ...[-0.6067838819000925, 0.7924949662588767, -0.06135999609351683],
      ...[-0.5567635823672497, -0.3686583142021258, 0.7443825365490742],
    ]);
    const { coordinates, explained } = projectTwo(telco!.points);
    close(coordinates.subarray(0, 4), [
      ...[-1.9484412320572067, -0.08351070894575706],
      ...[-0.20298846398941708, -0.23543701254252555],
    ]);
    close(explained, [0.7268883792805119, 0.25325809879467065]);
  });

  test('one column has one axis, and no variance explains nothing', () => {
    const line = { rows: 3, columns: 1, values: Float64Array.of(1, 2, 6) };
    const { coordinates, explained } = projectTwo(line);
    close(coordinates, [-2, 0, -1, 0, 3, 0]);
    expect(explained).toEqual([1, 0]);
    const point = { rows: 2, columns: 2, values: Float64Array.of(4, 5, 4, 5) };
    expect(projectTwo(point)).toEqual({ coordinates: new Float64Array(4), explained: [0, 0] });
  });

  test('no rows are refused', () => {
    expect(() => projectTwo({ rows: 0, columns: 2, values: new Float64Array(0) })).toThrow(
      new RangeError('principal components need at least 1 row, got 0'),
    );
  });
});
