import { describe, expect, it } from 'vitest';
import {
  accuracyFall,
  conceptDrift,
  estimatedConceptDrift,
  expectedCorrect,
  fellTooFar,
  newestAccuracy,
} from '../../src/drift/concept-drift.js';
import { seededRandom } from '../../src/kernel/random.js';

/** Right in a share of the rows, evenly. */
const right = (rows: number, share: number): boolean[] =>
  Array.from({ length: rows }, (_, i) => Math.floor((i + 1) * share) > Math.floor(i * share));

describe('a window of labelled scores', () => {
  it.each<[string, boolean[], boolean, number]>([
    ['no change', [...right(500, 0.9), ...right(500, 0.9)], false, 0],
    ['a fall of 0.1 exactly', [...right(500, 0.8), ...right(500, 0.9)], false, 1],
    ['a fall of 0.11', [...right(500, 0.79), ...right(500, 0.9)], true, 1],
    ['a fall of 0.05', [...right(500, 0.85), ...right(500, 0.9)], false, 0.5],
    ['a rise', [...right(500, 0.9), ...right(500, 0.7)], false, 0],
    [
      'a fall of 0.2 in a window that chance explains',
      [...right(30, 0.5), ...right(30, 0.7)],
      false,
      1,
    ],
    ['what is older than the window', [...right(1_000, 0.9), ...right(1_000, 0)], false, 0],
  ])('%s', (_what, correct, detected, confidence) => {
    const found = conceptDrift(correct);
    expect(found?.detected).toBe(detected);
    expect(found?.confidence).toBeCloseTo(confidence, 9);
    expect(found?.difference).toBeCloseTo((found?.reference ?? 0) - (found?.current ?? 0), 12);
  });

  it('compares halves of the same size: the oldest of an odd number is left out', () => {
    const found = conceptDrift([...Array<boolean>(60).fill(true), false]);
    expect(found).toMatchObject({ window: 60, reference: 1, current: 1 });
  });

  it('says nothing below 60 scores', () => {
    expect(conceptDrift(right(59, 0.5))).toBeNull();
    expect(conceptDrift(right(60, 0.5))?.window).toBe(60);
    expect(conceptDrift([])).toBeNull();
  });

  it('is quiet on 1,000 windows of one law in all but a few', () => {
    const random = seededRandom(4);
    let alarms = 0;
    for (let i = 0; i < 1_000; i += 1)
      if (conceptDrift(Array.from({ length: 1_000 }, () => random.next() < 0.8))?.detected)
        alarms += 1;
    expect(alarms).toBe(0);
  });

  it('detects a planted turn within one window in nearly all of 200', () => {
    const random = seededRandom(5);
    let found = 0;
    for (let i = 0; i < 200; i += 1) {
      const window = Array.from(
        { length: 1_000 },
        (_, at) => random.next() < (at < 500 ? 0.6 : 0.8),
      );
      if (conceptDrift(window)?.detected) found += 1;
    }
    expect(found).toBeGreaterThanOrEqual(198);
  });
});

describe('accuracy against that of the reference', () => {
  it.each<[string, number, number, boolean]>([
    ['0.9 to 0.86, 4.4 %', 0.9, 0.86, false],
    ['0.9 to 0.84, 6.7 %', 0.9, 0.84, true],
    ['0.5 to 0.47, 6 %: chance explains it', 0.5, 0.47, false],
    ['a rise', 0.8, 0.9, false],
  ])('%s', (_what, before, now, tooFar) => {
    const reference = { rows: 2_000, accuracy: before };
    const current = { rows: 500, accuracy: now };
    expect(fellTooFar(reference, current)).toBe(tooFar);
    expect(accuracyFall(reference, current)).toBeCloseTo((before - now) / before, 12);
  });

  it('is not told where too few are labelled', () => {
    const enough = { rows: 500, accuracy: 0.5 };
    expect(accuracyFall({ rows: 29, accuracy: 0.9 }, enough)).toBeNull();
    expect(fellTooFar(enough, null)).toBe(false);
    expect(newestAccuracy(right(59, 1))).toBeNull();
    expect(newestAccuracy([...right(500, 1), ...right(500, 0)])).toEqual({
      rows: 500,
      accuracy: 1,
    });
  });
});

describe('accuracy as the scores expect it', () => {
  it('is the mean of the larger of p and 1 - p at a threshold of 0.5', () => {
    const scores = Float64Array.of(0.1, 0.4, 0.5, 0.8);
    expect(expectedCorrect(scores, 0.5)).toBeCloseTo(0.9 + 0.6 + 0.5 + 0.8, 12);
    expect(expectedCorrect(scores, 0.45)).toBeCloseTo(0.9 + 0.6 + 0.5 + 0.8, 12);
    expect(expectedCorrect(scores, 0.05)).toBeCloseTo(0.1 + 0.4 + 0.5 + 0.8, 12);
  });

  it('is what calibrated scores reach', () => {
    const random = seededRandom(6);
    const scores = Float64Array.from({ length: 20_000 }, () => random.next());
    const correct = scores.reduce((sum, p) => sum + (random.next() < p === p >= 0.3 ? 1 : 0), 0);
    expect(expectedCorrect(scores, 0.3) / 20_000).toBeCloseTo(correct / 20_000, 2);
  });

  it('is compared without labels', () => {
    const found = estimatedConceptDrift({ rows: 900, accuracy: 0.9 }, { rows: 800, accuracy: 0.7 });
    expect(found).toMatchObject({ metric: 'estimated_accuracy', detected: true, window: 800 });
    expect(
      estimatedConceptDrift({ rows: 900, accuracy: 0.9 }, { rows: 29, accuracy: 0 }),
    ).toBeNull();
  });
});
