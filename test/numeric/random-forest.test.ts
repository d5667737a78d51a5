import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { encode, fitEncoding } from '../../src/numeric/encoding.js';
import type { Forest } from '../../src/numeric/forest.js';
import { predictMargin } from '../../src/numeric/predictor.js';
import {
  defaultRandomForestParameters,
  fitRandomForest,
  type RandomForestFit,
  type RandomForestHooks,
  type RandomForestParameters,
} from '../../src/numeric/random-forest.js';
import type { DesignMatrix } from '../../src/numeric/table.js';
import { areaUnderRoc, sweepThresholds } from '../../src/numeric/threshold-sweep.js';
import { treeShap } from '../../src/numeric/tree-shap.js';
import {
  cdnowTable,
  documentedSplit,
  haveReferenceData,
  onlineShoppersTable,
  readReference,
  telcoTable,
  type LabelledTable,
} from '../support/reference-tables.js';
import { syntheticClassification, uniformAt } from '../support/synthetic.js';

const small = syntheticClassification(2000);

function fit(
  x: DesignMatrix,
  labels: ArrayLike<number>,
  change: Partial<RandomForestParameters> = {},
  hooks?: RandomForestHooks,
): RandomForestFit {
  const deep = { ...defaultRandomForestParameters, trees: 20, maxDepth: 20, minRowsInLeaf: 5 };
  const parameters = { ...deep, ...change };
  return fitRandomForest(x, Uint8Array.from(labels), parameters, hooks);
}

function column(...values: number[]): DesignMatrix {
  return { rows: values.length, columns: 1, values: Float32Array.from(values) };
}

function auc(votes: Float64Array, labels: Uint8Array): number {
  return areaUnderRoc(sweepThresholds(labels, votes));
}

function logLoss(votes: Float64Array, labels: Uint8Array): number {
  const loss = (vote: number, row: number) =>
    -Math.log(Math.max(1e-15, labels[row] === 1 ? vote : 1 - vote));
  return votes.reduce((sum, vote, row) => sum + loss(vote, row), 0) / votes.length;
}

/** One tree on all rows and all columns: nothing about it is random but the order of ties. */
const wholeTree = {
  trees: 1,
  maxDepth: 60,
  bootstrap: false,
  columnShare: 1,
  minRowsInLeaf: 1,
} satisfies Partial<RandomForestParameters>;

const reference = z.object({
  splits: z.object({
    rule: z.object({
      models: z.object({
        'RandomForest tuned': z.object({
          params: z.object({
            n_estimators: z.number(),
            min_samples_leaf: z.number(),
            max_features: z.union([z.literal('sqrt'), z.number()]),
          }),
          test: z.object({ auc: z.number(), auc_se: z.number(), log_loss: z.number() }),
        }),
      }),
    }),
  }),
});

describe.skipIf(!haveReferenceData())('decision forest on public data', () => {
  const cases: [string, () => LabelledTable][] = [
    ['classify_telco', telcoTable],
    ['classify_cdnow_churn', cdnowTable],
    ['classify_online_shoppers', onlineShoppersTable],
  ];

  // Two forests of different seeds differ by 0.001 to 0.003 in AUC and 0.001 to 0.004 in log loss here.
  test.each(cases)('%s: as good as RandomForestClassifier of scikit-learn', (name, load) => {
    const { table, labels } = load();
    const { params, test: expected } = reference.parse(readReference(name)).splits.rule.models[
      'RandomForest tuned'
    ];
    const { train, test } = documentedSplit(table.rows);
    const encoding = fitEncoding(table, train);
    const of = (rows: number[]) => Uint8Array.from(rows, (i) => labels[i] ?? 0);
    const own = fit(encode(encoding, table, train), of(train), {
      trees: params.n_estimators,
      // scikit-learn counts distinct rows: of n draws from n rows 63 % are.
      minRowsInLeaf: Math.round(params.min_samples_leaf / (1 - Math.exp(-1))),
      columnShare: params.max_features,
      maxDepth: 60,
    });
    const votes = predictMargin(own.forest, encode(encoding, table, test));
    expect(auc(votes, of(test))).toBeGreaterThan(expected.auc - 0.004);
    expect(logLoss(votes, of(test))).toBeLessThan(expected.log_loss + 0.005);
    // Votes out of bag are as honest as votes on the test part: within two standard errors.
    const outOfBag = auc(own.oobVotes, of(train));
    expect(Math.abs(outOfBag - auc(votes, of(test)))).toBeLessThan(2 * expected.auc_se);
  });
});

