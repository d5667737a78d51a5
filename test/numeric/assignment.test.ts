import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { optimalAssignment } from '../../src/numeric/assignment.js';
import { clusterGolden } from '../support/cluster-scores-golden.js';
import { uniformAt } from '../support/synthetic.js';

function costOf(cost: Float64Array, columns: number, columnOf: Int32Array): number {
  return columnOf.reduce((sum, j, i) => sum + (j < 0 ? 0 : cost[i * columns + j]!), 0);
}

/** Every assignment there is. */
function cheapest(cost: Float64Array, rows: number, columns: number): number {
  const search = (row: number, used: number, left: number): number => {
    if (row === rows) return left > 0 ? Infinity : 0;
    let best = rows > columns ? search(row + 1, used, left) : Infinity;
    for (let j = 0; j < columns; j++) {
      if (used & (1 << j)) continue;
      best = Math.min(best, cost[row * columns + j]! + search(row + 1, used | (1 << j), left - 1));
    }
    return best;
  };
  return search(0, 0, Math.min(rows, columns));
}

describe('optimal assignment', () => {
  it('by hand: the cheapest first would cost 1 + 100, the best is 2 + 2', () => {
    const columnOf = optimalAssignment(Float64Array.of(1, 2, 2, 100), 2, 2);
    expect([...columnOf]).toEqual([1, 0]);
  });

  it.each(clusterGolden.assignments)(
    'of $rows x $columns costs what scipy finds',
    ({ rows, columns, cost }) => {
      const costs = Float64Array.from({ length: rows * columns }, (_, at) =>
        uniformAt(Math.floor(at / columns), at % columns, 8),
      );
      const columnOf = optimalAssignment(costs, rows, columns);
      expect(costOf(costs, columns, columnOf)).toBeCloseTo(cost, 10);
      const used = [...columnOf].filter((column) => column >= 0);
      expect(new Set(used).size).toBe(Math.min(rows, columns));
      expect(used).toHaveLength(Math.min(rows, columns));
    },
  );

  it('costs what the best of all assignments costs', () => {
    const shape = fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 5 }));
    fc.assert(
      fc.property(shape, fc.array(fc.integer({ min: -9, max: 9 })), ([rows, columns], draws) => {
        const cost = Float64Array.from(
          { length: rows * columns },
          (_, at) => draws[at % Math.max(1, draws.length)] ?? 0,
        );
        const columnOf = optimalAssignment(cost, rows, columns);
        expect(costOf(cost, columns, columnOf)).toBe(cheapest(cost, rows, columns));
      }),
    );
  });

  it('refuses a cost that is not finite and another shape', () => {
    expect(() => optimalAssignment(Float64Array.of(1, NaN), 1, 2)).toThrow('got NaN at 1');
    expect(() => optimalAssignment(Float64Array.of(1), 1, 2)).toThrow('1 x 2, got 1 values');
  });
});
