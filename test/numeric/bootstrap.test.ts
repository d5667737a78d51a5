import { expect, it } from 'vitest';
import { bootstrapSweep, sweepFigures } from '../../src/numeric/bootstrap.js';
import { averagePrecision, sweepThresholds } from '../../src/numeric/threshold-sweep.js';

const labels = Uint8Array.from({ length: 300 }, (_, i) => ((i * 7) % 10 < 3 ? 1 : 0));
const scores = Float64Array.from(labels, (label, i) => ((i * 37) % 101) / 101 + 0.4 * label);

it('percentiles of resamples agree with those of another program', () => {
  expect(averagePrecision(sweepThresholds(labels, scores))).toBeCloseTo(0.7209247669702858, 12);
  const found = bootstrapSweep(labels, scores, sweepFigures, 1);
  // scikit-learn 1.2.1 and numpy 1.24.2, 4,000 resamples of their own; 200 of ours wander by about 0.02.
  const expected = {
    averagePrecision: [0.63683586, 0.79522473],
    recallAtPrecision60: [0.36904762, 0.72882851],
  };
  expect(Math.abs((found.averagePrecision?.low ?? 0) - expected.averagePrecision[0]!)).toBeLessThan(
    0.03,
  );
  expect(
    Math.abs((found.averagePrecision?.high ?? 0) - expected.averagePrecision[1]!),
  ).toBeLessThan(0.03);
  expect(
    Math.abs((found.recallAtPrecision60?.low ?? 0) - expected.recallAtPrecision60[0]!),
  ).toBeLessThan(0.08);
  expect(
    Math.abs((found.recallAtPrecision60?.high ?? 0) - expected.recallAtPrecision60[1]!),
  ).toBeLessThan(0.08);
});

it('the same seed gives the same interval, another seed another', () => {
  const once = bootstrapSweep(labels, scores, sweepFigures, 7);
  expect(bootstrapSweep(labels, scores, sweepFigures, 7)).toEqual(once);
  expect(bootstrapSweep(labels, scores, sweepFigures, 8)).not.toEqual(once);
});

it('a figure that no resample has gets no interval', () => {
  const found = bootstrapSweep(Uint8Array.of(0, 0), Float64Array.of(1, 2), sweepFigures, 1);
  expect(found.averagePrecision).toBeNull();
});
