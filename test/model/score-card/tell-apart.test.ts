import fc from 'fast-check';
import { expect, it } from 'vitest';
import { seededRandom } from '../../../src/kernel/random.js';
import { sameSide, thresholdsOf } from '../../../src/model/score-card/tell-apart.js';
import { predictClassifier } from '../../../src/numeric/classifier-predict.js';
import { sameInputs, rowOf } from '../../../src/prediction/input-rows.js';
import { pickRows } from '../../../src/numeric/table.js';
import type { Random } from '../../../src/kernel/random.js';
import { blendOf } from '../../../src/numeric/blend.js';
import type { Classifier } from '../../../src/numeric/classifier.js';
import {
  randomBlend,
  randomBoosting,
  randomEncoding,
  randomLogistic,
  randomTable,
} from '../../support/random-forest.js';

/** Trees, every other time as a blend of two members that list other categories. */
function treesOf(random: Random, round: number): Classifier {
  const trees = (categories: number) =>
    randomBoosting(random, randomEncoding(2, [categories]), { trees: 2, depth: 2 });
  if (round % 2 === 0) return trees(2);
  return blendOf(
    [
      { weight: 0.7, classifier: trees(2) },
      { weight: 0.3, classifier: trees(3) },
    ],
    0.1,
  );
}

it('rows that the trees cannot tell apart get the very same score, also on thresholds and where numbers are missing', () => {
  const random = seededRandom(5);
  let pairs = 0;
  for (let round = 0; round < 60; round++) {
    const classifier = treesOf(random, round);
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
  const blend = randomBlend(random, randomEncoding(3, []), { trees: 2, depth: 2 });
  expect(thresholdsOf(blend)).toBeNull();
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
