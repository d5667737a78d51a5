import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/kernel/random.js';
import { membershipReasons, strongestReasons } from '../../src/numeric/clusterer-reasons.js';
import type {
  Clusterer,
  MedoidClusterer,
  MixtureClusterer,
  Preparation,
  PrototypeClusterer,
} from '../../src/numeric/clusterer.js';
import { designColumns } from '../../src/numeric/encoding.js';
import { predictClusterer } from '../../src/numeric/predict-clusterer.js';
import type { FeatureTable } from '../../src/numeric/table.js';
import { naiveRow } from '../support/naive-clusterer.js';
import {
  randomMedoids,
  randomMixture,
  randomPreparation,
  randomPrototypes,
  randomRows,
} from '../support/random-clusterer.js';
import { randomEncoding } from '../support/random-forest.js';

const anyRows = fc
  .record({
    seed: fc.nat(),
    kind: fc.constantFrom('prototypes', 'noise', 'mixture', 'medoids'),
    numeric: fc.nat({ max: 4 }),
    categories: fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 2 }),
    segments: fc.integer({ min: 2, max: 5 }),
    most: fc.constantFrom(1, 5),
    rotated: fc.boolean(),
  })
  .filter(({ numeric, categories }) => numeric + categories.length > 0)
  .map(({ seed, kind, numeric, categories, segments, most, rotated }) => {
    const random = seededRandom(seed);
    const encoding = randomEncoding(numeric, categories);
    const kept = rotated ? 1 + random.int(designColumns(encoding)) : null;
    const prepared = (): Preparation =>
      randomPreparation(random, encoding, { kept, bounded: true });
    const make = {
      prototypes: () => randomPrototypes(random, prepared(), { segments, most, noise: false }),
      noise: () => randomPrototypes(random, prepared(), { segments, most, noise: true }),
      mixture: () => randomMixture(random, prepared(), segments),
      medoids: () => randomMedoids(random, encoding, segments),
    };
    const clusterer: Clusterer = make[kind]();
    return { kind, clusterer, table: randomRows(random, clusterer, 30) };
  });

const sumOf = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0);

