import { describe, expect, it } from 'vitest';
import { clusterScores } from '../../src/numeric/cluster-scores.js';
import { pickPoints } from '../../src/numeric/clustering.js';
import {
  meanSilhouettes,
  silhouetteCoefficients,
  silhouetteSample,
} from '../../src/numeric/silhouette.js';
import { clusterGolden, goldenPoints } from '../support/cluster-scores-golden.js';
import { cdnowRfm, nearestCenters, telcoNumeric } from '../support/cluster-reference.js';
import { relativeError } from '../support/selection-golden.js';
import { uniformAt } from '../support/synthetic.js';

const line = (...values: number[]) => ({
  rows: values.length,
  columns: 1,
  values: Float64Array.from(values),
});

describe('scores of a clustering', () => {
  it('by hand: 0, 2 and 10, 12 on a line', () => {
    const labels = Int32Array.of(0, 0, 1, 1);
    const points = line(0, 2, 10, 12);
    const scores = clusterScores(points, labels, 2);
    expect(scores.inertia).toBe(4);
    expect([...scores.sizes, scores.noise]).toEqual([2, 2, 0]);
    expect(scores.calinskiHarabasz).toBeCloseTo(100 / (4 / 2), 12); // between: 4 x 5²
    expect(scores.daviesBouldin).toBeCloseTo((1 + 1) / 10, 12);
    const [first, second] = silhouetteCoefficients(points, { labels, k: 2 });
    expect(first).toBeCloseTo((11 - 2) / 11, 12);
    expect(second).toBeCloseTo((9 - 2) / 9, 12);
  });

  it.each(clusterGolden.points)(
    'of $rows points in $columns columns and $k groups, noise left out, are those of scikit-learn',
    (golden) => {
      const { points, labels } = goldenPoints(golden);
      const scores = clusterScores(points, labels, golden.k);
      expect(relativeError(scores.calinskiHarabasz, golden.calinskiHarabasz)).toBeLessThan(1e-9);
      expect(relativeError(scores.daviesBouldin, golden.daviesBouldin)).toBeLessThan(1e-9);
      const labelling = { labels, k: golden.k };
      expect(meanSilhouettes(points, [labelling])[0]).toBeCloseTo(golden.silhouette, 9);
      const first = silhouetteCoefficients(points, labelling).filter((value) => !isNaN(value));
      golden.firstSilhouettes.forEach((value, i) => expect(first[i]).toBeCloseTo(value, 9));
    },
  );

  it('of noise, of one group, of a row alone and of rows that do not differ are what is documented', () => {
    const points = line(0, 1, 5, 9);
    const alone = silhouetteCoefficients(points, { labels: Int32Array.of(0, 0, 1, -1), k: 2 });
    expect([alone[2], alone[3]]).toEqual([0, NaN]);
    const one = clusterScores(points, Int32Array.of(0, 0, 0, -1), 1);
    expect([one.calinskiHarabasz, one.daviesBouldin, one.noise]).toEqual([NaN, NaN, 1]);
    expect(clusterScores(points, Int32Array.of(0, 1, 2, 3), 4).calinskiHarabasz).toBeNaN();
    const same = clusterScores(line(1, 1, 3, 3), Int32Array.of(0, 0, 1, 1), 2);
    expect([same.inertia, same.calinskiHarabasz, same.daviesBouldin]).toEqual([0, Infinity, 0]);
    const twice = clusterScores(line(0, 2, 0, 2), Int32Array.of(0, 0, 1, 1), 2);
    expect(twice.daviesBouldin).toBe(Infinity);
    const still = silhouetteCoefficients(line(4, 4, 4, 4), {
      labels: Int32Array.of(0, 0, 1, 1),
      k: 2,
    });
    expect([...still]).toEqual([0, 0, 0, 0]);
  });

  it('are the same however many labellings are looked at with them, noise and empty groups among them', () => {
    const { points } = goldenPoints(clusterGolden.points.find(({ rows }) => rows === 700)!);
    const made = Array.from({ length: 30 }, (_, i) => ({
      k: 8,
      labels: Int32Array.from({ length: 700 }, (_, row) =>
        uniformAt(row, i, 3) < 0.1 ? -1 : Math.floor((1 + (i % 7)) * uniformAt(row, i % 5, 4)),
      ),
    }));
    const together = meanSilhouettes(points, made);
    made.forEach((labelling, i) => {
      const own = silhouetteCoefficients(points, labelling).filter((value) => !Number.isNaN(value));
      const mean = own.reduce((sum, value) => sum + value, 0) / own.length;
      if (i % 7 === 0) expect(together[i]).toBeNaN();
      else expect(together[i]).toBeCloseTo(mean, 12);
    });
  });

  it('of many labellings at once are those of each', () => {
    const cases = clusterGolden.points.filter(({ rows }) => rows === 700).map(goldenPoints);
    const { points } = cases[0]!;
    const labellings = cases.map(({ labels }, i) => ({ labels, k: [4, 12][i]! }));
    labellings.push({ labels: new Int32Array(700), k: 1 });
    const together = meanSilhouettes(points, labellings);
    expect(together[2]).toBeNaN();
    labellings
      .slice(0, 2)
      .forEach((labelling, i) =>
        expect(together[i]).toBeCloseTo(meanSilhouettes(points, [labelling])[0]!, 13),
      );
  });

  it('refuse labels of another length', () => {
    const labels = Int32Array.of(0);
    expect(() => clusterScores(line(1, 2), labels, 1)).toThrow('got 1 for 2 rows');
    expect(() => meanSilhouettes(line(1, 2), [{ labels, k: 1 }])).toThrow('got 1 for 2 rows');
  });

  it('sample rows only where there are more than the limit, the same each time', () => {
    expect(silhouetteSample(10, 10, 1)).toBeNull();
    expect(silhouetteSample(11, 10, 1)).toEqual(silhouetteSample(11, 10, 1));
    expect(silhouetteSample(1000, 10, 1)).toHaveLength(10);
  });
});

describe.each([
  { name: 'Telco', read: telcoNumeric },
  { name: 'CDNOW', read: cdnowRfm },
])('scores of k-means on $name', ({ read }) => {
  it('are those of scikit-learn for each k, from its centres', ({ skip }) => {
    const data = read();
    if (!data) return skip();
    const { points, reference, silhouetteRows } = data;
    const first = reference.first3_scaled.flat();
    first.forEach((value, at) => expect(points.values[at]).toBeCloseTo(value, 12));
    const labels = reference.kmeans.map((run) => nearestCenters(points, run.centers_scaled));
    reference.kmeans.forEach((run, i) => {
      const scores = clusterScores(points, labels[i]!, run.k);
      expect([...scores.sizes]).toEqual(run.sizes);
      expect(relativeError(scores.inertia, run.inertia)).toBeLessThan(1e-6);
      expect(relativeError(scores.calinskiHarabasz, run.calinski_harabasz)).toBeLessThan(1e-6);
      expect(relativeError(scores.daviesBouldin, run.davies_bouldin)).toBeLessThan(1e-6);
    });
    const rows = silhouetteRows ?? [...labels[0]!.keys()];
    const silhouettes = meanSilhouettes(
      pickPoints(points, rows),
      reference.kmeans.map(({ k }, i) => ({ k, labels: rows.map((row) => labels[i]![row]!) })),
    );
    reference.kmeans.forEach((run, i) =>
      expect(relativeError(silhouettes[i]!, run.silhouette_sample)).toBeLessThan(1e-6),
    );
  });
});
