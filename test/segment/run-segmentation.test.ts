import { describe, expect, it } from 'vitest';
import type { FeatureDefinition } from '../../src/feature/feature.js';
import type { RunningJob } from '../../src/job/run-job.js';
import type { ModelVersion, NewModelVersion } from '../../src/model/model.js';
import type { Memberships } from '../../src/numeric/clusterer.js';
import { predictClusterer } from '../../src/numeric/predict-clusterer.js';
import type { FeatureTable } from '../../src/numeric/table.js';
import { readClusterer } from '../../src/onnx/read-clusterer.js';
import { clusterTable } from '../../src/segment/cluster-table.js';
import type { ClusterTask } from '../../src/segment/cluster-task.js';
import { runSegmentation, type RunSegmentationDeps } from '../../src/segment/run-segmentation.js';
import { segmentationSpec } from '../../src/segment/segmentation-spec.js';
import { segmentationOf, type SegmentationModel } from '../../src/segment/segmentation.js';
import { uniformAt } from '../support/synthetic.js';

/** More than one call of the scorer takes. */
const ROWS = 4_500;
const NAMES = ['spend', 'visits'];
const model: SegmentationModel = {
  id: '01900000-0000-7000-8000-000000000001',
  name: 'persona',
  description: 'test',
  spec: segmentationSpec.parse({
    name: 'persona',
    task: 'CLUSTERING',
    description: 'test',
    features: NAMES.map((name) => ({ name, transform: 'NONE' })),
    algorithms: ['kmeans'],
    restarts: 1,
  }),
  createdAt: new Date('2026-01-01T00:00:00Z'),
};
const registry = NAMES.map(
  (name) =>
    ({ id: name, name, version: 1, type: 'NUMERICAL', status: 'APPROVED' }) as FeatureDefinition,
);
const job = {
  ...{ id: 'job', attempt: 1, input: {}, createdBy: 'test' },
  ...{ signal: new AbortController().signal, report: () => undefined },
} as RunningJob;
const input = {
  ...{ kind: 'RUN' as const, key: 'persona', asOf: '2026-01-01T00:00:00.000Z' },
  ...{ algorithms: ['kmeans' as const], minK: 3, maxK: 3, seed: 1 },
  ...{ features: NAMES.map((name) => `${name}@1`), makeLive: false, labels: null },
  ...{ dbscanEps: null, dbscanMinPoints: null },
};

/** A run without a database; `spoil` is what the graph says otherwise than the clusterer in its file. */
function shop(spoil: (said: Memberships, row: number) => void = () => undefined) {
  const loaded = new Set<string>();
  const asked: number[] = [];
  const registered: NewModelVersion[] = [];
  let bytes = new Uint8Array();
  const column = (j: number) =>
    Float64Array.from({ length: ROWS }, (_, i) => 10 * ((i + j) % 3) + uniformAt(i, j, 3));
  const columns = new Map([
    ['spend', column(0)],
    ['visits', column(1)],
    ['@consentProfiling', new Float64Array(ROWS).fill(1)],
  ]);
  const deps = {
    segmentationByKey: () => Promise.resolve(model),
    allFeatures: () => Promise.resolve(registry),
    readFeatures: () =>
      Promise.resolve({
        rows: ROWS,
        columns,
        userIds: Float64Array.from({ length: ROWS }, (_, i) => i + 1),
      }),
    attributesOf: () => Promise.resolve(new Map()),
    cluster: (task: ClusterTask) =>
      clusterTable(task, { onProgress: () => undefined, monotonicMs: () => 0 }),
    segmentsBefore: () => Promise.resolve(null),
    usedKeys: () => Promise.resolve(['segment-4']),
    oneRegistering: (_: string, work: () => Promise<unknown>) => work(),
    artifactBytes: () => Promise.resolve(bytes),
    scorer: {
      load: (artifact: { sha256: string; bytes: Uint8Array<ArrayBuffer> }) => {
        loaded.add(artifact.sha256);
        bytes = artifact.bytes;
        return Promise.resolve();
      },
      unload: (sha256: string) => Promise.resolve(void loaded.delete(sha256)),
      isLoaded: (sha256: string) => loaded.has(sha256),
      assign: (_: string, table: FeatureTable) => {
        const clusterer = readClusterer(bytes);
        if (!clusterer) throw new Error('no clusterer');
        const said = predictClusterer(clusterer, table);
        const before = asked.reduce((sum, rows) => sum + rows, 0);
        for (let row = 0; row < table.rows; row++) if (before + row === ROWS - 1) spoil(said, row);
        asked.push(table.rows);
        return Promise.resolve(said);
      },
    },
    registerVersion: (version: NewModelVersion) => {
      registered.push(version);
      const { report } = version;
      const artifactSha256 = version.artifact.sha256;
      return Promise.resolve({
        id: 'v1',
        stage: 'CANDIDATE',
        report,
        artifactSha256,
      } as ModelVersion);
    },
    nameSegments: () => Promise.resolve(),
    writePoints: () => Promise.resolve(),
    promote: () => Promise.reject(new Error('was not asked for')),
    assignEveryone: () => Promise.reject(new Error('was not asked for')),
    now: () => new Date('2026-01-01T00:00:00Z'),
    monotonicMs: () => 0,
  } as unknown as RunSegmentationDeps;
  return { deps, loaded, asked, registered };
}

