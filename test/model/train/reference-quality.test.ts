import { availableParallelism } from 'node:os';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { trainClassifier } from '../../../src/model/train/train-classifier.js';
import { trainInWorker } from '../../../src/model/train/train-in-worker.js';
import { trialsInThreads } from '../../../src/model/train/trial-threads.js';
import {
  defaultTrainingOptions,
  type Algorithm,
  type TrainingResult,
} from '../../../src/model/train/training.js';
import { explainClassifier, predictClassifier } from '../../../src/numeric/classifier-predict.js';
import { pickRows } from '../../../src/numeric/table.js';
import {
  cdnowTable,
  documentedSplit,
  haveReferenceData,
  onlineShoppersTable,
  readReference,
  telcoTable,
  vehicleClaimsTable,
} from '../../support/reference-tables.js';

/** scikit-learn 1.2.1 and XGBoost 1.7.4 on the same rows, tuned by 5-fold grid search. */
const reference = z.object({
  splits: z.object({
    rule: z.object({
      n_train: z.number(),
      models: z.record(
        z.string(),
        z.object({
          test: z.object({
            auc: z.number(),
            auc_se: z.number(),
            log_loss: z.number(),
            brier: z.number(),
          }),
        }),
      ),
    }),
  }),
});

function tunedPeers(name: string) {
  const { models, n_train: trainingRows } = reference.parse(readReference(name)).splits.rule;
  const tuned = Object.entries(models).filter(([model]) => model.endsWith('tuned'));
  const tests = tuned.map(([, model]) => model.test).sort((a, b) => b.auc - a.auc);
  const [best] = tests;
  if (!best) throw new Error(`${name} has no tuned model`);
  return {
    best,
    trainingRows,
    logLoss: Math.min(...tests.map((peer) => peer.log_loss)),
    brier: Math.min(...tests.map((peer) => peer.brier)),
  };
}

function onTest({ report }: TrainingResult, name: 'auc' | 'logLoss' | 'brier'): number {
  return report.metrics.find((m) => m.name === name && m.split === 'TEST')?.value ?? NaN;
}

describe.skipIf(!haveReferenceData())('the classifier chosen for a real table', () => {
  test(
    'contributions sum to the log-odds within 1e-4 on every row of the test part',
    { timeout: 180_000 },
    async () => {
      const { table, labels } = telcoTable();
      const algorithms: Algorithm[] = ['logistic', 'boosting', 'forest', 'perceptron'];
      const options = { ...defaultTrainingOptions, algorithms, trials: 6, folds: 2 };
      const { classifier } = await trainClassifier({ table, labels, options }, { now: () => 0 });
      const test = pickRows(table, documentedSplit(table.rows).test);
      const margins = predictClassifier(classifier, test);
      const { baseValue, values, inputs } = explainClassifier(classifier, test);
      expect(test.rows).toBe(1410);
      margins.forEach((margin, row) => {
        const own = values.subarray(row * inputs.length, (row + 1) * inputs.length);
        const sum = own.reduce((total, value) => total + value, baseValue);
        expect(Math.abs(sum - margin)).toBeLessThan(1e-4);
      });
    },
  );
});

describe.skipIf(!haveReferenceData())('automatic choice with default options', () => {
  // all four take two minutes and more: `npm run test:quality`
  const whole = process.env['QUALITY'] === 'all';
  const cases = [
    { name: 'classify_telco', load: telcoTable },
    { name: 'classify_cdnow_churn', load: cdnowTable },
    { name: 'classify_online_shoppers', load: onlineShoppersTable },
    { name: 'classify_vehicle_claim_fraud', load: vehicleClaimsTable },
  ].slice(0, whole ? undefined : 1);
  const aucs: number[] = [];
  const best: number[] = [];

  test.each(cases)(
    '$name: AUC within one standard error of the best tuned peer, log loss and Brier score within 2 % of theirs',
    { timeout: 300_000 },
    async ({ name, load }) => {
      const result = await trainInWorker(
        { ...load(), options: defaultTrainingOptions },
        { onProgress: () => undefined, trials: trialsInThreads(availableParallelism()) },
      );
      const peers = tunedPeers(name);
      aucs.push(onTest(result, 'auc'));
      best.push(peers.best.auc);
      expect(result.trainingRows).toBe(peers.trainingRows);
      expect(onTest(result, 'auc')).toBeGreaterThanOrEqual(peers.best.auc - peers.best.auc_se);
      expect(onTest(result, 'logLoss')).toBeLessThanOrEqual(1.02 * peers.logLoss);
      expect(onTest(result, 'brier')).toBeLessThanOrEqual(1.02 * peers.brier);
    },
  );

  if (whole)
    test('over the four tables the mean AUC is at least that of the best peer of each', () => {
      expect(aucs).toHaveLength(cases.length);
      const mean = (values: readonly number[]) =>
        values.reduce((sum, value) => sum + value, 0) / values.length;
      expect(mean(aucs)).toBeGreaterThanOrEqual(mean(best));
    });
});
