import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/kernel/random.js';
import type { Clusterer, Preparation, PrototypeClusterer } from '../../src/numeric/clusterer.js';
import { designColumns } from '../../src/numeric/encoding.js';
import { predictClusterer } from '../../src/numeric/predict-clusterer.js';
import type { FeatureTable } from '../../src/numeric/table.js';
import { ALLOWED_OPERATORS } from '../../src/onnx/allowed-operators.js';
import { PARITY_TOLERANCE, worstMembershipDifference } from '../../src/onnx/parity.js';
import { readClusterer } from '../../src/onnx/read-clusterer.js';
import { readModel } from '../../src/onnx/read-graph.js';
import { writeClusterer } from '../../src/onnx/write-clusterer.js';
import { bareMemberships, bareSession } from '../support/bare-onnx.js';
import { naiveMemberships } from '../support/naive-clusterer.js';
import {
  randomMedoids,
  randomMixture,
  randomPreparation,
  randomPrototypes,
  randomRows,
} from '../support/random-clusterer.js';
import { randomEncoding } from '../support/random-forest.js';

async function answersOf(clusterer: Clusterer, table: FeatureTable) {
  const session = await bareSession(writeClusterer(clusterer));
  try {
    return await bareMemberships(session, table);
  } finally {
    await session.release();
  }
}

const anyClusterer = fc
  .record({
    seed: fc.nat(),
    kind: fc.constantFrom('prototypes', 'mixture', 'medoids'),
    numeric: fc.nat({ max: 5 }),
    categories: fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 3 }),
    segments: fc.integer({ min: 1, max: 6 }),
    most: fc.constantFrom(1, 2, 30),
    noise: fc.boolean(),
    bounded: fc.boolean(),
    rotated: fc.boolean(),
    rows: fc.constantFrom(0, 1, 2, 60),
  })
  .filter(({ numeric, categories }) => numeric + categories.reduce((a, b) => a + b, 0) > 0)
  .map(({ seed, kind, numeric, categories, segments, most, noise, bounded, rotated, rows }) => {
    const random = seededRandom(seed);
    const encoding = randomEncoding(numeric, categories);
    const kept = rotated ? 1 + random.int(designColumns(encoding)) : null;
    const prepared = (): Preparation => randomPreparation(random, encoding, { kept, bounded });
    const make = {
      prototypes: () => randomPrototypes(random, prepared(), { segments, most, noise }),
      mixture: () => randomMixture(random, prepared(), segments),
      medoids: () => randomMedoids(random, encoding, segments),
    };
    const clusterer: Clusterer = make[kind]();
    return { clusterer, table: randomRows(random, clusterer, rows) };
  });

