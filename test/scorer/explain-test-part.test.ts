import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { trainClassifier } from '../../src/model/train/train-classifier.js';
import { defaultTrainingOptions, type Algorithm } from '../../src/model/train/training.js';
import { blendOf } from '../../src/numeric/blend.js';
import type { Classifier, SingleClassifier } from '../../src/numeric/classifier.js';
import { pickRows } from '../../src/numeric/table.js';
import type { Scorer } from '../../src/scorer/ports.js';
import { openScorer } from '../../src/scorer/scorer.js';
import { documentedSplit, haveReferenceData, telcoTable } from '../support/reference-tables.js';
import { listLog, scorerModel } from '../support/scorer.js';

const kinds: Algorithm[] = ['logistic', 'boosting', 'forest', 'perceptron', 'isolation'];

describe.skipIf(!haveReferenceData())(
  'what the scorer says of every row of a real test part',
  () => {
    const trained = new Map<string, Classifier>();
    let scorer: Scorer;

    beforeAll(async () => {
      scorer = await openScorer({
        provider: 'cpu',
        workers: 1,
        maxQueuedRows: 20_000,
        log: listLog(),
      });
      const { table, labels } = telcoTable();
      // an isolation forest is to have something to say: who leaves is not odd, who pays most is
      const width = table.numericNames.length;
      const charges = table.numericNames.indexOf('MonthlyCharges');
      const dear = labels.map((_, row) =>
        (table.numeric[row * width + charges] ?? 0) > 110 ? 1 : 0,
      );
      for (const kind of kinds) {
        const options = { ...defaultTrainingOptions, algorithms: [kind], trials: 1, folds: 2 };
        const input = { table, labels: kind === 'isolation' ? dear : labels, options };
        const { classifier } = await trainClassifier(input, { now: () => 0 });
        expect(classifier.kind).toBe(kind);
        trained.set(kind, classifier);
      }
      const members = kinds.map((kind, k) => ({
        classifier: trained.get(kind) as SingleClassifier,
        weight: [0.3, 0.5, 0.1, 0.25, 0.05][k] ?? 0,
      }));
      trained.set('blend', blendOf(members, -0.2));
    });
    afterAll(() => scorer.close());

    test.each([...kinds, 'blend'])(
      '%s: base value and contributions of ONNX Runtime’s answer sum to its logit within 1e-4',
      async (kind) => {
        const classifier = trained.get(kind);
        if (!classifier) throw new Error('not trained');
        const { table } = telcoTable();
        const part = pickRows(table, documentedSplit(table.rows).test);
        const model = scorerModel(classifier);
        await scorer.load(model);
        const { margin, probability } = await scorer.score(model.sha256, part);
        const explained = await scorer.explain(model.sha256, part);
        if (!explained) throw new Error('no contributions');
        const { baseValue, values, inputs } = explained;
        expect(margin).toHaveLength(1410);
        let worst = 0;
        for (const [row, logit] of margin.entries()) {
          const own = values.subarray(row * inputs.length, (row + 1) * inputs.length);
          const sum = own.reduce((total, value) => total + value, baseValue);
          worst = Math.max(worst, Math.abs(sum - logit));
          expect(probability[row]).toBeCloseTo(1 / (1 + Math.exp(-sum)), 4);
        }
        expect(worst).toBeLessThan(1e-4);
        expect(new Set(margin).size).toBeGreaterThan(100);
      },
    );
  },
);
