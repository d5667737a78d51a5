import { describe, expect, test } from 'vitest';
import {
  createLogLossGradients,
  exactUnits,
  GRADIENT_UNIT,
  packGradients,
  packedScale,
  toUnits,
} from '../../src/numeric/gradients.js';

describe('log loss gradients', () => {
  test('are weight * (p - label) and weight * p * (1 - p), to float32', () => {
    const margins = Float64Array.from({ length: 4001 }, (_, i) => (i - 2000) / 100);
    const labels = Uint8Array.from(margins, (_, i) => i % 2);
    const weights = Float32Array.from(margins, (_, i) => 1 + (i % 3));
    const gradients = new Float32Array(margins.length);
    const hessians = new Float32Array(margins.length);
    const sums = createLogLossGradients()(
      margins,
      labels,
      weights,
      gradients,
      hessians,
      0,
      margins.length,
    );
    expect(sums.gradient).toBeCloseTo(
      gradients.reduce((sum, gradient) => sum + Math.abs(gradient), 0),
      2,
    );
    expect(sums.hessian).toBeCloseTo(
      hessians.reduce((sum, hessian) => sum + hessian, 0),
      2,
    );
    margins.forEach((margin, i) => {
      const p = 1 / (1 + Math.exp(-margin));
      const weight = weights[i] ?? 0;
      const gradient = weight * (p - (labels[i] ?? 0));
      const hessian = weight * p * (1 - p);
      expect(Math.abs((gradients[i] ?? NaN) - gradient)).toBeLessThan(1e-6);
      expect(Math.abs((hessians[i] ?? NaN) - hessian)).toBeLessThan(1e-6);
    });
  });

  test('stay finite and positive where the margin is far out', () => {
    const gradients = new Float32Array(2);
    const hessians = new Float32Array(2);
    const labels = Uint8Array.of(0, 1);
    const margins = Float64Array.of(900, -900);
    createLogLossGradients()(margins, labels, Float32Array.of(1, 1), gradients, hessians, 0, 2);
    expect(Array.from(gradients)).toEqual([1, -1]);
    expect(Math.min(...hessians)).toBeGreaterThan(0);
  });
});

describe('packed gradients', () => {
  const n = 50_000;
  const gradients = Float32Array.from({ length: n }, (_, i) => Math.sin(i) * (i % 7));
  const hessians = Float32Array.from({ length: n }, (_, i) => Math.abs(Math.cos(i)) / 4);
  const packed = new Float64Array(n);
  const sums = {
    gradient: gradients.reduce((sum, gradient) => sum + Math.abs(gradient), 0),
    hessian: hessians.reduce((sum, hessian) => sum + hessian, 0),
  };
  const scale = packedScale(sums, n);
  packGradients(gradients, hessians, scale, packed, 1, 0, n);

  test('hold both sums in one number: any subset unpacks to nearly its true sums', () => {
    for (const step of [1, 3, 100]) {
      let sum = 0;
      let gradient = 0;
      let hessian = 0;
      for (let i = 0; i < n; i += step) {
        sum += packed[i] ?? 0;
        gradient += gradients[i] ?? 0;
        hessian += hessians[i] ?? 0;
      }
      const gradientSteps = Math.floor(sum / GRADIENT_UNIT);
      const hessianSteps = sum - gradientSteps * GRADIENT_UNIT;
      // Unbiased rounding: the error of a sum of m rows is about sqrt(m) / 2 steps.
      const tolerance = 3 * Math.sqrt(n / step);
      expect(Math.abs(gradientSteps - gradient / scale.gradientStep)).toBeLessThan(tolerance);
      expect(Math.abs(hessianSteps - hessian / scale.hessianStep)).toBeLessThan(tolerance);
    }
  });

  test('cannot overflow: all rows together stay below 2^26 steps, and every number is an integer', () => {
    let gradientSteps = 0;
    let hessianSteps = 0;
    for (const value of packed) {
      expect(Number.isSafeInteger(value)).toBe(true);
      const gradient = Math.floor(value / GRADIENT_UNIT);
      gradientSteps += Math.abs(gradient);
      hessianSteps += value - gradient * GRADIENT_UNIT;
    }
    expect(gradientSteps).toBeLessThan(GRADIENT_UNIT);
    expect(hessianSteps).toBeLessThan(GRADIENT_UNIT);
    expect(gradientSteps).toBeGreaterThan(GRADIENT_UNIT * 0.9);
  });

  test('the same seed rounds the same way', () => {
    const again = new Float64Array(n);
    packGradients(gradients, hessians, scale, again, 1, 0, n);
    expect(again).toEqual(packed);
  });
});

describe('exact sums', () => {
  test('are the same in any order and finer than float32', () => {
    const values = Float32Array.from({ length: 10_000 }, (_, i) => Math.sin(i) / (1 + (i % 97)));
    const total = values.reduce((sum, value) => sum + Math.abs(value), 0);
    const units = exactUnits(total);
    const sumOf = (numbers: Float32Array): number =>
      numbers.reduce((sum, value) => sum + toUnits(value, units), 0);
    expect(sumOf(values)).toBe(sumOf(values.toReversed()));
    expect(sumOf(values)).toBe(sumOf(values.toSorted()));
    const plain = values.reduce((sum, value) => sum + value, 0);
    expect(Math.abs(sumOf(values) / units - plain)).toBeLessThan(1e-11 * total);
    for (const value of values) {
      expect(Number.isSafeInteger(toUnits(value, units))).toBe(true);
      expect(Math.abs(toUnits(value, units) / units - value)).toBeLessThan(1e-14 * total);
    }
  });

  test('whole numbers stay whole, nothing and tiny numbers have units too', () => {
    expect(toUnits(3, exactUnits(1000)) / exactUnits(1000)).toBe(3);
    expect(exactUnits(0)).toBe(1);
    expect(Number.isFinite(exactUnits(1e-320))).toBe(true);
    expect(exactUnits(1e300)).toBeGreaterThan(0);
  });
});
