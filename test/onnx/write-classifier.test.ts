import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/kernel/random.js';
import type { Classifier, TreeClassifier } from '../../src/numeric/classifier.js';
import type { FeatureTable } from '../../src/numeric/table.js';
import { PARITY_TOLERANCE, worstDisagreement } from '../../src/onnx/parity.js';
import { readClassifier } from '../../src/onnx/read-classifier.js';
import { writeClassifier } from '../../src/onnx/write-classifier.js';
import { bareRun, bareSession } from '../support/bare-onnx.js';
import { naiveMargins } from '../support/naive-predictor.js';
import {
  randomBlend,
  randomBoosting,
  randomEncoding,
  randomLogistic,
  randomPerceptron,
  randomTable,
} from '../support/random-forest.js';

async function disagreement(classifier: Classifier, table: FeatureTable): Promise<number> {
  const session = await bareSession(writeClassifier(classifier));
  try {
    const { margin, probability } = await bareRun(session, table);
    const expected = naiveMargins(classifier, table);
    // not through the logit: a probability that float32 rounds to 0 or 1 has none
    const apart = Array.from(expected, (value, row) =>
      Math.abs((probability[row] ?? NaN) - 1 / (1 + Math.exp(-value))),
    );
    return Math.max(worstDisagreement(margin, expected), 0, ...apart);
  } finally {
    await session.release();
  }
}

const anyClassifier = fc
  .record({
    seed: fc.nat(),
    kind: fc.constantFrom('boosting', 'logistic', 'perceptron', 'blend'),
    numeric: fc.nat({ max: 6 }),
    categories: fc.array(fc.integer({ min: 0, max: 8 }), { maxLength: 4 }),
    trees: fc.nat({ max: 40 }),
    depth: fc.nat({ max: 6 }),
    rows: fc.nat({ max: 60 }),
  })
  .filter(({ numeric, categories }) => numeric + categories.reduce((a, b) => a + b, 0) > 0)
  .map(({ seed, kind, numeric, categories, trees, depth, rows }) => {
    const random = seededRandom(seed);
    const encoding = randomEncoding(numeric, categories);
    const shape = { trees, depth, earlyLeafShare: 0.2 };
    const make = {
      boosting: () => randomBoosting(random, encoding, shape),
      logistic: () => randomLogistic(random, encoding),
      perceptron: () => randomPerceptron(random, encoding, 1 + (seed % 7)),
      blend: () => randomBlend(random, encoding, shape),
    };
    const classifier: Classifier = make[kind]();
    return { classifier, table: randomTable(random, classifier, rows) };
  });

