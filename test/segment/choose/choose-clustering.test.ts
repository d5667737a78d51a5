import { describe, expect, it } from 'vitest';
import type { ClusterRun } from '../../../src/numeric/cluster-algorithm.js';
import type { PointMatrix } from '../../../src/numeric/clustering.js';
import { fitKMeans } from '../../../src/numeric/kmeans.js';
import { summariseGroups } from '../../../src/numeric/point-checks.js';
import type { ChoiceAlgorithm, ChoiceOptions } from '../../../src/segment/choose/choice.js';
import { chooseClustering } from '../../../src/segment/choose/choose-clustering.js';
import { clusterCandidate, stability } from '../../../src/segment/segmentation.js';
import { uniformAt } from '../../support/synthetic.js';

/** `blobs` heaps on a circle of radius 10, each a square of side 1; one row of each after the other. */
function heaps(rows: number, blobs: number): PointMatrix {
  const values = Float64Array.from({ length: rows * 2 }, (_, at) => {
    const [i, j] = [at >> 1, at & 1];
    const angle = (2 * Math.PI * (i % blobs)) / blobs;
    return uniformAt(i, j, 11) + 10 * (j === 0 ? Math.cos(angle) : Math.sin(angle));
  });
  return { rows, columns: 2, values };
}

function runOf(points: PointMatrix, labels: Int32Array, k: number, bic?: number): ClusterRun {
  const { centers, inertia } = summariseGroups(points, labels, k);
  const detail = { kind: 'centroids' } as const;
  return { k, labels, centers, inertia, bic: bic ?? null, detail, sampledRows: null, notes: [] };
}

const kmeans: ChoiceAlgorithm = {
  name: 'kmeans',
  findsK: false,
  gap: true,
  run: (points, k, { seed }) => {
    const { labels } = fitKMeans(points, k, { seed, restarts: 5 });
    return runOf(points, labels, k);
  },
};

/** Finds by itself what `label` says of each row. */
function finder(k: number, label: (row: number) => number): ChoiceAlgorithm {
  return {
    name: 'dbscan',
    findsK: true,
    gap: false,
    run: (points, _, { rows }) =>
      runOf(
        points,
        Int32Array.from({ length: points.rows }, (_each, i) => label(rows?.[i] ?? i)),
        k,
      ),
  };
}

/** Rows by turns, whatever their values: a grouping without sense, with a BIC. */
const senseless: ChoiceAlgorithm = {
  name: 'mixture',
  findsK: false,
  gap: false,
  run: (points, k) =>
    runOf(
      points,
      Int32Array.from({ length: points.rows }, (_, i) => Math.floor(i / 7) % k),
      k,
      -k,
    ),
};

const options = (changes: Partial<ChoiceOptions> = {}): ChoiceOptions => ({
  minK: 2,
  maxK: 6,
  rule: 'silhouette',
  minShare: 0.01,
  seed: 1,
  gapReferences: 5,
  monotonicMs: () => 0,
  ...changes,
});

