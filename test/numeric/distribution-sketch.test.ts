import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareToSketch, compareValues } from '../../src/numeric/compare-sketch.js';
import {
  sketchCategory,
  sketchCategoryCounts,
  sketchNumber,
  SKETCH_STEPS,
  type CategorySketch,
  type NumberSketch,
} from '../../src/numeric/distribution-sketch.js';
import { decileEdges, driftBins, jensenShannonDivergence } from '../../src/numeric/drift-bins.js';
import { kolmogorovSmirnov } from '../../src/numeric/kolmogorov-smirnov.js';
import { populationStabilityIndex } from '../../src/numeric/population-stability.js';
import { randomStream } from '../../src/numeric/random.js';
import { windowOf } from '../../src/numeric/sketch-window.js';

const value = fc.oneof(
  fc.integer({ min: -5, max: 5 }),
  fc.double({ noDefaultInfinity: true, min: -1e300, max: 1e300 }),
  fc.constant(NaN),
);
const column = fc
  .array(value, { minLength: 1, maxLength: 80 })
  .map((values) => Float64Array.from(values));

function someColumn(seed: number, rows: number, distinct: number): Float64Array {
  const random = randomStream(seed);
  return Float64Array.from({ length: rows }, () => Math.floor(random() ** 2 * distinct) / 7 - 3);
}

/** Straight from the definition. */
function naiveBins(edges: Float64Array, values: Float64Array): Float64Array {
  const counts = new Float64Array(edges.length + 1);
  for (const each of values)
    if (!Number.isNaN(each)) counts[edges.filter((edge) => edge <= each).length]!++;
  return counts;
}

describe('bins of a reference', () => {
  it('hold what the definition says, NaN apart, whatever the scale', () => {
    fc.assert(
      fc.property(column, column, (reference, current) => {
        const edges = decileEdges(reference.filter((each) => !Number.isNaN(each)).sort());
        const { counts, missing } = driftBins(edges).count(current);
        expect(counts).toEqual(naiveBins(edges, current));
        expect(missing).toBe(current.filter((each) => Number.isNaN(each)).length);
      }),
    );
  });
  it('hold -0 as 0, and float32 as what they are', () => {
    const { count } = driftBins(Float64Array.of(-1, 0, 0.1));
    expect([...count(Float32Array.of(-2, -1, -0, 0, 0.1, 5)).counts]).toEqual([1, 1, 2, 2]);
  });
  it('are the quantiles of numpy to the last bit (numpy.quantile, 2.4.6)', () => {
    expect([...decileEdges(Float64Array.of(0, 1.3, 4.6, 7.6))]).toEqual([
      0.39000000000000007, 0.7800000000000001, 1.17, 1.9600000000000006, 2.9499999999999997,
      3.939999999999999, 4.899999999999999, 5.800000000000001, 6.7,
    ]);
  });
  it('have no edge where there is no value', () => {
    expect(decileEdges(new Float64Array(0))).toHaveLength(0);
  });
});

describe('the Jensen-Shannon divergence', () => {
  const counts = fc
    .array(fc.nat({ max: 50 }), { minLength: 4, maxLength: 4 })
    .filter((bins) => bins.some((n) => n > 0));
  it('is 0 of equal shares, symmetric, and at most ln 2', () => {
    fc.assert(
      fc.property(counts, counts, (a, b) => {
        const [left, right] = [Float64Array.from(a), Float64Array.from(b)];
        const there = jensenShannonDivergence(left, right);
        expect(there).toBeCloseTo(jensenShannonDivergence(right, left), 14);
        expect(there).toBeGreaterThanOrEqual(0);
        expect(there).toBeLessThan(Math.LN2 + 1e-5);
        expect(
          jensenShannonDivergence(
            left,
            left.map((n) => 3 * n),
          ),
        ).toBeCloseTo(0, 14);
      }),
    );
  });
  it('refuses other lengths and empty windows', () => {
    expect(() => jensenShannonDivergence(Float64Array.of(1), Float64Array.of(1, 2))).toThrow(
      RangeError,
    );
    expect(() => jensenShannonDivergence(Float64Array.of(0), Float64Array.of(1))).toThrow(
      RangeError,
    );
  });
});

