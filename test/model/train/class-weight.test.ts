import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../src/kernel/random.js';
import { positiveWeightOf } from '../../../src/model/train/class-weight.js';
import { trainClassifier } from '../../../src/model/train/train-classifier.js';
import {
  defaultTrainingOptions,
  type Algorithm,
  type MetricName,
  type TrainingOptions,
  type TrainingResult,
} from '../../../src/model/train/training.js';
import { predictClassifier } from '../../../src/numeric/classifier-predict.js';
import { sigmoid } from '../../../src/numeric/metrics.js';
import type { FeatureTable } from '../../../src/numeric/table.js';

/** About one row in fourteen is positive; two numbers tell which, with noise. */
function rareTable(rows: number): { table: FeatureTable; labels: Uint8Array } {
  const random = seededRandom(4);
  const numeric = Float32Array.from({ length: 2 * rows }, () => random.normal());
  const labels = Uint8Array.from({ length: rows }, (_, i) => {
    const margin = 1.4 * (numeric[2 * i] ?? 0) + 0.7 * (numeric[2 * i + 1] ?? 0) - 3.6;
    return random.next() < sigmoid(margin) ? 1 : 0;
  });
  const none = { categoricalNames: [], categorical: [] };
  return { table: { rows, numericNames: ['a', 'b'], numeric, ...none }, labels };
}

const input = rareTable(3000);

function train(algorithm: Algorithm, options: Partial<TrainingOptions>): Promise<TrainingResult> {
  const thresholdRule = { kind: 'fixed', value: 0.5 } as const;
  const base = { ...defaultTrainingOptions, algorithms: [algorithm], trials: 1, folds: 3 };
  return trainClassifier(
    { ...input, options: { ...base, thresholdRule, calibration: 'none', ...options } },
    { now: () => 0 },
  );
}

function onTest({ report }: TrainingResult, name: MetricName): number {
  return report.metrics.find((each) => each.name === name && each.split === 'TEST')?.value ?? NaN;
}

function meanProbability({ classifier }: TrainingResult): number {
  const probabilities = predictClassifier(classifier, input.table).map(sigmoid);
  return probabilities.reduce((sum, value) => sum + value, 0) / probabilities.length;
}

const share = input.labels.reduce((sum, label) => sum + label, 0) / input.labels.length;

describe('class weights', () => {
  test('balanced: a positive row weighs negatives / positives, and 1 without', () => {
    const labels = Uint8Array.of(1, 0, 0, 0, 0);
    expect(positiveWeightOf('balanced', labels)).toBe(4);
    expect(positiveWeightOf('none', labels)).toBe(1);
  });

  test.each(['logistic', 'boosting', 'forest', 'perceptron'] as const)(
    '%s: weighted, recall at 0.5 rises and scores leave the truth; calibrated, they come back to it',
    { timeout: 60_000 },
    async (algorithm) => {
      const plain = await train(algorithm, {});
      const weighted = await train(algorithm, { classWeight: 'balanced' });
      expect(onTest(weighted, 'recall')).toBeGreaterThan(onTest(plain, 'recall') + 0.3);
      expect(onTest(weighted, 'auc')).toBeGreaterThan(onTest(plain, 'auc') - 0.03);
      expect(meanProbability(weighted)).toBeGreaterThan(3 * share);
      const honest = await train(algorithm, { classWeight: 'balanced', calibration: 'auto' });
      expect(honest.report.calibration?.applied).toBe(true);
      expect(Math.abs(meanProbability(honest) - share)).toBeLessThan(0.2 * share);
      expect(onTest(honest, 'logLoss')).toBeLessThan(1.05 * onTest(plain, 'logLoss'));
    },
  );
});