describe('membershipReasons', () => {
  it('add up to the log-odds of the segment against the runner-up, for any clusterer', () => {
    let compared = 0;
    fc.assert(
      fc.property(anyRows, ({ kind, clusterer, table }) => {
        const memberships = predictClusterer(clusterer, table);
        const { segments, probability } = memberships;
        const { runnerUp, baseValue, values, inputs } = membershipReasons(
          clusterer,
          table,
          memberships,
        );
        for (let row = 0; row < table.rows; row++) {
          const own = memberships.segment[row]!;
          const other = runnerUp[row]!;
          const { logits } = naiveRow(clusterer, table, row);
          const parts = values.subarray(row * inputs.length, (row + 1) * inputs.length);
          const told = baseValue[row]! + sumOf(parts);
          const wanted = logits[own]! - logits[other]!;
          expect(Math.abs(told - wanted)).toBeLessThanOrEqual(1e-6 * Math.max(1, Math.abs(wanted)));
          const others = logits.filter((_, segment) => segment !== own);
          expect(logits[other]! - Math.max(...others)).toBeGreaterThanOrEqual(-1e-9);
          const chance = probability[row * segments + other]!;
          if (chance > 1e-200) {
            compared++;
            const odds = Math.log(probability[row * segments + own]! / chance);
            expect(Math.abs(told - odds)).toBeLessThanOrEqual(1e-6 * Math.max(1, odds));
          }
          if (kind === 'prototypes') expect(Math.abs(baseValue[row]!)).toBeLessThan(1e-9);
        }
      }),
      { numRuns: 300 },
    );
    expect(compared).toBeGreaterThan(1000);
  });

  it('of prototypes are differences of squares by input, in hand-sized figures', () => {
    const clusterer = plain([
      [0, 0],
      [4, 1],
      [9, 9],
    ]);
    const { runnerUp, baseValue, values } = membershipReasons(clusterer, points([1, 2]), {
      segment: Int32Array.of(0),
    });
    expect([...runnerUp]).toEqual([1]);
    // ((4 - 1)² - 1²) / 4 and ((1 - 2)² - 2²) / 4, for a spread of 2
    expect([...values]).toEqual([2, -0.75]);
    expect([...baseValue]).toEqual([0]);
  });

  it('through components reach only the inputs that the components hold', () => {
    const clusterer = plain([[0], [2]]);
    clusterer.preparation.rotation = { kept: 1, components: Float64Array.of(0.6, 0.8) };
    const { baseValue, values } = membershipReasons(clusterer, points([0.5, 0.25]), {
      segment: Int32Array.of(0),
    });
    // x = 0.3 + 0.2 = 0.5; ((2 - 0.5)² - 0.5²) / 4 = 0.5, and the middle lies at 0.6, 0.8
    expect([...values]).toEqual([-1 * 0.6 * (0.5 - 0.6), -1 * 0.8 * (0.25 - 0.8)].map(near));
    expect(sumOf(values)).toBeCloseTo(0.5, 12);
    expect(baseValue[0]).toBeCloseTo(0, 12);
  });

  it('stay exact far from 0, where squares would cancel', () => {
    const clusterer = plain([
      [1e8, 0],
      [1e8, 3],
    ]);
    const { values } = membershipReasons(clusterer, points([1e8 + 8, 1]), {
      segment: Int32Array.of(0),
    });
    expect([...values]).toEqual([0, 0.75]);
  });

  it('at the border of noise say how near each input brings the crowd', () => {
    const clusterer: PrototypeClusterer = {
      ...plain([[0, 0]]),
      segments: 2,
      noise: { radius: 4, segment: 1 },
    };
    const { runnerUp, baseValue, values } = membershipReasons(clusterer, points([3, 1, 3, 4]), {
      segment: Int32Array.of(0, 1),
    });
    expect([...runnerUp]).toEqual([1, 0]);
    expect([...baseValue]).toEqual([4, -4]);
    expect([...values]).toEqual([-9 / 4, -1 / 4, 9 / 4, 4]);
  });

  it('of a mixture halve what two inputs say together, and leave sizes to the base', () => {
    // precision of the first: L⁻ᵀ L⁻¹ of [[1, 0], [1, 1]] = [[2, 1], [1, 1]]; of the second: the identity
    const clusterer: MixtureClusterer = {
      kind: 'mixture',
      preparation: plain([[0, 0]]).preparation,
      segments: 2,
      weights: Float64Array.of(0.75, 0.25),
      means: Float64Array.of(0, 0, 5, 0),
      whitening: Float64Array.of(1, 0, 1, 1, 1, 0, 0, 1),
      logDeterminants: Float64Array.of(0, 0),
    };
    const { baseValue, values } = membershipReasons(clusterer, points([1, 2]), {
      segment: Int32Array.of(0),
    });
    // first: 1 x (2 x 1 + 1 x 2) = 4 and 2 x (1 x 1 + 1 x 2) = 6; second: 16 and 4
    expect([...values]).toEqual([(16 - 4) / 2, (4 - 6) / 2]);
    expect(baseValue[0]).toBeCloseTo(Math.log(3), 12);
  });

  it('of medoids leave out what one side does not know', () => {
    const clusterer: MedoidClusterer = {
      kind: 'medoids',
      numericNames: ['n0'],
      categoricalNames: ['c0'],
      segments: 2,
      range: Float64Array.of(10),
      weight: Float64Array.of(1, 3),
      medoidNumbers: Float64Array.of(0, NaN),
      medoidTexts: ['a', 'b'],
      spread: 0.5,
    };
    const table: FeatureTable = {
      rows: 2,
      numericNames: ['n0'],
      numeric: Float32Array.of(4, 4),
      categoricalNames: ['c0'],
      categorical: ['a', ''],
    };
    const { baseValue, values } = membershipReasons(clusterer, table, {
      segment: Int32Array.of(0, 0),
    });
    // 0.1 against 1: (0 - 0.1, 1 - 0) x 1.1; and 0.4 against 1, of which nothing is comparable
    const expected = [-0.1 * 1.1, 1.1, -0.4 * 1.4, 0];
    values.forEach((value, at) => {
      expect(value).toBeCloseTo(expected[at] ?? NaN, 12);
    });
    expect(baseValue[0]).toBe(0);
    expect(baseValue[1]).toBeCloseTo(1.4, 12);
  });

  it('are none where there is one segment only, and of no rows', () => {
    const one = membershipReasons(plain([[0, 0]]), points([1, 2]), { segment: Int32Array.of(0) });
    expect(one).toMatchObject({ runnerUp: Int32Array.of(-1), values: new Float64Array(2) });
    const none = membershipReasons(plain([[0, 0]]), points([]), { segment: new Int32Array(0) });
    expect(none.values).toHaveLength(0);
  });

  it.each([
    [[2], 'segment must be 0..1, got 2'],
    [[-1], 'segment must be 0..1, got -1'],
    [[0, 0], 'segments must be those of 1 rows, got 2'],
  ])('refuse the segments %j', (segments, message) => {
    const clusterer = plain([
      [0, 0],
      [1, 1],
    ]);
    expect(() =>
      membershipReasons(clusterer, points([1, 2]), { segment: Int32Array.from(segments) }),
    ).toThrow(message);
  });
});

it('the strongest reasons come first, whatever their sign', () => {
  const reasons = { values: Float64Array.of(1, -3, 0, 2, 2, -2), inputs: ['a', 'b', 'c'] };
  expect(strongestReasons(reasons)).toEqual([
    [
      { feature: 'b', contribution: -3 },
      { feature: 'a', contribution: 1 },
      { feature: 'c', contribution: 0 },
    ],
    [
      { feature: 'a', contribution: 2 },
      { feature: 'b', contribution: 2 },
      { feature: 'c', contribution: -2 },
    ],
  ]);
});

const near = (value: number): unknown => expect.closeTo(value, 12);

/** Two numbers taken as they are, one prototype a segment, spread 2. */
function plain(prototypes: readonly (readonly number[])[]): PrototypeClusterer {
  const twice = (value: number): Float64Array => Float64Array.of(value, value);
  return {
    kind: 'prototypes',
    preparation: {
      encoding: randomEncoding(2, []),
      fill: twice(0),
      low: twice(-Infinity),
      high: twice(Infinity),
      logarithm: Uint8Array.of(0, 0),
      mean: twice(0),
      scale: twice(1),
      weight: twice(1),
      rotation: null,
    },
    segments: prototypes.length,
    prototypes: Float64Array.from(prototypes.flat()),
    segmentOf: Int32Array.from(prototypes.keys()),
    spread: 2,
    noise: null,
  };
}

function points(values: number[]): FeatureTable {
  return {
    rows: values.length / 2,
    numericNames: ['n0', 'n1'],
    numeric: Float32Array.from(values),
    categoricalNames: [],
    categorical: [],
  };
}
