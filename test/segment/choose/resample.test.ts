import { describe, expect, it } from 'vitest';
import type { ClusterRun } from '../../../src/numeric/cluster-algorithm.js';
import type { PointMatrix } from '../../../src/numeric/clustering.js';
import { adjustedRandIndex } from '../../../src/numeric/label-agreement.js';
import { randomStream } from '../../../src/numeric/random.js';
import type { ChoiceAlgorithm } from '../../../src/segment/choose/choice.js';
import { resampler } from '../../../src/segment/choose/resample.js';

const ROWS = 60;
const points: PointMatrix = { rows: ROWS, columns: 1, values: new Float64Array(ROWS) };

/** Labels by chance; keeps what each run was given and said. */
function guessing(noise = 0) {
  const said: { seed: number; labelOf: Map<number, number> }[] = [];
  const algorithm: ChoiceAlgorithm = {
    name: 'kmeans',
    findsK: false,
    gap: false,
    run: (given, k, { seed, rows }) => {
      const random = randomStream(seed);
      const labels = Int32Array.from({ length: given.rows }, () =>
        random() < noise ? -1 : Math.floor(k * random()),
      );
      said.push({
        seed,
        labelOf: new Map(Array.from(rows ?? [], (row, i) => [row, labels[i] ?? -1])),
      });
      return { k, labels } as unknown as ClusterRun;
    },
  };
  return { said, algorithm };
}

/** The runs of each pair, in the order of `indices`. */
function pairOf(pair: number): number[] {
  const pairs = Array.from({ length: 10 }, (_, i) =>
    Array.from({ length: 9 - i }, (_each, j) => [i, i + 1 + j]),
  ).flat();
  return pairs[pair] ?? [];
}

describe('stability', () => {
  it.each([0, 0.3])(
    'is mean and deviation of the adjusted Rand index of every pair over what both saw (noise: %d)',
    async (noise) => {
      const { said, algorithm } = guessing(noise);
      const measure = resampler(points, algorithm, 3, { sampleShare: 0.8, rows: 1_000, seed: 7 });
      await measure(4);
      expect(said).toHaveLength(4);
      const found = await measure(10);
      expect(said).toHaveLength(10);
      expect(new Set(said.map(({ seed }) => seed)).size).toBe(10);
      for (const { labelOf } of said) expect(labelOf.size).toBe(48);
      const indices = said.flatMap((a, i) =>
        said.slice(i + 1).map((b) => {
          const both = [...a.labelOf.keys()].filter((row) => b.labelOf.has(row));
          const of = (run: typeof a) => both.map((row) => run.labelOf.get(row) ?? NaN);
          return adjustedRandIndex(of(a), of(b));
        }),
      );
      expect(indices).toHaveLength(45);
      const mean = indices.reduce((sum, each) => sum + each, 0) / 45;
      const variance = indices.reduce((sum, each) => sum + (each - mean) ** 2, 0) / 45;
      expect(variance).toBeGreaterThan(0);
      expect(found).toMatchObject({ runs: 10, sampleShare: 0.8 });
      expect(found.mean).toBeCloseTo(mean, 12);
      expect(found.standardDeviation).toBeCloseTo(Math.sqrt(variance), 12);
      const without = said.map((_, out) => {
        const kept = indices.filter((_each, pair) => !pairOf(pair).includes(out));
        expect(kept).toHaveLength(36);
        return kept.reduce((sum, each) => sum + each, 0) / 36;
      });
      const squares = without.reduce((sum, each) => sum + (each - mean) ** 2, 0);
      expect(found.standardError).toBeCloseTo(Math.sqrt(0.9 * squares), 12);
    },
  );

  it('of a large table is that of a pool, the same rows for every run', async () => {
    const { said, algorithm } = guessing();
    await resampler(points, algorithm, 3, { sampleShare: 0.5, rows: 20, seed: 7 })(4);
    const pool = new Set(said.flatMap(({ labelOf }) => [...labelOf.keys()]));
    expect(pool.size).toBeLessThanOrEqual(20);
    for (const { labelOf } of said) expect(labelOf.size).toBe(10);
  });

  it('leaves out runs that cannot be done; with fewer than two there is nothing to compare', async () => {
    let calls = 0;
    const { algorithm } = guessing();
    const failing: ChoiceAlgorithm = {
      ...algorithm,
      run: (...given) => {
        calls += 1;
        if (calls > 1) throw new RangeError('too few distinct rows');
        return algorithm.run(...given);
      },
    };
    const options = { sampleShare: 0.8, rows: 1_000, seed: 7 };
    expect(await resampler(points, failing, 3, options)(3)).toEqual({
      runs: 1,
      sampleShare: 0.8,
      mean: 0,
      standardDeviation: 0,
      standardError: Infinity,
    });
    const broken: ChoiceAlgorithm = {
      ...algorithm,
      run: () => Promise.reject(new TypeError('ours')),
    };
    await expect(resampler(points, broken, 3, options)(3)).rejects.toThrow(TypeError);
  });
});
