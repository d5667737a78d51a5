import fc from 'fast-check';
import { expect, it } from 'vitest';
import { seededRandom } from '../../../src/kernel/random.js';
import { sameSide, thresholdsOf } from '../../../src/model/score-card/tell-apart.js';
import { predictClassifier } from '../../../src/numeric/classifier-predict.js';
import { sameInputs, rowOf } from '../../../src/prediction/input-rows.js';
import { pickRows } from '../../../src/numeric/table.js';
import {
  randomBoosting,
  randomEncoding,
  randomLogistic,
  randomTable,
} from '../../support/random-forest.js';

it('rows that the trees cannot tell apart get the very same score, also on thresholds and where numbers are missing', () => {
  const random = seededRandom(5);
  let pairs = 0;
  for (let round = 0; round < 60; round++) {
    const classifier = randomBoosting(random, randomEncoding(2, [2]), { trees: 2, depth: 2 });
    const tellsApart = thresholdsOf(classifier);
    const table = randomTable(random, classifier, 60);
    const margins = predictClassifier(classifier, table);
    for (let a = 0; a < 60; a++)
      for (let b = 0; b < a; b++) {
        if (!sameInputs(rowOf(table, a), rowOf(table, b), tellsApart)) continue;
        pairs++;
        expect(margins[a]).toBe(margins[b]);
      }
    expect(predictClassifier(classifier, pickRows(table, [0]))[0]).toBe(margins[0]);
  }
  expect(pairs).toBeGreaterThan(1_000);
});

it('of what is not made of trees everything is told apart', () => {
  const random = seededRandom(6);
  expect(thresholdsOf(randomLogistic(random, randomEncoding(3, [])))).toBeNull();
  expect(thresholdsOf(null)).toBeNull();
});

it('two numbers are on the same side of every threshold, or not', () => {
  const number = fc.float({ noNaN: true, min: -4, max: 4 });
  fc.assert(
    fc.property(fc.array(number, { maxLength: 6 }), number, number, (list, a, b) => {
      const sorted = Float32Array.from(list).sort();
      const same = list.every((threshold) => a <= threshold === b <= threshold);
      expect(sameSide(sorted, a, b)).toBe(same || Object.is(a, b));
    }),
  );
  expect(sameSide(Float32Array.of(1), NaN, NaN)).toBe(true);
  expect(sameSide(new Float32Array(0), NaN, 1)).toBe(false);
});