describe('a sketch of a number', () => {
  it('that keeps every value gives exactly what the values give', () => {
    fc.assert(
      fc.property(column, column, (reference, current) => {
        const sketch = JSON.parse(JSON.stringify(sketchNumber(reference))) as NumberSketch;
        const compared = compareValues(sketch, current);
        const [a, b] = [reference, current].map((all) =>
          all.filter((each) => !Number.isNaN(each)),
        ) as [Float64Array, Float64Array];
        expect(sketch.between).toBeNull();
        expect(compared.psi).toBeGreaterThanOrEqual(0);
        if (a.length === 0 || b.length === 0) {
          expect(compared).toMatchObject({ psi: 0, ks: null, ksPValue: null, chiSquare: null });
          return;
        }
        expect(compared.ks).toBe(kolmogorovSmirnov(a, b).statistic);
        const edges = Float64Array.from(sketch.edges);
        const bins = [naiveBins(edges, a), naiveBins(edges, b)] as const;
        expect(compared.psi).toBeCloseTo(populationStabilityIndex(...bins), 12);
        expect(compared.missingCurrent).toBeCloseTo(1 - b.length / current.length, 14);
      }),
    );
  });
  it('of more distinct values is short of Kolmogorov-Smirnov by less than its bound, and exact in the bins', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.integer(),
        fc.integer({ min: 3000, max: 40_000 }),
        (one, two, distinct) => {
          const reference = someColumn(one, 6_000, distinct * 3);
          const current = someColumn(two, 500, distinct * 2);
          const sketch = sketchNumber(reference);
          const compared = compareValues(sketch, current);
          const exact = kolmogorovSmirnov(reference, current).statistic;
          expect(sketch.knots.length).toBeLessThanOrEqual(SKETCH_STEPS + 10);
          expect(sketch.ksErrorBound).toBeLessThan(1 / SKETCH_STEPS);
          expect(compared.ks).toBeLessThanOrEqual(exact);
          expect(compared.ks).toBeGreaterThanOrEqual(exact - sketch.ksErrorBound - 1e-12);
          const { count } = driftBins(Float64Array.from(sketch.edges));
          const index = populationStabilityIndex(count(reference).counts, count(current).counts);
          expect(compared.psi).toBeCloseTo(index, 12);
        },
      ),
      { numRuns: 20 },
    );
  });
  it('is the same to a window read at once, in chunks, or as a column of a matrix', () => {
    const sketch = sketchNumber(someColumn(1, 5_000, 9_000));
    const current = someColumn(2, 3_000, 7_000);
    const chunks = windowOf(sketch);
    for (let start = 0; start < 3_000; start += 700)
      chunks.add(current, start, Math.min(3_000, start + 700));
    const matrix = Float64Array.from({ length: 9_000 }, (_, i) =>
      i % 3 === 1 ? current[(i - 1) / 3]! : NaN,
    );
    const inMatrix = windowOf(sketch);
    inMatrix.add(matrix, 1, matrix.length, 3);
    const whole = compareValues(sketch, current);
    expect(compareToSketch(chunks)).toEqual(whole);
    expect(compareToSketch(inMatrix)).toEqual(whole);
  });
  it('tells mean and deviation of both windows, far from zero too', () => {
    const compared = compareValues(
      sketchNumber(Float64Array.of(1e9, 1e9 + 2, 1e9 + 4, NaN)),
      Float64Array.of(1e9 + 1, 1e9 + 2, 1e9 + 3, Infinity),
    );
    expect(compared).toMatchObject({
      referenceRows: 4,
      currentRows: 4,
      missingReference: 0.25,
      missingCurrent: 0.25,
      meanReference: 1e9 + 2,
      meanCurrent: 1e9 + 2,
      deviationReference: 2,
      deviationCurrent: 1,
    });
  });
  it('shows the shares of its bins, open at both ends', () => {
    const { histogram } = compareValues(
      sketchNumber(Float64Array.of(0, 1)),
      Float64Array.of(0.05, 2),
    );
    expect(histogram).toHaveLength(10);
    expect(histogram[0]).toEqual({
      label: '< 0.1',
      low: null,
      high: 0.1,
      reference: 0.5,
      current: 0.5,
    });
    expect(histogram.at(-1)).toEqual({
      label: '>= 0.9',
      low: 0.9,
      high: null,
      reference: 0.5,
      current: 0.5,
    });
  });
  it('takes what is not finite for missing in both windows, and -0 for 0', () => {
    const sketch = sketchNumber(Float64Array.of(-Infinity, 0, -0, 1, Infinity, NaN));
    expect(sketch).toMatchObject({ rows: 6, missing: 3, min: 0, max: 1 });
    expect(sketch.mean).toBeCloseTo(1 / 3, 12);
    for (const Floats of [Float32Array, Float64Array]) {
      const found = compareValues(sketch, Floats.of(-0, 0, Infinity, 1, -Infinity));
      expect(found).toMatchObject({ ks: 0, missingReference: 0.5, missingCurrent: 0.4 });
    }
  });
  it('of one value everywhere, and of none, compares without an error', () => {
    const same = compareValues(sketchNumber(Float64Array.of(4, 4, 4)), Float64Array.of(4, 4));
    expect(same).toMatchObject({
      psi: 0,
      ks: 0,
      ksPValue: 1,
      chiSquare: null,
      chiSquarePValue: null,
    });
    const none = compareValues(sketchNumber(Float64Array.of(NaN)), Float64Array.of(1));
    expect(none).toMatchObject({ psi: 0, ks: null, missingReference: 1, missingCurrent: 0 });
    expect(
      compareValues(sketchNumber(new Float64Array(0)), new Float64Array(0)).missingCurrent,
    ).toBe(0);
  });
});