describe('writeClassifier', () => {
  it('gives the same probabilities as the definition, for any classifier and any row', async () => {
    await fc.assert(
      fc.asyncProperty(anyClassifier, async ({ classifier, table }) => {
        expect(await disagreement(classifier, table)).toBeLessThanOrEqual(PARITY_TOLERANCE);
      }),
      { numRuns: 150 },
    );
  });

  it('reads back bit for bit, for any classifier', () => {
    fc.assert(
      fc.property(anyClassifier, ({ classifier }) => {
        expect(readClassifier(writeClassifier(classifier))).toStrictEqual(classifier);
      }),
    );
  });

  it('agrees on 20,000 rows through 200 trees of depth 6', async () => {
    const random = seededRandom(7);
    const classifier = randomBoosting(random, randomEncoding(20, []), { trees: 200, depth: 6 });
    const table = randomTable(random, classifier, 20_000);
    expect(await disagreement(classifier, table)).toBeLessThan(2e-6);
  });

  it('takes the branch of the tie: x equal to the threshold goes left, the next float goes right', async () => {
    const classifier = stump(0.1);
    const at = Math.fround(0.1);
    const table = numbers([at, at + 2 ** -27, at - 2 ** -27, NaN, Infinity, -Infinity]);
    const session = await bareSession(writeClassifier(classifier));
    const { margin } = await bareRun(session, table);
    expect([...margin]).toEqual([-1, 1, -1, 1, 1, -1]);
  });

  it('splits known from missing with an infinite threshold', async () => {
    const session = await bareSession(writeClassifier(stump(Infinity)));
    const { margin } = await bareRun(session, numbers([1e30, Infinity, NaN]));
    expect([...margin]).toEqual([-1, -1, 1]);
  });

  it('keeps its digits where a mean is large beside its scale', async () => {
    const classifier: Classifier = {
      kind: 'logistic',
      encoding: randomEncoding(1, []),
      median: Float32Array.of(1.7e9),
      mean: Float64Array.of(1.7e9),
      scale: Float64Array.of(1000),
      weights: Float64Array.of(1),
      intercept: 0,
    };
    expect(await disagreement(classifier, numbers([1.7e9 + 896, 1.7e9, NaN]))).toBeLessThan(1e-7);
  });

  it('answers [0, 1] for no rows', async () => {
    const random = seededRandom(1);
    for (const classifier of [
      randomBoosting(random, randomEncoding(3, [2]), { trees: 5, depth: 3 }),
      randomLogistic(random, randomEncoding(3, [2])),
      randomPerceptron(random, randomEncoding(3, [2]), 3),
      randomBlend(random, randomEncoding(3, [2]), { trees: 5, depth: 3 }),
    ]) {
      const session = await bareSession(writeClassifier(classifier));
      const { dims } = await bareRun(session, randomTable(random, classifier, 0));
      expect(dims).toEqual([0, 1]);
    }
  });

  it('writes the same bytes for the same classifier', () => {
    const make = (): Uint8Array =>
      writeClassifier(
        randomBoosting(seededRandom(3), randomEncoding(4, [3]), { trees: 9, depth: 4 }),
      );
    expect(Buffer.from(make()).equals(make())).toBe(true);
  });

  it.each([
    ['no design column', { encoding: randomEncoding(0, [0]) }, 'at least one design column'],
    ['a scale of 0', { scale: Float64Array.of(1, 0) }, 'scale must be > 0'],
    ['a NaN weight', { weights: Float64Array.of(NaN, 1) }, 'weights holds NaN'],
    ['a median too few', { median: Float32Array.of(0) }, 'median must have 2 entries, got 1'],
  ])('refuses a logistic classifier with %s', (_, change, message) => {
    const classifier = randomLogistic(seededRandom(1), randomEncoding(2, []));
    expect(() => writeClassifier({ ...classifier, ...change })).toThrow(message);
  });

  it.each([
    ['no members', { members: [] }, 'a blend needs at least one member'],
    ['a weight that is not finite', { intercept: NaN }, 'intercept holds NaN'],
    [
      'members of other inputs',
      { encoding: randomEncoding(2, [3]) },
      'must take the same inputs in the same order',
    ],
  ])('refuses a blend with %s', (_, change, message) => {
    const classifier = randomBlend(seededRandom(1), randomEncoding(3, [2]), { trees: 2, depth: 2 });
    expect(() => writeClassifier({ ...classifier, ...change })).toThrow(message);
  });

  it.each([
    ['no units', { hiddenBias: new Float64Array(0) }, 'hiddenBias must have at least 1 entry'],
    [
      'a weight too few',
      { outputWeights: Float64Array.of(1) },
      'outputWeights must have 3 entries',
    ],
    ['an infinite bias', { outputBias: Infinity }, 'outputBias holds NaN or infinity'],
  ])('refuses a perceptron with %s', (_, change, message) => {
    const classifier = randomPerceptron(seededRandom(1), randomEncoding(2, [2]), 3);
    expect(() => writeClassifier({ ...classifier, ...change })).toThrow(message);
  });

  it.each([
    ['a circle', { left: Int32Array.of(0, -1, -1) }, 'node 0 of tree 0: reached twice'],
    ['a child outside', { right: Int32Array.of(7, -1, -1) }, 'node 7 of tree 0: outside the tree'],
    ['an unknown column', { feature: Int32Array.of(5, -1, -1) }, 'column 5 of 1'],
    ['an infinite leaf', { value: Float64Array.of(0, Infinity, 1) }, 'value must be finite'],
    ['an orphan node', { feature: Int32Array.of(-1, -1, -1) }, 'reaches 1 of its 3 nodes'],
  ])('refuses a forest with %s', (_, change, message) => {
    const classifier = stump(0);
    const forest = { ...classifier.forest, ...change };
    expect(() => writeClassifier({ ...classifier, forest })).toThrow(message);
  });
});

function stump(threshold: number): TreeClassifier {
  return {
    kind: 'boosting',
    encoding: randomEncoding(1, []),
    forest: {
      treeCount: 1,
      treeStart: Int32Array.of(0, 3),
      feature: Int32Array.of(0, -1, -1),
      threshold: Float32Array.of(threshold, 0, 0),
      left: Int32Array.of(1, -1, -1),
      right: Int32Array.of(2, -1, -1),
      missingLeft: Uint8Array.of(0, 0, 0),
      value: Float64Array.of(0, -1, 1),
      cover: Float64Array.of(10, 6, 4),
      baseValue: 0,
      columns: 1,
    },
  };
}

function numbers(values: number[]): FeatureTable {
  return {
    rows: values.length,
    numericNames: ['n0'],
    numeric: Float32Array.from(values),
    categoricalNames: [],
    categorical: [],
  };
}
