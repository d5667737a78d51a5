import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../src/kernel/random.js';
import { calibrate, calibrated } from '../../../src/model/train/calibrate.js';
import { logLossOfMargins } from '../../../src/numeric/metrics.js';

function drawn(rows: number) {
  const random = seededRandom(3);
  const margins = Float64Array.from({ length: rows }, () => 1.5 * random.normal() - 1);
  const labels = Uint8Array.from(margins, (margin) =>
    random.next() < 1 / (1 + Math.exp(-margin)) ? 1 : 0,
  );
  const foldOf = Uint8Array.from({ length: rows }, (_, row) => row % 5);
  return { margins, labels, foldOf };
}

describe('calibration out of fold', () => {
  const { margins, labels, foldOf } = drawn(6000);

  test('margins that are honest already are left alone', () => {
    const { applied, slope, intercept } = calibrate(margins, labels, foldOf);
    expect(applied).toBe(false);
    // Two standard errors of a slope on so many rows are about 0.1.
    expect(Math.abs(slope - 1)).toBeLessThan(0.1);
    expect(Math.abs(intercept)).toBeLessThan(0.1);
  });

  test('margins three times too large and shifted are put back, and the log loss falls to that of the honest ones', () => {
    const loud = margins.map((margin) => 3 * margin + 2);
    const found = calibrate(loud, labels, foldOf);
    expect(found.applied).toBe(true);
    expect(found.slope).toBeCloseTo(1 / 3, 1);
    expect(found.logLossBefore).toBe(logLossOfMargins(labels, loud));
    expect(found.logLossAfter).toBeLessThan(found.logLossBefore);
    const honest = logLossOfMargins(labels, margins);
    expect(Math.abs(found.logLossAfter - honest)).toBeLessThan(0.005 * honest);
    const back = logLossOfMargins(labels, calibrated(loud, found));
    expect(back).toBeLessThanOrEqual(honest);
  });

  test('the log loss after is that of rows that did not fit their own scale', () => {
    const loud = margins.map((margin) => 3 * margin);
    const found = calibrate(loud, labels, foldOf);
    expect(found.logLossAfter).toBeGreaterThan(logLossOfMargins(labels, calibrated(loud, found)));
  });

  test('margins that rank the wrong way are not turned into a constant', () => {
    const wrong = margins.map((margin) => -margin);
    expect(calibrate(wrong, labels, foldOf)).toMatchObject({ slope: 0, applied: false });
  });
});