it('tells DBSCAN what was asked for, and the recipe of the version says so', async () => {
  const { deps, registered } = shop();
  const wish = { algorithms: ['dbscan' as const], minK: 2, maxK: 5, dbscanEps: 0.5 };
  await runSegmentation(deps, job, { ...input, ...wish, dbscanMinPoints: 7 });
  const [version] = registered;
  expect(version?.hyperparameters).toMatchObject({ k: 3, eps: 0.5, minPoints: 7 });
  const { recipe } = segmentationOf({ id: 'v1', report: version?.report ?? {} });
  expect(recipe.spec['dbscan']).toEqual({ eps: 0.5, minPoints: 7 });
  await runSegmentation(deps, job, { ...input, ...wish });
  expect(registered[1]?.hyperparameters).toMatchObject({ eps: 0.5, minPoints: 5 });
});

describe('the graph of a run', () => {
  it('is asked about every row before anything is registered, and let go of', async () => {
    const { deps, loaded, asked, registered } = shop();
    await runSegmentation(deps, job, input);
    expect(asked.reduce((sum, rows) => sum + rows, 0)).toBe(ROWS);
    expect(loaded.size).toBe(0);
    expect(registered).toHaveLength(1);
    const report = segmentationOf({ id: 'v1', report: registered[0]?.report ?? {} });
    expect(report.parity).toEqual({ rows: ROWS, worstDifference: expect.any(Number) as number });
    expect(report.parity.worstDifference).toBeLessThan(1e-6);
    expect(report.segments.map(({ key }) => key).sort()).toEqual([
      'segment-5',
      'segment-6',
      'segment-7',
    ]);
    expect(report.segments.reduce((sum, { size }) => sum + size, 0)).toBe(ROWS);
  });

  it.each([
    [
      'says another probability',
      (said: Memberships, row: number) => (said.probability[3 * row]! += 2e-5),
    ],
    ['says no number', (said: Memberships, row: number) => (said.probability[3 * row] = NaN)],
    [
      'puts it into another segment',
      (said: Memberships, row: number) => (said.segment[row] = (said.segment[row]! + 1) % 3),
    ],
    ['says another distance', (said: Memberships, row: number) => (said.distance[3 * row]! += 1)],
  ])('that %s of the last row is not registered, and let go of', async (_, spoil) => {
    const { deps, loaded, registered } = shop(spoil);
    await expect(runSegmentation(deps, job, input)).rejects.toMatchObject({
      code: 'INTERNAL',
      message: expect.stringContaining('not registered') as string,
    });
    expect(registered).toEqual([]);
    expect(loaded.size).toBe(0);
  });
});
