import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/kernel/random.js';
import { blendOf } from '../../src/numeric/blend.js';
import { fitCalibration, scaleMargins } from '../../src/numeric/calibration.js';
import type { Classifier } from '../../src/numeric/classifier.js';
import { predictClassifier } from '../../src/numeric/classifier-predict.js';
import { logLossOfMargins, sigmoid } from '../../src/numeric/metrics.js';
import {
  randomBlend,
  randomBoosting,
  randomEncoding,
  randomLogistic,
  randomPerceptron,
  randomTable,
} from '../support/random-forest.js';

/** Margins whose true log-odds are intercept + slope x margin. */
function drawn(slope: number, intercept: number, rows = 20_000) {
  const random = seededRandom(11);
  const margins = Float64Array.from({ length: rows }, () => 2 * random.normal());
  const labels = Uint8Array.from(margins, (margin) =>
    random.next() < sigmoid(intercept + slope * margin) ? 1 : 0,
  );
  return { margins, labels };
}

describe('Platt scaling', () => {
  it.each([
    [0.5, 0],
    [1, 0],
    [2, -1.5],
    [0.25, 3],
  ])('finds slope %d and intercept %d again', (slope, intercept) => {
    const { margins, labels } = drawn(slope, intercept);
    const fit = fitCalibration(margins, labels);
    expect(fit.slope).toBeCloseTo(slope, 1);
    expect(Math.abs(fit.intercept - intercept)).toBeLessThan(0.12);
  });

  it('stands at the minimum: no neighbour has a lower loss on the drawn-in targets', () => {
    const { margins, labels } = drawn(0.6, -0.4, 500);
    const positives = labels.reduce((sum, label) => sum + label, 0);
    const high = (positives + 1) / (positives + 2);
    const low = 1 / (labels.length - positives + 2);
    const loss = (slope: number, intercept: number): number =>
      margins.reduce((sum, margin, i) => {
        const p = sigmoid(intercept + slope * margin);
        const target = labels[i] ? high : low;
        return sum - target * Math.log(p) - (1 - target) * Math.log(1 - p);
      }, 0);
    const { slope, intercept } = fitCalibration(margins, labels);
    for (const [a, b] of [
      [1e-3, 0],
      [-1e-3, 0],
      [0, 1e-3],
      [0, -1e-3],
    ] as const)
      expect(loss(slope + a, intercept + b)).toBeGreaterThan(loss(slope, intercept));
  });

  it('lowers the log loss of margins that are too sure of themselves', () => {
    const { margins, labels } = drawn(0.4, 0);
    const { slope, intercept } = fitCalibration(margins, labels);
    const after = margins.map((margin) => intercept + slope * margin);
    expect(logLossOfMargins(labels, after)).toBeLessThan(0.9 * logLossOfMargins(labels, margins));
  });

  it('keeps margins that separate the classes finite', () => {
    const fit = fitCalibration(Float64Array.of(-2, -1, 1, 2), Uint8Array.of(0, 0, 1, 1));
    expect(Number.isFinite(fit.slope) && Number.isFinite(fit.intercept)).toBe(true);
    expect(fit.slope).toBeGreaterThan(0);
  });

  it('gives margins that rank the wrong way, or are all the same, no say', () => {
    const labels = Uint8Array.of(1, 1, 0, 0, 0, 0);
    const wrong = fitCalibration(Float64Array.of(-3, -2, 1, 2, 3, 4), labels);
    expect(wrong.slope).toBe(0);
    expect(sigmoid(wrong.intercept)).toBeCloseTo(3 / 8, 6);
    const same = fitCalibration(new Float64Array(6).fill(7), labels);
    expect(Number.isFinite(same.slope) && Number.isFinite(same.intercept)).toBe(true);
  });

  it.each([
    ['one class', Float64Array.of(1, 2), Uint8Array.of(1, 1), 'labels hold one class only'],
    ['a label too few', Float64Array.of(1, 2), Uint8Array.of(1), '2 margins, but 1 labels'],
    ['an infinite margin', Float64Array.of(1, Infinity), Uint8Array.of(1, 0), 'not finite'],
  ])('refuses %s', (_, margins, labels, message) => {
    expect(() => fitCalibration(margins, labels)).toThrow(message);
  });
});

describe('scaling the margins of a classifier', () => {
  it.each(['boosting', 'forest', 'logistic', 'perceptron', 'blend'] as const)(
    '%s: every margin becomes intercept + slope x margin',
    (kind) => {
      fc.assert(
        fc.property(
          fc.nat(),
          fc.double({ min: 0, max: 3, noNaN: true }),
          fc.double({ min: -3, max: 3, noNaN: true }),
          (seed, slope, intercept) => {
            const random = seededRandom(seed);
            const encoding = randomEncoding(3, [3]);
            const shape = { trees: 5, depth: 3 };
            const classifier: Classifier = {
              boosting: () => randomBoosting(random, encoding, shape),
              forest: () => ({
                ...randomBoosting(random, encoding, shape),
                kind: 'forest' as const,
              }),
              logistic: () => randomLogistic(random, encoding),
              perceptron: () => randomPerceptron(random, encoding, 3),
              blend: () => randomBlend(random, encoding, shape),
            }[kind]();
            const table = randomTable(random, classifier, 20);
            const before = predictClassifier(classifier, table);
            const after = predictClassifier(scaleMargins(classifier, { slope, intercept }), table);
            before.forEach((margin, row) => {
              const expected = intercept + slope * margin;
              expect(Math.abs((after[row] ?? NaN) - expected)).toBeLessThan(
                2e-6 * Math.max(1, Math.abs(expected)),
              );
            });
          },
        ),
        { numRuns: 30 },
      );
    },
  );
});

describe('a blend', () => {
  it('refuses members of other inputs, and none at all', () => {
    const random = seededRandom(1);
    const of = (numeric: number) => ({
      weight: 1,
      classifier: randomLogistic(random, randomEncoding(numeric, [2])),
    });
    expect(() => blendOf([], 0)).toThrow('at least one member');
    expect(() => blendOf([of(2), of(3)], 0)).toThrow('the same inputs in the same order');
  });

  it('knows every category that a member knows', () => {
    const random = seededRandom(1);
    const of = (count: number) => ({
      weight: 1,
      classifier: randomLogistic(random, randomEncoding(1, [count])),
    });
    const [categories] = blendOf([of(2), of(4)], 0).encoding.categories;
    expect(categories).toEqual(randomEncoding(1, [4]).categories[0]);
  });
});