/** Weight x impurity, from the literature's formulas. */
function impurity(labels: number[], { criterion, positiveWeight }: RandomForestParameters) {
  const positive = positiveWeight * labels.filter((label) => label === 1).length;
  const negative = labels.filter((label) => label === 0).length;
  const weight = positive + negative;
  const shares = [positive / weight, negative / weight].filter((share) => share > 0);
  return criterion === 'gini'
    ? weight * (1 - shares.reduce((sum, share) => sum + share * share, 0))
    : -weight * shares.reduce((sum, share) => sum + share * Math.log(share), 0);
}

/** Every split of the rows at a distinct value of a column, the missing on either side: its decrease of impurity. */
function allDecreases(
  x: DesignMatrix,
  labels: Uint8Array,
  rows: number[],
  parameters: RandomForestParameters,
): number[] {
  const decreases: number[] = [];
  const labelsOf = (part: number[]) => part.map((i) => labels[i] ?? 0);
  for (let j = 0; j < x.columns; j++) {
    const valueOf = (i: number) => x.values[i * x.columns + j] ?? NaN;
    const borders = new Set(rows.map(valueOf).filter((value) => !Number.isNaN(value)));
    for (const border of borders)
      for (const missingLeft of [false, true]) {
        const goesLeft = (i: number) =>
          Number.isNaN(valueOf(i)) ? missingLeft : valueOf(i) <= border;
        const left = rows.filter(goesLeft);
        const right = rows.filter((i) => !goesLeft(i));
        if (Math.min(left.length, right.length) < parameters.minRowsInLeaf) continue;
        decreases.push(
          impurity(labelsOf(rows), parameters) -
            impurity(labelsOf(left), parameters) -
            impurity(labelsOf(right), parameters),
        );
      }
  }
  return decreases;
}

/** The rows at each node, by walking the tree. */
function rowsAtNodes(forest: Forest, x: DesignMatrix): number[][] {
  const rows: number[][] = Array.from(forest.feature, () => []);
  for (let i = 0; i < x.rows; i++) {
    for (let node = 0; ;) {
      rows[node]?.push(i);
      const feature = forest.feature[node] ?? -1;
      if (feature < 0) break;
      const value = x.values[i * x.columns + feature] ?? NaN;
      const isLeft = Number.isNaN(value)
        ? forest.missingLeft[node] === 1
        : value <= (forest.threshold[node] ?? NaN);
      node = (isLeft ? forest.left[node] : forest.right[node]) ?? 0;
    }
  }
  return rows;
}

