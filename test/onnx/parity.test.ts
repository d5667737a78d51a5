import { expect, it } from 'vitest';
import { worstDisagreement } from '../../src/onnx/parity.js';

it('is the largest difference in probability, not in margin', () => {
  const worst = worstDisagreement(Float64Array.of(0, 30, -2), Float64Array.of(0, 40, -2.1));
  expect(worst).toBeCloseTo(1 / (1 + Math.exp(2)) - 1 / (1 + Math.exp(2.1)), 12);
});

it('is 0 without rows and infinite where a margin is not a number', () => {
  expect(worstDisagreement(new Float64Array(0), new Float64Array(0))).toBe(0);
  expect(worstDisagreement(Float64Array.of(0, NaN), Float64Array.of(0, 0))).toBe(Infinity);
  expect(worstDisagreement(Float64Array.of(0), Float64Array.of(-Infinity))).toBe(Infinity);
});

it('refuses margins of another length', () => {
  expect(() => worstDisagreement(new Float64Array(2), new Float64Array(3))).toThrow(
    'margins must have 3 rows, got 2',
  );
});
