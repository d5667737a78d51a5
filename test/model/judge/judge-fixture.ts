import type { Classifier } from '../../../src/numeric/classifier.js';
import { randomStream } from '../../../src/numeric/random.js';
import { normalVariate } from '../../../src/numeric/random-variates.js';
import type { FeatureTable } from '../../../src/numeric/table.js';
import { defaultTrainingOptions, type TrainingOptions } from '../../../src/model/train/training.js';
import { splitRows } from '../../../src/model/train/fold-data.js';
import type { JudgeInput } from '../../../src/model/judge/judge-classifier.js';

/** Log-odds = 2 x score - 1 + 0.5 if vip; the category "plan" says nothing. */
export const classifier: Classifier = {
  kind: 'logistic',
  encoding: {
    numericNames: ['score', 'vip'],
    categoricalNames: ['plan'],
    categories: [['a', 'b']],
  },
  median: Float32Array.of(0, 0),
  mean: Float64Array.of(0, 0, 0, 0),
  scale: Float64Array.of(1, 1, 1, 1),
  weights: Float64Array.of(2, 0.5, 0, 0),
  intercept: -1,
};

export const REGIONS = ['north', 'south', 'east', 'west'];

/**
 * Rows whose label follows the classifier, but in `broken` (a region), where it is a coin.
 */
export function judged(
  rows: number,
  broken: string | null,
  options: Partial<TrainingOptions> = {},
) {
  const next = randomStream(5);
  const numeric = new Float32Array(rows * 2);
  const categorical: string[] = [];
  const regions: string[] = [];
  const labels = new Uint8Array(rows);
  const margins = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    const score = normalVariate(next, 0, 1);
    const vip = next() < 0.25 ? 1 : 0;
    const region = REGIONS[Math.floor(next() * 4)] ?? '';
    numeric.set([score, vip], row * 2);
    categorical.push(next() < 0.1 ? '' : next() < 0.5 ? 'a' : 'b');
    regions.push(region);
    margins[row] = 2 * Math.fround(score) - 1 + 0.5 * vip;
    const chance = region === broken ? 0.4 : 1 / (1 + Math.exp(-(margins[row] ?? 0)));
    labels[row] = next() < chance ? 1 : 0;
  }
  const table: FeatureTable = {
    ...{ rows, numericNames: ['score', 'vip'], numeric },
    ...{ categoricalNames: ['plan'], categorical },
  };
  const { train, test } = splitRows(rows);
  const input: JudgeInput = {
    ...{ classifier, table, ruleTable: table, labels, train, test, threshold: 0.5 },
    outOfFold: {
      labels: Uint8Array.from(train, (row) => labels[row] ?? 0),
      margins: Float64Array.from(train, (row) => margins[row] ?? 0),
    },
    options: { ...defaultTrainingOptions, ...options },
    slices: [
      { dimension: 'region', values: regions, fairness: true },
      { dimension: 'month', values: regions.map(() => '2026-01'), fairness: false },
    ],
  };
  return { input, margins };
}