describe('decision forest', () => {
  test('every node takes the purest split there is, and stays a leaf only where none is allowed', () => {
    fc.assert(
      fc.property(
        fc.record({
          rows: fc.integer({ min: 4, max: 70 }),
          columns: fc.integer({ min: 1, max: 3 }),
          values: fc.constantFrom(2, 5, 100),
          seed: fc.integer({ min: 0, max: 1e6 }),
          minRowsInLeaf: fc.integer({ min: 1, max: 6 }),
          positiveWeight: fc.constantFrom(1, 0.5, 3),
          criterion: fc.constantFrom('gini' as const, 'entropy' as const),
        }),
        ({ rows, columns, values, seed, ...change }) => {
          const x: DesignMatrix = { rows, columns, values: new Float32Array(rows * columns) };
          for (let at = 0; at < x.values.length; at++) {
            const u = uniformAt(at, 0, seed);
            x.values[at] = u < 0.15 ? NaN : Math.floor(values * uniformAt(at, 1, seed));
          }
          const labels = Uint8Array.from({ length: rows }, (_, i) =>
            uniformAt(i, 2, seed) < 0.4 ? 1 : 0,
          );
          labels.set([0, 1]);
          const parameters = { ...defaultRandomForestParameters, ...wholeTree, ...change, seed };
          const { forest } = fitRandomForest(x, labels, parameters);
          rowsAtNodes(forest, x).forEach((here, node) => {
            const labelsHere = here.map((i) => labels[i] ?? 0);
            const all = allDecreases(x, labels, here, parameters);
            if ((forest.feature[node] ?? -1) < 0) {
              const isPure = new Set(labelsHere).size === 1;
              expect(isPure || all.length === 0 || here.length < 2 * change.minRowsInLeaf).toBe(
                true,
              );
              return;
            }
            const part = (child: number | undefined) =>
              impurity(
                (rowsAtNodes(forest, x)[child ?? 0] ?? []).map((i) => labels[i] ?? 0),
                parameters,
              );
            const own =
              impurity(labelsHere, parameters) - part(forest.left[node]) - part(forest.right[node]);
            expect(own).toBeCloseTo(Math.max(...all), 8);
          });
        },
      ),
      { numRuns: 40, seed: 3 },
    );
  });

  test('one stump by hand: votes are weighted shares, cover counts rows, gain is the decrease', () => {
    const stump = { ...wholeTree, maxDepth: 1, positiveWeight: 3 };
    const { forest, gain } = fit(column(1, 2, 3, 4, 5), [0, 0, 1, 0, 1], stump);
    expect(Array.from(forest.threshold.subarray(0, 1))).toEqual([2.5]);
    expect(Array.from(forest.value)).toEqual([0, 0, 6 / 7].map(Math.fround));
    expect(Array.from(forest.cover)).toEqual([5, 2, 3]);
    // Gini of 6 : 3 over 9, of 6 : 1 over 7, of 0 : 2.
    expect(gain[0]).toBeCloseTo((2 * 6 * 3) / 81 - (7 / 9) * ((2 * 6 * 1) / 49), 12);
  });

  test('missing values take the side that is purer: missingness alone can decide', () => {
    const x = column(1, NaN, 2, NaN, 3, NaN, 4, NaN);
    const labels = [0, 1, 0, 1, 0, 1, 0, 1];
    const votes = predictMargin(fit(x, labels, wholeTree).forest, x);
    expect(Array.from(votes)).toEqual(labels);
  });

  test('a value above all of training goes with the known ones where only the missing part', () => {
    const x = column(1, NaN, 2, NaN, 3, NaN);
    const { forest } = fit(x, [0, 1, 0, 1, 0, 1], wholeTree);
    expect(Array.from(predictMargin(forest, column(1e30, -1e30)))).toEqual([0, 0]);
  });

  test('with one tree a vote out of bag is the vote of the tree; 37 % of the rows have one', () => {
    const { x, labels } = small.train;
    const { forest, oobVotes } = fit(x, labels, { trees: 1 });
    const votes = predictMargin(forest, x);
    const judged = Array.from(oobVotes.keys()).filter((row) => !Number.isNaN(oobVotes[row]));
    expect(judged.length / x.rows).toBeCloseTo(Math.exp(-1), 1);
    for (const row of judged) expect(Math.fround(oobVotes[row] ?? NaN)).toBe(votes[row]);
  });

  test('votes out of bag are as good as votes on new rows, votes on drawn rows look far better', () => {
    const { x, labels } = small.train;
    const own = fit(x, labels, { trees: 100, minRowsInLeaf: 2 });
    const onNew = auc(predictMargin(own.forest, small.test.x), small.test.labels);
    expect(own.oobVotes.every((vote) => vote >= 0 && vote <= 1)).toBe(true);
    expect(Math.abs(auc(own.oobVotes, labels) - onNew)).toBeLessThan(0.04);
    expect(auc(predictMargin(own.forest, x), labels)).toBeGreaterThan(0.99);
  });

  test('without a bootstrap on all rows nothing is out of bag; on half of them half is', () => {
    const { x, labels } = small.train;
    const half = { trees: 1, bootstrap: false, rowShare: 0.5 };
    const { oobVotes } = fit(x, labels, { ...half, rowShare: 1 });
    expect(oobVotes.every(Number.isNaN)).toBe(true);
    const judged = fit(x, labels, half).oobVotes.filter((vote) => !Number.isNaN(vote));
    expect(judged).toHaveLength(x.rows - Math.round(x.rows / 2));
  });

  test('columns are drawn at each node: one tree of one column a node splits nearly all of them', () => {
    const { x, labels } = small.train;
    const { forest } = fit(x, labels, { trees: 1, columnShare: 0.05 });
    expect(new Set(forest.feature.filter((j) => j >= 0)).size).toBeGreaterThan(15);
  });

  test.each<Partial<RandomForestParameters>>([
    { criterion: 'entropy' },
    { extraRandom: true },
    { bootstrap: false, rowShare: 0.6 },
    { columnShare: 0.5 },
  ])('%o: ranks new rows about as well as the plain forest', (change) => {
    const { x, labels } = small.train;
    const of = (extra: Partial<RandomForestParameters>) =>
      auc(
        predictMargin(fit(x, labels, { trees: 100, ...extra }).forest, small.test.x),
        small.test.labels,
      );
    expect(of(change)).toBeGreaterThan(of({}) - 0.03);
  });

  test('covers of a tree are those of all rows, and contributions add up to the mean vote', () => {
    const { x, labels } = small.train;
    const { forest } = fit(x, labels, { trees: 5, maxDepth: 6 });
    const roots = Array.from(forest.treeStart.subarray(0, 5), (root) => forest.cover[root]);
    expect(roots).toEqual([x.rows, x.rows, x.rows, x.rows, x.rows]);
    const first = { rows: 1, columns: x.columns, values: x.values.subarray(0, x.columns) };
    const { baseValue, values } = treeShap(forest, first);
    const sum = values.reduce((total, value) => total + value, baseValue);
    expect(sum).toBeCloseTo(predictMargin(forest, first)[0] ?? NaN, 10);
  });

  test('the same seed gives the same forest and votes bit for bit, another seed others', () => {
    const { x, labels } = small.train;
    expect(fit(x, labels, { seed: 5 })).toEqual(fit(x, labels, { seed: 5 }));
    expect(fit(x, labels, { seed: 5 })).not.toEqual(fit(x, labels, { seed: 6 }));
  });

  test('a fit that is stopped after three trees is the forest of three trees', () => {
    const { x, labels } = small.train;
    const stopped = fit(x, labels, {}, { onTree: (tree) => tree < 3 });
    expect(stopped).toEqual(fit(x, labels, { trees: 3 }));
  });

  test('with constant and all-missing columns only, every vote is about the share of positives', () => {
    const values = new Float32Array(80).map((_, at) => (at % 2 ? NaN : 7));
    const labels = Array.from({ length: 40 }, (_, i) => (i % 4 === 0 ? 1 : 0));
    const own = fit({ rows: 40, columns: 2, values }, labels, { trees: 300 });
    expect(own.forest.feature.every((feature) => feature === -1)).toBe(true);
    const votes = predictMargin(own.forest, { rows: 1, columns: 2, values: Float32Array.of(1, 2) });
    expect(votes[0]).toBeCloseTo(0.25, 1);
  });
});

