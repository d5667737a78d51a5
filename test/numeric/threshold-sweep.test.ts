import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  areaUnderRoc,
  averagePrecision,
  bestF1,
  recallAtPrecision,
  sweepThresholds,
} from '../../src/numeric/threshold-sweep.js';

function sweep(labels: number[], scores: number[]) {
  return sweepThresholds(Uint8Array.from(labels), Float64Array.from(scores));
}

/** The definition: share of (positive, negative) pairs in the right order, ties half. */
function pairwiseArea(labels: number[], scores: number[]): number {
  let right = 0;
  let pairs = 0;
  labels.forEach((a, i) => {
    labels.forEach((b, j) => {
      if (a !== 1 || b !== 0) return;
      pairs++;
      const difference = (scores[i] ?? NaN) - (scores[j] ?? NaN);
      right += difference > 0 ? 1 : difference === 0 ? 0.5 : 0;
    });
  });
  return right / pairs;
}

describe('threshold sweep', () => {
  test('scikit-learn: the worked example of roc_auc_score and average_precision_score', () => {
    const example = sweep([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]);
    expect(areaUnderRoc(example)).toBe(0.75);
    expect(averagePrecision(example)).toBeCloseTo(0.8333333333, 9);
  });

  test('the area equals the share of ordered pairs, with many ties', () => {
    const row = fc.tuple(fc.integer({ min: 0, max: 1 }), fc.integer({ min: 0, max: 4 }));
    fc.assert(
      fc.property(fc.array(row, { minLength: 2, maxLength: 40 }), (rows) => {
        const labels = rows.map(([label]) => label);
        const scores = rows.map(([, score]) => score);
        const area = areaUnderRoc(sweep(labels, scores));
        const expected = pairwiseArea(labels, scores);
        if (Number.isNaN(expected)) expect(area).toBeNaN();
        else expect(area).toBeCloseTo(expected, 12);
      }),
    );
  });

  test('equal scores share one threshold', () => {
    const { threshold, truePositives, falsePositives } = sweep([1, 0, 1, 0], [0.5, 0.5, 0.9, 0.1]);
    expect([...threshold]).toEqual([0.9, 0.5, 0.1]);
    expect([...truePositives]).toEqual([1, 2, 2]);
    expect([...falsePositives]).toEqual([0, 1, 2]);
  });

  test('best F1 and recall at a precision are read off the thresholds', () => {
    const example = sweep([1, 1, 0, 1, 0, 0], [0.9, 0.8, 0.7, 0.6, 0.5, 0.4]);
    expect(bestF1(example)).toEqual({ threshold: 0.6, f1: 6 / 7 });
    expect(recallAtPrecision(example, 0.9)).toBeCloseTo(2 / 3, 12);
    expect(recallAtPrecision(example, 0.75)).toBe(1);
    expect(recallAtPrecision(sweep([0, 1], [0.9, 0.1]), 0.6)).toBe(0);
  });

  test('a score that is not a number is refused', () => {
    expect(() => sweep([0, 1], [0.5, NaN])).toThrow('score 1 is NaN');
  });
});