describe('writeClusterer', () => {
  it('gives the same memberships as the definition, for any clusterer and any row', async () => {
    await fc.assert(
      fc.asyncProperty(anyClusterer, async ({ clusterer, table }) => {
        const answers = await answersOf(clusterer, table);
        const expected = naiveMemberships(clusterer, table);
        expect(worstMembershipDifference(answers, expected)).toBeLessThanOrEqual(PARITY_TOLERANCE);
        const predicted = predictClusterer(clusterer, table);
        expect(worstMembershipDifference(answers, predicted)).toBeLessThanOrEqual(PARITY_TOLERANCE);
        for (let row = 0; row < table.rows; row++) {
          const [best = 1, next = 0] = [
            ...expected.probability.slice(row * expected.segments, (row + 1) * expected.segments),
          ].sort((a, b) => b - a);
          if (best - next > 1e-6) expect(answers.segment[row]).toBe(expected.segment[row]);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('reads back bit for bit, for any clusterer', () => {
    fc.assert(
      fc.property(anyClusterer, ({ clusterer }) => {
        expect(readClusterer(writeClusterer(clusterer))).toStrictEqual(clusterer);
      }),
    );
  });

  it('answers [0, segments] for no rows, and writes operators that we know', async () => {
    for (const clusterer of oneOfEach()) {
      const { dims } = await answersOf(clusterer, randomRows(seededRandom(1), clusterer, 0));
      const { segments } = clusterer;
      expect(dims).toEqual([[0, segments], [0, segments], [0]]);
      for (const { op, domain } of readModel(writeClusterer(clusterer)).nodes)
        expect(ALLOWED_OPERATORS.get(domain)).toContain(op);
    }
  });

  it('writes the same bytes for the same clusterer', () => {
    const [first, second] = [oneOfEach(), oneOfEach()];
    first.forEach((clusterer, i) => {
      const again = second[i];
      if (again)
        expect(Buffer.from(writeClusterer(clusterer)).equals(writeClusterer(again))).toBe(true);
    });
  });

  it('takes the lower number where two segments are equally near', async () => {
    const clusterer = onALine([-1, 1, 3]);
    const { segment, probability } = await answersOf(clusterer, numbers([0, 2, 2.5, -1]));
    expect([...segment]).toEqual([0, 1, 2, 0]);
    expect(probability[0]).toBe(probability[1]);
  });

  it('is certain and finite far away from all centres', async () => {
    const clusterer = onALine([-1, 1, 3]);
    const { segment, probability, distance } = await answersOf(
      clusterer,
      numbers([1e6, -1e6, 3e38, -3e38]),
    );
    expect([...segment.subarray(0, 2)]).toEqual([2, 0]);
    expect([...probability.subarray(0, 6)]).toEqual([0, 0, 1, 1, 0, 0]);
    expect(probability.every((value) => value >= 0 && value <= 1)).toBe(true);
    expect(distance.every(Number.isFinite)).toBe(true);
  });

  it('cuts a distance that float32 cannot hold to its largest number', async () => {
    const clusterer = onALine([0, 1]);
    clusterer.preparation.scale[0] = 1e-6;
    const { distance } = await answersOf(clusterer, numbers([3e38]));
    expect([...distance]).toEqual([3.4028234663852886e38, 3.4028234663852886e38]);
  });

  it('is noise beyond the radius, and one of the crowd at the radius', async () => {
    const clusterer: PrototypeClusterer = {
      ...onALine([0, 10]),
      segments: 3,
      noise: { radius: 2, segment: 2 },
    };
    const { segment, distance } = await answersOf(clusterer, numbers([1, 2, 2.001, 5, 8, 1e9]));
    expect([...segment]).toEqual([0, 0, 2, 2, 1, 2]);
    expect(distance.filter((_, at) => at % 3 === 2).every((d) => d === 2)).toBe(true);
  });

  it('keeps its digits where prototypes of one segment lie close together and far from 0', async () => {
    const at = 1e7;
    const clusterer: PrototypeClusterer = {
      ...onALine([at, at + 4, at + 8, at + 9]),
      segments: 2,
      segmentOf: Int32Array.of(0, 0, 1, 1),
    };
    const { distance } = await answersOf(clusterer, numbers([at + 3, at + 10]));
    expect([...distance]).toEqual([1, 5, 6, 1]);
  });

  it('answers 4,096 rows against 2,000 prototypes of 50 columns like the definition', async () => {
    const random = seededRandom(4);
    const preparation = randomPreparation(random, randomEncoding(50, []), {
      kept: null,
      bounded: true,
    });
    const clusterer: PrototypeClusterer = {
      ...randomPrototypes(random, preparation, { segments: 1, most: 1, noise: false }),
      segments: 3,
      prototypes: Float64Array.from({ length: 2000 * 50 }, () => random.normal()),
      segmentOf: Int32Array.from({ length: 2000 }, (_, at) => at % 2),
      noise: { radius: 9, segment: 2 },
    };
    const table = randomRows(random, clusterer, 4096);
    const answers = await answersOf(clusterer, table);
    // the definition takes a while: every sixteenth row
    const some = Array.from({ length: 256 }, (_, i) => i * 16);
    const expected = naiveMemberships(clusterer, {
      ...table,
      rows: some.length,
      numeric: Float32Array.from(
        some.flatMap((row) => [...table.numeric.slice(row * 50, row * 50 + 50)]),
      ),
    });
    const picked = (values: Float64Array): Float64Array =>
      Float64Array.from(some.flatMap((row) => [...values.slice(row * 3, row * 3 + 3)]));
    const same = {
      segments: 3,
      segment: Int32Array.from(some, (row) => answers.segment[row] ?? -1),
      probability: picked(answers.probability),
      distance: picked(answers.distance),
    };
    expect(worstMembershipDifference(same, expected)).toBeLessThanOrEqual(PARITY_TOLERANCE);
  });

  it('leaves out what either side does not know of Gower, and is 1 where nothing is left', async () => {
    const clusterer = {
      ...randomMedoids(seededRandom(1), randomEncoding(2, [2]), 2),
      range: Float64Array.of(10, 4),
      weight: Float64Array.of(1, 2, 3),
      medoidNumbers: Float64Array.of(0, 0, NaN, 2),
      medoidTexts: ['no', ''],
    };
    const { distance } = await answersOf(clusterer, {
      rows: 4,
      numericNames: ['n0', 'n1'],
      numeric: Float32Array.of(5, 1, NaN, 100, 5, NaN, NaN, NaN),
      categoricalNames: ['c0'],
      categorical: ['no', 'yes', '', ''],
    });
    // (0.5 x 1 + 0.25 x 2 + 0 x 3) / 6 and 0.25; (2 + 3) / 5 and 1; 0.5 and nothing in common; nothing at all
    const expected = [1 / 6, 0.25, 1, 1, 0.5, 1, 1, 1];
    distance.forEach((d, at) => {
      expect(d).toBeCloseTo(expected[at] ?? NaN, 6);
    });
  });
});

function oneOfEach(): Clusterer[] {
  const random = seededRandom(3);
  const encoding = randomEncoding(3, [3, 2]);
  const make = (kept: number | null): Preparation =>
    randomPreparation(random, encoding, { kept, bounded: true });
  return [
    randomPrototypes(random, make(null), { segments: 3, most: 1, noise: false }),
    randomPrototypes(random, make(2), { segments: 3, most: 9, noise: true }),
    randomMixture(random, make(4), 3),
    randomMedoids(random, encoding, 3),
  ];
}

/** One prototype a segment on the axis of one number, which is taken as it is. */
function onALine(places: readonly number[]): PrototypeClusterer {
  return {
    kind: 'prototypes',
    preparation: {
      encoding: randomEncoding(1, []),
      fill: Float64Array.of(0),
      low: Float64Array.of(-Infinity),
      high: Float64Array.of(Infinity),
      logarithm: Uint8Array.of(0),
      mean: Float64Array.of(0),
      scale: Float64Array.of(1),
      weight: Float64Array.of(1),
      rotation: null,
    },
    segments: places.length,
    prototypes: Float64Array.from(places),
    segmentOf: Int32Array.from(places.keys()),
    spread: 0.5,
    noise: null,
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
