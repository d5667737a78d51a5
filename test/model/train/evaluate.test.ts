import { expect, test } from 'vitest';
import { checkTargets, metricsOf } from '../../../src/model/train/evaluate.js';
import type { MetricName } from '../../../src/model/train/training.js';

const labels = Uint8Array.of(1, 0, 1, 0, 1);
const margins = Float64Array.of(2, -1, 0.5, 1, -2);
const measured = metricsOf(labels, margins, 0.5, 'TEST');
const valueOf = (name: MetricName): number =>
  measured.find((metric) => metric.name === name)?.value ?? NaN;

test.each<[MetricName, 'from above' | 'from below']>([
  ['logLoss', 'from above'],
  ['brier', 'from above'],
  ['auc', 'from below'],
  ['averagePrecision', 'from below'],
  ['accuracy', 'from below'],
  ['precision', 'from below'],
  ['recall', 'from below'],
  ['f1', 'from below'],
  ['recallAtPrecision60', 'from below'],
])('a goal of %s is met %s, and by the value itself', (metric, side) => {
  const value = valueOf(metric);
  const met = (goal: number): boolean | undefined =>
    checkTargets([{ metric, goal }], measured)[0]?.met;
  expect(met(value)).toBe(true);
  expect(met(value + 0.01)).toBe(side === 'from above');
  expect(met(value - 0.01)).toBe(side === 'from below');
});

test('a goal is held against the test part alone; one that was not measured is not told', () => {
  const train = metricsOf(labels, margins, 0.5, 'TRAIN');
  expect(checkTargets([{ metric: 'auc', goal: 0.1 }], train)).toEqual([]);
  expect(checkTargets([{ metric: 'auc', goal: 0.1 }], [...train, ...measured])).toEqual([
    { metric: 'auc', goal: 0.1, value: valueOf('auc'), met: true },
  ]);
});
