import { expect, it } from 'vitest';
import { marginOf, probabilityOf } from '../../src/scorer/probability.js';

it('is the sigmoid, and its logit is the margin to 1e-4 for every margin up to 25', () => {
  expect(probabilityOf(0)).toBe(0.5);
  for (let margin = -500; margin <= 25; margin += 0.37)
    expect(Math.abs(marginOf(probabilityOf(margin)) - margin)).toBeLessThan(1e-4);
});

it('is never exactly 0 or 1, so that every logit is finite', () => {
  for (const margin of [-Infinity, -1e6, -750, 37, 750, 1e6, Infinity]) {
    const probability = probabilityOf(margin);
    expect(probability).toBeGreaterThan(0);
    expect(probability).toBeLessThan(1);
    expect(Number.isFinite(marginOf(probability))).toBe(true);
  }
  expect(Number.isFinite(marginOf(0)) && Number.isFinite(marginOf(1))).toBe(true);
});

it('keeps NaN for the caller to refuse', () => {
  expect(probabilityOf(NaN)).toBeNaN();
  expect(marginOf(NaN)).toBeNaN();
});
