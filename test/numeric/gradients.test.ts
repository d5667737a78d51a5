import { describe, expect, test } from 'vitest';
import {
  createLogLossGradients,
  GRADIENT_UNIT,
  packGradients,
} from '../../src/numeric/gradients.js';
import { randomStream } from '../../src/numeric/random.js';

describe('log loss gradients', () => {
  test('are weight * (p - label) and weight * p * (1 - p), to float32', () => {
    const margins = Float64Array.from({ length: 4001 }, (_, i) => (i - 2000) / 100);
    const labels = Uint8Array.from(margins, (_, i) => i % 2);
    const weights = Float32Array.from(margins, (_, i) => 1 + (i % 3));
    const gradients = new Float32Array(margins.length);
    const hessians = new Float32Array(margins.length);
    const sums = createLogLossGradients()(margins, labels, weights, gradients, hessians);
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
    createLogLossGradients()(margins, labels, Float32Array.of(1, 1), gradients, hessians);
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
  const scale = packGradients(gradients, hessians, sums, packed, randomStream(1));

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
    packGradients(gradients, hessians, sums, again, randomStream(1));
    expect(again).toEqual(packed);
  });
});
