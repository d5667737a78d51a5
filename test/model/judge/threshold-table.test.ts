import { expect, it } from 'vitest';
import { thresholdTable } from '../../../src/model/judge/threshold-table.js';
import { defaultTrainingOptions } from '../../../src/model/train/training.js';

const logit = (p: number): number => Math.log(p / (1 - p));

it('every usual threshold is found on the rows out of fold: the test rows would say otherwise of each', () => {
  const table = thresholdTable({
    outOfFold: {
      labels: Uint8Array.of(1, 1, 0, 1, 0, 0, 1, 0),
      margins: Float64Array.of(...[0.9, 0.8, 0.7, 0.6, 0.4, 0.3, 0.2, 0.1].map(logit)),
    },
    test: {
      labels: Uint8Array.of(1, 0, 0, 1),
      margins: Float64Array.of(...[0.85, 0.75, 0.15, 0.55].map(logit)),
    },
    ...{ rule: { kind: 'fixed', value: 0.33 }, threshold: 0.33 },
    costs: defaultTrainingOptions.costs,
  });
  const found = new Map(table.map(({ rule, threshold }) => [rule, threshold]));
  // counted by hand: shares right among those called, from the top of the eight down
  expect(found.get('f1')).toBeCloseTo(0.6, 12);
  expect(found.get('precision >= 0.6')).toBeCloseTo(0.4, 12);
  expect(found.get('precision >= 0.8')).toBeCloseTo(0.8, 12);
  expect(found.get('cost')).toBeCloseTo(0.2, 12);
});
