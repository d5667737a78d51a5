import { describe, expect, test } from 'vitest';
import { calibrationCurve, precisionRecallCurve, rocCurve } from '../../src/numeric/curves.js';
import {
  brierScore,
  confusionAt,
  logLossOfMargins,
  ratesOf,
  sigmoid,
} from '../../src/numeric/metrics.js';
import { sweepThresholds } from '../../src/numeric/threshold-sweep.js';

const labels = Uint8Array.of(1, 0, 1, 0, 1);
const probabilities = Float64Array.of(0.9, 0.4, 0.6, 0.7, 0.2);

describe('metrics', () => {
  test('log loss of margins is minus the mean log of the probability of what happened', () => {
    const margins = probabilities.map((p) => Math.log(p / (1 - p)));
    const expected = -(Math.log(0.9 * 0.6 * 0.6 * 0.3 * 0.2) / 5);
    expect(logLossOfMargins(labels, margins)).toBeCloseTo(expected, 12);
  });

  test('log loss of a certain error is its margin, not infinity', () => {
    expect(logLossOfMargins(Uint8Array.of(1), Float64Array.of(-800))).toBe(800);
  });

  test('the sigmoid neither overflows nor loses small probabilities', () => {
    expect(sigmoid(0)).toBe(0.5);
    expect(sigmoid(800)).toBe(1);
    expect(sigmoid(-700)).toBeCloseTo(Math.exp(-700), 310);
    expect(sigmoid(-700)).toBeGreaterThan(0);
  });

  test('Brier score by hand', () => {
    expect(brierScore(labels, probabilities)).toBeCloseTo(
      (0.01 + 0.16 + 0.16 + 0.49 + 0.64) / 5,
      12,
    );
  });

  test('confusion at a threshold counts a row at the threshold as positive', () => {
    const counts = confusionAt(labels, probabilities, 0.6);
    expect(counts).toEqual({
      truePositives: 2,
      falsePositives: 1,
      falseNegatives: 1,
      trueNegatives: 1,
    });
    expect(ratesOf(counts)).toEqual({ accuracy: 0.6, precision: 2 / 3, recall: 2 / 3, f1: 2 / 3 });
  });

  test('rates of a model that calls nobody are 0, not NaN', () => {
    expect(ratesOf(confusionAt(labels, probabilities, 2))).toEqual({
      accuracy: 0.4,
      precision: 0,
      recall: 0,
      f1: 0,
    });
  });
});

describe('curves', () => {
  const many = Uint8Array.from({ length: 5000 }, (_, i) => (i % 3 === 0 ? 1 : 0));
  const scores = Float64Array.from(many, (label, i) => ((i * 37) % 1000) / 2000 + label * 0.3);

  test('the ROC curve runs from (0, 0) to (1, 1), rises, and holds at most 200 points', () => {
    const curve = rocCurve(sweepThresholds(many, scores));
    expect(curve.length).toBe(200);
    expect(curve[0]).toEqual({ x: 0, y: 0, threshold: null });
    expect(curve.at(-1)).toMatchObject({ x: 1, y: 1 });
    curve.slice(1).forEach(({ x, y }, k) => {
      expect(x).toBeGreaterThanOrEqual(curve[k]?.x ?? NaN);
      expect(y).toBeGreaterThanOrEqual(curve[k]?.y ?? NaN);
    });
  });

  test('the precision-recall curve ends at recall 1 with the prevalence as precision', () => {
    const curve = precisionRecallCurve(sweepThresholds(many, scores));
    expect(curve.length).toBeLessThanOrEqual(200);
    expect(curve.at(-1)).toMatchObject({ x: 1, y: 1667 / 5000 });
  });

  test('the calibration curve of a calibrated predictor lies near the diagonal', () => {
    const uniform = Float64Array.from({ length: 20_000 }, (_, i) => (i + 0.5) / 20_000);
    const drawn = Uint8Array.from(uniform, (p, i) => (((i * 7919) % 20_011) / 20_011 < p ? 1 : 0));
    const curve = calibrationCurve(drawn, uniform);
    expect(curve).toHaveLength(20);
    for (const { x, y } of curve) expect(Math.abs(x - y)).toBeLessThan(0.05);
  });

  test('parts of one class have no ROC curve', () => {
    expect(rocCurve(sweepThresholds(Uint8Array.of(1), Float64Array.of(0.5)))).toEqual([]);
  });
});