describe('a sketch of categories', () => {
  it('gives what was never seen a bin of its own', () => {
    const sketch = JSON.parse(
      JSON.stringify(sketchCategory(['a', 'a', 'b', null, ''])),
    ) as CategorySketch;
    expect(sketch).toEqual({
      kind: 'CATEGORY',
      rows: 5,
      missing: 2,
      categories: ['a', 'b'],
      counts: [2, 1],
      other: 0,
    });
    const window = windowOf(sketch);
    window.add(['a', 'c', 'c', 'd', null, 'b']);
    const compared = compareToSketch(window);
    expect(compared.histogram.map(({ label }) => label)).toEqual(['a', 'b', 'c', 'd']);
    expect(compared.psi).toBeCloseTo(
      populationStabilityIndex(Float64Array.of(2, 1, 0, 0), Float64Array.of(1, 1, 2, 1)),
      14,
    );
    expect(compared).toMatchObject({
      ks: null,
      chiSquareDegrees: 3,
      missingReference: 0.4,
      missingCurrent: 1 / 6,
    });
  });
  it('names the 200 most frequent, and counts the others together', () => {
    const counts = new Map(Array.from({ length: 300 }, (_, i) => [`c${i}`, 300 - i] as const));
    const sketch = sketchCategoryCounts(counts);
    expect(sketch.categories).toHaveLength(200);
    expect(sketch.other).toBe((100 * 101) / 2);
    const window = windowOf(sketch);
    for (const [label, count] of counts) window.addCount(label, count);
    window.addCount('new', 1);
    const compared = compareToSketch(window);
    expect(compared.histogram.at(-1)?.label).toBe('other');
    expect(compared.histogram).toHaveLength(201);
    expect(compared.psi).toBeLessThan(1e-6);
  });
  it('does not grow with labels never seen', () => {
    const window = windowOf(sketchCategory(['a']));
    for (let i = 0; i < 5_000; i++) window.addCount(`x${i}`, 1);
    expect(window.facts().unseen.size).toBe(1_000);
    expect(window.facts().other).toBe(4_000);
    expect(compareToSketch(window).histogram.at(-1)).toMatchObject({
      label: 'other',
      current: 0.8,
    });
  });
});
