import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { groupFacts } from '../../src/numeric/group-facts.js';

/** The definitions, word for word. */
function naive(values: readonly number[], groupOf: readonly number[], group: number) {
  const all = values.filter(Number.isFinite);
  const own = values.filter((value, i) => groupOf[i] === group && Number.isFinite(value));
  if (own.length === 0) return { mean: 0, deviation: 0, median: 0, meanRank: 0.5 };
  const mean = own.reduce((sum, value) => sum + value, 0) / own.length;
  const squares = own.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const sorted = [...own].sort((a, b) => a - b);
  const middle = (at: number) => sorted[Math.floor(at)]!;
  const ranks = own.map((value) => {
    const below = all.filter((other) => other < value).length;
    const equal = all.filter((other) => other === value).length;
    return (below + equal / 2) / all.length;
  });
  return {
    mean,
    deviation: own.length > 1 ? Math.sqrt(squares / (own.length - 1)) : 0,
    median: (middle((own.length - 1) / 2) + middle(own.length / 2)) / 2,
    meanRank: ranks.reduce((sum, rank) => sum + rank, 0) / own.length,
  };
}

const value = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.constantFrom(Number.NaN, -0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
  fc.float({ min: Math.fround(-1e6), max: Math.fround(1e6), noNaN: true }),
);

describe('a column described by groups', () => {
  it('is told by hand: ties count half, the one in no group counts among all', () => {
    const values = Float32Array.from([1, 2, 2, 4, Number.NaN, 9]);
    const facts = groupFacts(values, Int32Array.from([0, 0, 1, 1, 1, -1]), 2);
    expect([...facts.count]).toEqual([2, 2]);
    expect([...facts.missing]).toEqual([0, 1]);
    expect([...facts.mean]).toEqual([1.5, 3]);
    expect([...facts.median]).toEqual([1.5, 3]);
    // ranks of 5 values: 1 -> 0.1, the two 2s -> 0.4, 4 -> 0.7, 9 -> 0.9
    expect(facts.meanRank[0]).toBeCloseTo(0.25, 12);
    expect(facts.meanRank[1]).toBeCloseTo(0.55, 12);
    expect(facts.overall.count).toBe(5);
    expect(facts.overall.mean).toBeCloseTo(3.6, 12);
  });

  it('agrees with the definitions, whatever the values', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(value, fc.integer({ min: -1, max: 2 })), { maxLength: 60 }),
        (rows) => {
          const values = Float32Array.from(rows, ([each]) => each);
          const groupOf = rows.map(([, group]) => group);
          const facts = groupFacts(values, Int32Array.from(groupOf), 3);
          for (let group = 0; group < 3; group++) {
            const expected = naive([...values], groupOf, group);
            const scale = Math.max(1, Math.abs(expected.mean));
            expect(facts.mean[group]).toBeCloseTo(expected.mean, 6);
            expect(facts.standardDeviation[group]! / scale).toBeCloseTo(
              expected.deviation / scale,
              6,
            );
            expect(facts.median[group]).toBeCloseTo(expected.median, 6);
            expect(facts.meanRank[group]).toBeCloseTo(expected.meanRank, 10);
          }
        },
      ),
    );
  });

  it('has a mean rank of a half over everybody, and it only hears the order', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: -50, max: 50 }), fc.integer({ min: 0, max: 2 })), {
          minLength: 1,
          maxLength: 80,
        }),
        (rows) => {
          const groupOf = Int32Array.from(rows, ([, group]) => group);
          const of = (map: (n: number) => number) =>
            groupFacts(
              Float32Array.from(rows, ([n]) => map(n)),
              groupOf,
              3,
            );
          const plain = of((n) => n);
          const total = plain.meanRank.reduce((sum, rank, g) => sum + rank * plain.count[g]!, 0);
          expect(total / rows.length).toBeCloseTo(0.5, 12);
          expect([...of((n) => n ** 3 * 7).meanRank]).toEqual([...plain.meanRank]);
          of((n) => -n).meanRank.forEach((rank, g) => {
            if (plain.count[g]! > 0) expect(rank).toBeCloseTo(1 - plain.meanRank[g]!, 12);
          });
        },
      ),
    );
  });

  it('answers for no rows and for a column without a value', () => {
    expect([...groupFacts(new Float32Array(0), new Int32Array(0), 2).meanRank]).toEqual([0.5, 0.5]);
    const blank = groupFacts(Float32Array.from([Number.NaN]), Int32Array.from([0]), 1);
    expect([blank.mean[0], blank.median[0], blank.missing[0]]).toEqual([0, 0, 1]);
    expect(blank.overall).toEqual({ count: 0, mean: 0, standardDeviation: 0 });
  });
});
