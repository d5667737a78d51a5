import { describe, expect, test } from 'vitest';
import { defaultBoostingParameters, fitBoosting } from '../../src/numeric/boosting.js';
import { explainClassifier, predictClassifier } from '../../src/numeric/classifier-predict.js';
import type { Classifier, LogisticClassifier } from '../../src/numeric/classifier.js';
import { encode, fitEncoding } from '../../src/numeric/encoding.js';
import { seededRandom } from '../../src/kernel/random.js';
import { madeTable } from '../support/made-tables.js';
import { randomBlend, randomPerceptron } from '../support/random-forest.js';

const { table, labels } = madeTable(600);
const allRows = Array.from({ length: table.rows }, (_, i) => i);

function boosted(): Classifier {
  const encoding = fitEncoding(table, allRows);
  const parameters = { ...defaultBoostingParameters, rounds: 30, maxDepth: 4 };
  const { forest } = fitBoosting(encode(encoding, table), labels, parameters);
  return { kind: 'boosting', encoding, forest };
}

const linear: LogisticClassifier = {
  kind: 'logistic',
  encoding: {
    numericNames: ['risk', 'noise'],
    categoricalNames: ['plan'],
    categories: [['basic', 'pro']],
  },
  median: Float32Array.of(0.25, 0),
  mean: Float64Array.of(0.5, 0, 0.25, 0.5),
  scale: Float64Array.of(2, 1, 0.5, 0.5),
  weights: Float64Array.of(3, 0, 1, -1),
  intercept: 0.75,
};

describe('predicting and explaining', () => {
  test.each([
    ['boosting', boosted()],
    ['logistic', linear],
    ['a perceptron', randomPerceptron(seededRandom(3), fitEncoding(table, allRows), 8)],
    ['a blend', randomBlend(seededRandom(4), fitEncoding(table, allRows), { trees: 6, depth: 4 })],
  ])('%s: base value and contributions add up to the margin on every row', (_, classifier) => {
    const margins = predictClassifier(classifier, table);
    const { baseValue, values, inputs } = explainClassifier(classifier, table);
    const sums = Array.from(margins, (_margin, i) =>
      values
        .subarray(i * inputs.length, (i + 1) * inputs.length)
        .reduce((sum, value) => sum + value, baseValue),
    );
    const worst = Math.max(...sums.map((sum, i) => Math.abs(sum - (margins[i] ?? NaN))));
    expect(worst).toBeLessThan(1e-6);
  });

  test('a linear contribution is weight x standardised value, one-hot columns in one sum', () => {
    const row = {
      rows: 2,
      numericNames: ['risk', 'noise'],
      numeric: Float32Array.of(2.5, 9, NaN, 9),
      categoricalNames: ['plan'],
      categorical: ['pro', 'unheard of'],
    };
    const { baseValue, values, inputs } = explainClassifier(linear, row);
    expect(inputs).toEqual(['risk', 'noise', 'plan']);
    expect(baseValue).toBe(0.75);
    // plan = pro: 1 x (0 - 0.25) / 0.5 - 1 x (1 - 0.5) / 0.5; unknown: both columns are 0.
    expect([...values]).toEqual([3, 0, -1.5, -0.375, 0, 0.5]);
    expect([...predictClassifier(linear, row)]).toEqual([2.25, 0.875]);
  });

  test('a perceptron gives each unit to the inputs for the share of the way on which it is active', () => {
    const classifier: Classifier = {
      kind: 'perceptron',
      encoding: { numericNames: ['a', 'b'], categoricalNames: [], categories: [] },
      median: Float32Array.of(0, 0),
      mean: Float64Array.of(1, 0),
      scale: Float64Array.of(2, 1),
      // two units: the first always active on the way, the second from its half on
      hiddenWeights: Float64Array.of(1, 2, 0, 4),
      hiddenBias: Float64Array.of(1, -3),
      outputWeights: Float64Array.of(10, 100),
      outputBias: 5,
    };
    // z = (1, 1): the first unit is 1 + 1, the second -3 + 6
    const row = {
      rows: 1,
      numericNames: ['a', 'b'],
      numeric: Float32Array.of(3, 1),
      categoricalNames: [],
      categorical: [],
    };
    expect([...predictClassifier(classifier, row)]).toEqual([5 + 10 * 2 + 100 * 3]);
    const { baseValue, values } = explainClassifier(classifier, row);
    expect(baseValue).toBe(15);
    expect([...values]).toEqual([10 * 1 + 100 * 2 * 0.5, 100 * 4 * 0.5]);
  });

  test('a blend explains by the weighted explanations of its members', () => {
    const encoding = fitEncoding(table, allRows);
    const blend = randomBlend(seededRandom(5), encoding, { trees: 6, depth: 4 });
    const whole = explainClassifier(blend, table);
    const members = blend.members.map((member) => explainClassifier(member.classifier, table));
    whole.values.forEach((value, at) => {
      const sum = members.reduce(
        (total, { values }, member) =>
          total + (blend.members[member]?.weight ?? NaN) * (values[at] ?? NaN),
        0,
      );
      expect(value).toBeCloseTo(sum, 12);
    });
  });

  test('an input that matters gets contributions, one that does not gets hardly any', () => {
    const { values, inputs } = explainClassifier(boosted(), table);
    const mean = (name: string) =>
      allRows.reduce(
        (sum, row) => sum + Math.abs(values[row * inputs.length + inputs.indexOf(name)] ?? NaN),
        0,
      ) / table.rows;
    expect(mean('risk')).toBeGreaterThan(3 * mean('noise'));
    expect(mean('plan')).toBeGreaterThan(3 * mean('city'));
  });
});
