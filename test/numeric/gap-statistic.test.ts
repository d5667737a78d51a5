import { describe, expect, it } from 'vitest';
import type { PointMatrix } from '../../src/numeric/clustering.js';
import { gapStatistics, smallestSufficientK } from '../../src/numeric/gap-statistic.js';
import { uniformAt } from '../support/synthetic.js';

/** Groups by cutting the first column at its k-quantiles. */
function cutFirst(points: PointMatrix, k: number): Int32Array {
  const { rows, columns, values } = points;
  const first = Float64Array.from({ length: rows }, (_, i) => values[i * columns]!);
  const sorted = first.slice().sort();
  const borders = Array.from(
    { length: k - 1 },
    (_, i) => sorted[Math.floor(((i + 1) * rows) / k)]!,
  );
  return Int32Array.from(first, (value) => borders.filter((border) => value >= border).length);
}

/** Tibshirani's W as he writes it: half the mean distance of the pairs of each group. */
function pooled({ columns, values }: PointMatrix, labels: Int32Array, k: number): number {
  let sum = 0;
  for (let group = 0; group < k; group++) {
    const own = [...labels.keys()].filter((row) => labels[row] === group);
    let pairs = 0;
    for (const a of own)
      for (const b of own)
        for (let j = 0; j < columns; j++)
          pairs += (values[a * columns + j]! - values[b * columns + j]!) ** 2;
    sum += own.length === 0 ? 0 : pairs / (2 * own.length);
  }
  return sum;
}

/** `blobs` heaps far apart on the first axis; one: a uniform strip. */
function heaps(rows: number, blobs: number): PointMatrix {
  const values = Float64Array.from({ length: rows * 2 }, (_, at) => {
    const [i, j] = [at >> 1, at & 1];
    return uniformAt(i, j, 4) + (j === 0 ? 10 * (i % blobs) : 0);
  });
  return { rows, columns: 2, values };
}

const turn = Float64Array.of(0.8, 0.6, -0.6, 0.8);

describe('gap statistic', () => {
  it('is mean log W of the reference sets less log W of the points, as the paper writes W', async () => {
    const points = heaps(60, 3);
    const sets: PointMatrix[] = [];
    const fit = (given: PointMatrix, k: number) => {
      if (given !== points) sets.push(given);
      return cutFirst(given, k);
    };
    const [, second] = await gapStatistics(points, [1, 2], fit, {
      references: 4,
      seed: 7,
      axes: null,
    });
    const log = (given: PointMatrix) => Math.log(pooled(given, cutFirst(given, 2), 2));
    const logs = sets.map(log);
    const mean = logs.reduce((sum, value) => sum + value, 0) / 4;
    const deviation = Math.sqrt(logs.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 4);
    expect(sets).toHaveLength(4);
    expect(second!.gap).toBeCloseTo(mean - log(points), 10);
    expect(second!.standardError).toBeCloseTo(deviation * Math.sqrt(1.25), 10);
  });

  it('finds two heaps, and one where there are none', async () => {
    const options = { references: 10, seed: 1, axes: null };
    const ks = [1, 2, 3, 4, 5];
    const two = await gapStatistics(heaps(150, 2), ks, cutFirst, options);
    expect(smallestSufficientK(two)).toBe(2);
    const none = await gapStatistics(heaps(150, 1), ks, cutFirst, options);
    expect(smallestSufficientK(none)).toBe(1);
  });

  it.each([
    { along: 'the features', axes: null },
    { along: 'the axes given', axes: turn },
  ])('draws its references in the box along $along', async ({ axes }) => {
    const points = heaps(200, 2);
    const along = ({ values }: PointMatrix, axis: number) =>
      Array.from({ length: 200 }, (_, i) => {
        const [x, y] = [values[2 * i]!, values[2 * i + 1]!];
        return axes ? axes[2 * axis]! * x + axes[2 * axis + 1]! * y : axis === 0 ? x : y;
      });
    const sets: PointMatrix[] = [];
    await gapStatistics(
      points,
      [2],
      (given, k) => {
        if (given !== points) sets.push(given);
        return cutFirst(given, k);
      },
      { references: 2, seed: 3, axes },
    );
    expect(sets).toHaveLength(2);
    expect(sets[0]!.values).not.toEqual(sets[1]!.values);
    for (const set of sets)
      for (const axis of [0, 1]) {
        const [own, drawn] = [along(points, axis), along(set, axis)];
        const [low, high] = [Math.min(...own), Math.max(...own)];
        expect(Math.min(...drawn)).toBeGreaterThan(low - 1e-9);
        expect(Math.max(...drawn)).toBeLessThan(high + 1e-9);
        expect(Math.max(...drawn) - Math.min(...drawn)).toBeGreaterThan(0.9 * (high - low));
      }
  });

  it('gives the same figures for the same seed', async () => {
    const run = (seed: number) =>
      gapStatistics(heaps(50, 2), [2, 3], cutFirst, { references: 3, seed, axes: null });
    expect(await run(5)).toEqual(await run(5));
    expect(await run(5)).not.toEqual(await run(6));
  });

  it('takes no k where every next one is clearly better', () => {
    const gaps = [2, 3, 4].map((k) => ({ k, gap: k, standardError: 0.1 }));
    expect(smallestSufficientK(gaps)).toBeNull();
    expect(smallestSufficientK([...gaps, { k: 5, gap: 4.05, standardError: 0.1 }])).toBe(4);
  });
});