describe('choosing a clustering', () => {
  it.each(['silhouette', 'calinskiHarabasz', 'daviesBouldin', 'gap'] as const)(
    'finds four heaps by %s',
    async (rule) => {
      const choice = await chooseClustering(heaps(160, 4), [kmeans, senseless], options({ rule }));
      expect(choice.chosen).toMatchObject({ algorithm: 'kmeans', k: 4 });
      expect(new Set(choice.chosen.run.labels)).toEqual(new Set([0, 1, 2, 3]));
      expect(choice.chosen.run.labels).toHaveLength(160);
      expect(choice.stability).toMatchObject({ runs: 10, mean: 1, standardDeviation: 0 });
    },
  );

  it('lists every algorithm and k with every score that is defined, and says which was chosen', async () => {
    const choice = await chooseClustering(heaps(80, 3), [kmeans, senseless, finder(2, (i) => i % 2)], options()); // prettier-ignore
    expect(choice.candidates.map(({ algorithm, k }) => `${algorithm} ${k}`)).toEqual([
      ...[2, 3, 4, 5, 6].map((k) => `kmeans ${k}`),
      ...[2, 3, 4, 5, 6].map((k) => `mixture ${k}`),
      'dbscan 2',
    ]);
    for (const candidate of choice.candidates) {
      expect(clusterCandidate.safeParse(candidate).success).toBe(true);
      const { silhouette, calinskiHarabasz, daviesBouldin, inertia } = candidate;
      for (const score of [silhouette, calinskiHarabasz, daviesBouldin, inertia])
        expect(score).not.toBeNull();
      expect(candidate.gap !== null).toBe(candidate.algorithm === 'kmeans');
      expect(candidate.bic !== null).toBe(candidate.algorithm === 'mixture');
    }
    expect(choice.candidates.filter(({ chosen }) => chosen)).toEqual([
      expect.objectContaining({ algorithm: 'kmeans', k: 3, refused: null }),
    ]);
    expect(stability.safeParse(choice.stability).success).toBe(true);
  });

  it('says why in one paragraph with the numbers', async () => {
    const { chosenBecause } = await chooseClustering(heaps(160, 4), [kmeans], options());
    expect(chosenBecause).toMatch(
      /^k-means with 4 groups, of 5 candidates \(0 more refused\): the highest silhouette 0\.9\d\d, against 0\.\d{3} of k-means with [35] groups \(how much nearer .*; at most 1\)\. The structure is strong/,
    );
    expect(chosenBecause).toContain(
      '10 runs on 80 % of the customers agree by 1.00 ± 0.00 (1 = the same groups).',
    );
    expect(chosenBecause).toContain(
      'Calinski-Harabasz, Davies-Bouldin, gap statistic and elbow agree.',
    );
    expect(chosenBecause.length).toBeLessThan(600);
  });

  it('says so where there are no separate groups', async () => {
    const { chosenBecause, stability } = await chooseClustering(heaps(200, 1), [kmeans], options());
    expect(chosenBecause).toMatch(
      /By the gap statistic \(.* for one group, .* for two\) the groups cut a continuum/,
    );
    expect(stability.mean).toBeLessThan(0.95);
  });

  it('says so where k was fixed, and what the other rules say', async () => {
    const fixed = options({ minK: 3, maxK: 3 });
    const choice = await chooseClustering(heaps(120, 4), [kmeans, senseless], fixed);
    expect(choice.chosen.k).toBe(3);
    expect(choice.chosenBecause).toMatch(/^The number of groups was fixed at 3 by the request\. /);
    expect(choice.chosenBecause).toContain('Other rules would take Gaussian mixture with 3 (BIC).');
  });

  it('takes the fewest groups of equals', async () => {
    const points = heaps(80, 2);
    const split = finder(3, (i) => (i % 2 === 0 ? 0 : 1 + (Math.floor(i / 2) % 2)));
    const same = finder(2, (i) => i % 2);
    const choice = await chooseClustering(points, [split, same, kmeans], options({ maxK: 3 }));
    expect(choice.chosen).toMatchObject({ algorithm: 'dbscan', k: 2 });
    expect(choice.chosenBecause).toContain(', as good as 0.9');
  });

  it.each([
    { why: 'one group', k: 1, label: () => 0, refused: 'all rows are in one group' },
    { why: 'nothing but noise', k: 0, label: () => -1, refused: 'every row is noise' },
    {
      why: 'more than half noise',
      k: 2,
      label: (i: number) => (i % 5 < 3 ? -1 : i % 2),
      refused: '60.0 % of the rows are noise, more than half',
    },
    {
      why: 'a group too small',
      k: 2,
      label: (i: number) => (i === 0 ? 0 : 1),
      refused: 'the smallest group has 1.0 % of the rows (1), below 5.0 %',
    },
    {
      why: 'an empty group',
      k: 3,
      label: (i: number) => i % 2,
      refused: '1 of the 3 groups are empty',
    },
    {
      why: 'too many groups',
      k: 9,
      label: (i: number) => i % 9,
      refused: '9 groups were found, asked for were 2..4',
    },
  ])('refuses $why with the reason', async ({ k, label, refused }) => {
    const given = options({ maxK: 4, minShare: 0.05 });
    const choice = await chooseClustering(heaps(100, 2), [finder(k, label), kmeans], given);
    expect(choice.candidates[0]).toMatchObject({ k, refused, chosen: false });
    expect(choice.chosen.algorithm).toBe('kmeans');
    await expect(chooseClustering(heaps(100, 2), [finder(k, label)], given)).rejects.toThrow(
      `no grouping can be chosen of 1: DBSCAN: ${refused}`,
    );
  });

  it('counts noise as no fit at all, so that leaving rows out does not win', async () => {
    const points = heaps(120, 3);
    const picky = finder(2, (i) => (i % 3 === 2 ? -1 : i % 3)); // perfect on two thirds
    const choice = await chooseClustering(points, [picky, kmeans], options({ maxK: 3 }));
    expect(choice.candidates[0]?.silhouette).toBeGreaterThan(0.9);
    expect(choice.chosen).toMatchObject({ algorithm: 'kmeans', k: 3 });
  });

  it('refuses what an algorithm cannot do, and goes on with what it can', async () => {
    const points = heaps(3, 3);
    const choice = await chooseClustering(points, [kmeans], options({ minShare: 0, maxK: 4 }));
    expect(choice.candidates.map(({ refused }) => refused)).toEqual([
      null,
      null,
      expect.stringContaining('k must be 1..3'),
    ]);
    const alike = { rows: 9, columns: 1, values: new Float64Array(9).fill(4) };
    await expect(chooseClustering(alike, [kmeans], options())).rejects.toThrow(
      /no grouping can be chosen of 5: k-means with 2..6 groups: .*1, .* got 2..6$/,
    );
  });

  it('falls back to another rule where the one asked for has no answer, and says so', async () => {
    const bic = await chooseClustering(heaps(90, 3), [kmeans], options({ rule: 'bic' }));
    expect(bic.chosen.k).toBe(3);
    expect(bic.chosenBecause).toMatch(
      /^The BIC was to decide but has no answer here: the silhouette decided instead\. /,
    );
  });

  it('takes the more stable of two that score alike, and says so with the numbers', async () => {
    const points = heaps(600, 2);
    const wrong = (row: number) => (row % 60 === 0 ? 1 - (row % 2) : row % 2);
    const fickle: ChoiceAlgorithm = {
      ...finder(2, (i) => i % 2),
      run: (given, k, context) => {
        const { rows, seed, purpose } = context;
        if (purpose === 'CANDIDATE') return finder(2, (i) => i % 2).run(given, k, context);
        const label = (i: number) => (uniformAt(i, 0, seed) < 0.3 ? 1 - (i % 2) : i % 2);
        return runOf(given, Int32Array.from(rows ?? [], label), 2);
      },
    };
    const steady = { ...finder(2, (i) => (i === 0 ? 1 : i % 2)), name: 'ward' as const };
    const off = { ...finder(2, wrong), name: 'mixture' as const };
    const choice = await chooseClustering(points, [fickle, steady, off], options());
    const [best, second, worst] = choice.candidates;
    expect(best?.silhouette).toBeGreaterThan(second?.silhouette ?? 1);
    expect(choice.chosen.algorithm).toBe('ward');
    expect(choice.stability).toEqual({ runs: 10, sampleShare: 0.8, mean: 1, standardDeviation: 0 });
    expect([second?.stability, worst?.stability]).toEqual([1, null]);
    expect(best?.stability).toBeLessThan(0.5);
    expect(choice.chosenBecause).toMatch(
      /^Ward with 2 groups, of 3 .*, as good as 0\.\d{3} of DBSCAN with 2 groups within 0\.02, and more stable: 1\.00 ± 0\.00 against 0\.\d\d ± 0\.\d\d /,
    );
  });

  it('runs together what can be, each alone when together fails', async () => {
    const calls: string[] = [];
    const tree: ChoiceAlgorithm = {
      ...kmeans,
      name: 'ward',
      gap: false,
      run: (points, k, context) => {
        calls.push(`${k}`);
        if (k > 4) throw new RangeError('k too large');
        return kmeans.run(points, k, context);
      },
      runEach: (points, ks, context) => {
        calls.push(ks.join(','));
        return ks.map((k) => tree.run(points, k, context) as ClusterRun);
      },
    };
    const choice = await chooseClustering(heaps(60, 3), [tree], options());
    expect(calls.slice(0, 1)).toEqual(['2,3,4,5,6']);
    expect(choice.candidates.map(({ refused }) => refused)).toEqual([
      null,
      null,
      null,
      'k too large',
      'k too large',
    ]);
    expect(choice.chosen).toMatchObject({ algorithm: 'ward', k: 3 });
  });

  it('passes on what is no refusal', async () => {
    const broken = { ...kmeans, run: () => Promise.reject(new TypeError('a mistake of ours')) };
    await expect(chooseClustering(heaps(60, 3), [broken], options())).rejects.toThrow(TypeError);
  });

  it('says what was sampled', async () => {
    const few = options({
      silhouetteRows: 100,
      stability: { runs: 4, sampleShare: 0.5, rows: 120 },
    });
    const choice = await chooseClustering(heaps(300, 3), [kmeans], few);
    expect(choice.notes).toContain(
      'Silhouettes and the gap statistic were measured on a random 100 of the 300 rows.',
    );
    expect(choice.notes).toContain('Stability was measured on a random 120 of the 300 rows.');
    expect(choice.stability).toMatchObject({ runs: 4, sampleShare: 0.5, mean: 1 });
  });

  it('is the same for the same seed, with progress that only grows', async () => {
    const shares: number[] = [];
    const run = () =>
      chooseClustering(
        heaps(150, 1),
        [kmeans],
        options({ onProgress: ({ share }) => shares.push(share) }),
      );
    const first = await run();
    shares.length = 0;
    const second = await run();
    expect(second).toEqual(first);
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
    expect(Math.min(...shares)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...shares)).toBeLessThanOrEqual(1);
  });

  it('refuses a range of k that is none', async () => {
    for (const [minK, maxK] of [
      [1, 3],
      [4, 3],
      [2.5, 3],
    ] as const)
      // prettier-ignore
      await expect(
        chooseClustering(heaps(60, 3), [kmeans], options({ minK, maxK })),
      ).rejects.toThrow(`k must be tried from 2 or more upwards, got ${minK}..${maxK}`);
  });
});
