import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  defaultBoostingParameters,
  fitBoosting,
  type BoostingParameters,
} from '../../src/numeric/boosting.js';
import { predictMargin } from '../../src/numeric/predictor.js';
import type { DesignMatrix } from '../../src/numeric/table.js';
import { rankAuc, syntheticClassification } from '../support/synthetic.js';

const set = syntheticClassification(20_000);
const small = syntheticClassification(1500);

function withDefaults(change: Partial<BoostingParameters>): BoostingParameters {
  return { ...defaultBoostingParameters, ...change };
}

function column(...values: number[]): DesignMatrix {
  return { rows: values.length, columns: 1, values: Float32Array.from(values) };
}

describe('boosting under monotone columns', () => {
  test('by hand: a stump that would fall is refused, the opposite one is not', () => {
    const labels = Uint8Array.of(1, 1, 0, 0);
    const stump = (direction: number): number => {
      const parameters = withDefaults({
        rounds: 1,
        maxDepth: 1,
        minChildWeight: 0,
        monotone: [direction],
      });
      return fitBoosting(column(1, 2, 3, 4), labels, parameters).forest.feature.length;
    };
    expect([1, 0, -1].map(stump)).toEqual([1, 3, 3]);
  });

  test('by hand: deeper leaves stay on their side of the middle of the two above them', () => {
    // Column 0 parts 20 zeros and 5 ones from 5 zeros and 20 ones; column 1 finds the ones on the left, column
    // 2 the zeros on the right. Free, the ones on the left come out above the zeros on the right.
    const rowsOf = (count: number, row: number[]): number[] =>
      Array.from({ length: count }, () => row).flat();
    const values = [
      ...rowsOf(20, [0, 0, 0]),
      ...rowsOf(5, [0, 1, 0]),
      ...rowsOf(20, [1, 0, 0]),
      ...rowsOf(5, [1, 0, 1]),
    ];
    const x = { rows: 50, columns: 3, values: Float32Array.from(values) };
    const labels = Uint8Array.from({ length: 50 }, (_, row) => (row < 20 || row >= 45 ? 0 : 1));
    const shape = { rounds: 1, maxDepth: 2, minChildWeight: 0, l2: 0, learningRate: 1 };
    const leaves = (monotone: number[]): number[] => {
      const { forest } = fitBoosting(x, labels, withDefaults({ ...shape, monotone }));
      const probes = Float32Array.of(0, 0, 0, 0, 1, 0, 1, 0, 1, 1, 0, 0);
      return Array.from(predictMargin(forest, { rows: 4, columns: 3, values: probes }));
    };
    // p = 0.5, so a leaf of one label is worth -(+-0.5) / 0.25 = -+2; the middle of the two halves is 0.
    expect(leaves([0, 0, 0])).toEqual([-2, 2, -2, 2]);
    const [low = NaN, left = NaN, right = NaN, high = NaN] = leaves([1, 0, 0]);
    expect([low, high]).toEqual([-2, 2]);
    expect(left).toBe(right);
    expect(left).toBeCloseTo(0, 6);
  });

  test('the margin never goes the wrong way, whatever the table and the row', () => {
    const cell = fc.oneof(
      { weight: 1, arbitrary: fc.constant(NaN) },
      { weight: 6, arbitrary: fc.float({ min: -3, max: 3, noNaN: true }) },
      { weight: 3, arbitrary: fc.integer({ min: -3, max: 3 }) },
    );
    const rows = 40;
    const table = fc.record({
      values: fc.array(cell, { minLength: rows * 3, maxLength: rows * 3 }),
      labels: fc.array(fc.integer({ min: 0, max: 1 }), { minLength: rows, maxLength: rows }),
      monotone: fc.array(fc.constantFrom(-1, 0, 1), { minLength: 3, maxLength: 3 }),
      maxDepth: fc.integer({ min: 1, max: 6 }),
      maxLeaves: fc.constantFrom(5, 64),
      minRowsInLeaf: fc.constantFrom(1, 3),
      l2: fc.constantFrom(0, 1),
      rowShare: fc.constantFrom(0.7, 1),
      seed: fc.nat(),
    });
    fc.assert(
      fc.property(table, ({ values, labels, ...parameters }) => {
        fc.pre(new Set(labels).size === 2);
        const x = { rows, columns: 3, values: Float32Array.from(values) };
        const all = withDefaults({
          rounds: 10,
          minChildWeight: 0,
          learningRate: 0.5,
          ...parameters,
        });
        const { forest } = fitBoosting(x, Uint8Array.from(labels), all);
        for (const [of, direction] of all.monotone?.entries() ?? []) {
          if (direction === 0) continue;
          for (let row = 0; row < 8; row++) {
            const steps = 61;
            const line = new Float32Array(steps * 3);
            for (let i = 0; i < steps; i++) {
              line.set(x.values.subarray(row * 3, row * 3 + 3), i * 3);
              line[i * 3 + of] = -3.05 + i / 10;
            }
            const margins = predictMargin(forest, { rows: steps, columns: 3, values: line });
            for (let i = 1; i < steps; i++) {
              const rise = (margins[i] ?? NaN) - (margins[i - 1] ?? NaN);
              expect(rise * direction).toBeGreaterThanOrEqual(0);
            }
          }
        }
      }),
      { numRuns: 80, seed: 5 },
    );
  });

  // The label rises with columns 0 and 4 of the generated set: a true constraint costs next to nothing.
  test('a constraint that is true costs no quality, one that is false shuts the column out', () => {
    const aucWith = (monotone: number[]): { auc: number; gain: number } => {
      const parameters = withDefaults({ rounds: 80, monotone });
      const { forest, gain } = fitBoosting(set.train.x, set.train.labels, parameters);
      const auc = rankAuc(predictMargin(forest, set.test.x), set.test.labels);
      return { auc, gain: gain[0] ?? NaN };
    };
    const directed = (direction: number): number[] => [direction, ...new Array<number>(19).fill(0)];
    const free = aucWith(directed(0));
    const right = aucWith(directed(1));
    const wrong = aucWith(directed(-1));
    expect(right.auc).toBeGreaterThan(free.auc - 0.002);
    expect(wrong.gain).toBeLessThan(0.05 * free.gain);
  });

  test('no direction at all is the same as none given', () => {
    const { x, labels } = small.train;
    const parameters = withDefaults({ rounds: 5 });
    const none = fitBoosting(x, labels, { ...parameters, monotone: new Int8Array(20) });
    expect(none).toEqual(fitBoosting(x, labels, parameters));
  });
});