describe('a decision forest is refused', () => {
  const { x, labels } = small.train;

  test.each<[string, () => unknown, string]>([
    [
      'without trees',
      () => fit(x, labels, { trees: 0 }),
      'trees must be an integer 1 to 10000, got 0',
    ],
    [
      'too deep',
      () => fit(x, labels, { maxDepth: 61 }),
      'maxDepth must be an integer 1 to 60, got 61',
    ],
    ['with leaves of half a row', () => fit(x, labels, { minRowsInLeaf: 0.5 }), 'minRowsInLeaf'],
    [
      'without columns',
      () => fit(x, labels, { columnShare: 0 }),
      'columnShare must be above 0 up to 1, got 0',
    ],
    [
      'with too many rows',
      () => fit(x, labels, { rowShare: 1.1 }),
      'rowShare must be above 0 up to 1',
    ],
    [
      'with 256 bins',
      () => fit(x, labels, { maxBins: 256 }),
      'maxBins must be an integer 2 to 255',
    ],
    ['with weightless positives', () => fit(x, labels, { positiveWeight: 0 }), 'positiveWeight'],
    ['with a seed below 0', () => fit(x, labels, { seed: -1 }), 'seed must be an integer 0 to'],
    ['on one row', () => fit(column(1), [1]), 'rows must be >= 2, got 1'],
    ['on one class', () => fit(column(1, 2), [1, 1]), 'both 0 and 1, got only label 1'],
    ['on a label of 2', () => fit(column(1, 2), [1, 2]), 'must be 0 or 1, got 2 in row 1'],
    ['on too few labels', () => fit(column(1, 2), [1]), 'training labels must have 2 rows, got 1'],
    [
      'on too few numbers',
      () => fit({ rows: 3, columns: 2, values: new Float32Array(5) }, [0, 1, 0]),
      'rows * columns = 6 numbers, got 5',
    ],
    [
      'on an infinite value',
      () => fit(column(1, Infinity), [0, 1]),
      'values must be finite or NaN, got Infinity in column 0, row 1',
    ],
  ])('%s', (_, run, message) => {
    expect(run).toThrow(message);
  });
});
