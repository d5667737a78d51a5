import { describe, expect, it } from 'vitest';
import type { FeatureDefinition } from '../../src/feature/feature.js';
import type { ModelVersion } from '../../src/model/model.js';
import type { PrototypeClusterer } from '../../src/numeric/clusterer.js';
import { openSegmentServing } from '../../src/segment/segment-serving.js';
import { segmentationSpec } from '../../src/segment/segmentation-spec.js';
import type { SegmentationModel } from '../../src/segment/segmentation.js';
import { memoryBus } from '../support/memory-bus.js';
import { randomLogistic } from '../support/random-forest.js';
import { seededRandom } from '../../src/kernel/random.js';
import { listLog, scorerModel } from '../support/scorer.js';
import { reportOf } from '../support/segment-lab.js';

const MODEL: SegmentationModel = {
  id: '01900000-0000-7000-8000-000000000001',
  name: 'persona',
  description: 'test',
  spec: segmentationSpec.parse({
    name: 'persona',
    task: 'CLUSTERING',
    description: 'test',
    features: [{ name: 'spend' }, { name: 'visits' }, { name: 'gender' }],
    algorithms: ['kmeans'],
  }),
  createdAt: new Date('2026-01-01T00:00:00Z'),
};

/** Takes spend, visits and gender, in this order, and scales them itself. */
const CLUSTERER: PrototypeClusterer = {
  kind: 'prototypes',
  preparation: {
    encoding: {
      numericNames: ['spend', 'visits'],
      categoricalNames: ['gender'],
      categories: [['F', 'M']],
    },
    fill: Float64Array.of(10, 1),
    low: Float64Array.of(0, 0),
    high: Float64Array.of(500, 50),
    logarithm: Uint8Array.of(1, 0),
    mean: Float64Array.of(3, 4, 0.5, 0.5),
    scale: Float64Array.of(2, 3, 1, 1),
    weight: Float64Array.of(1, 1, 1, 1),
    rotation: null,
  },
  segments: 2,
  prototypes: Float64Array.of(0, 0, 0, 0, 1, 1, 1, 0),
  segmentOf: Int32Array.of(0, 1),
  spread: 1,
  noise: null,
};
const ARTIFACT = scorerModel(CLUSTERER);
const FEATURES = ['spend', 'visits', 'gender'];

/** A report that pins its features to these versions. */
function madeFrom(features: string[]): object {
  const report = reportOf({ keys: ['a', 'b'] }, FEATURES) as { recipe: object };
  return { ...report, recipe: { ...report.recipe, features } };
}

const feature = (name: string, version: number): FeatureDefinition =>
  ({ id: `${name}-${version}`, name, version, status: 'APPROVED' }) as FeatureDefinition;

function versionOf(number: number, change: Partial<ModelVersion> = {}): ModelVersion {
  return {
    id: `01900000-0000-7000-8000-00000000010${number}`,
    modelId: MODEL.id,
    version: number,
    stage: 'PRODUCTION',
    featureNames: FEATURES,
    artifactSha256: ARTIFACT.sha256,
    report: { segmentation: reportOf({ keys: ['a', 'b'] }, FEATURES) },
    ...change,
  } as ModelVersion;
}

/** Serving over versions and artifacts that lie in memory; `versions` may be changed afterwards. */
async function open(
  versions: ModelVersion[],
  artifacts = new Map([[ARTIFACT.sha256, ARTIFACT.bytes]]),
) {
  const log = listLog();
  const loaded = new Set<string>();
  const registry = FEATURES.flatMap((name) => [feature(name, 1), feature(name, 2)]);
  const serving = await openSegmentServing({
    listSegmentations: () => Promise.resolve([MODEL]),
    inStage: () => Promise.resolve(versions.filter(({ stage }) => stage === 'PRODUCTION')),
    versionsByIds: (ids) => Promise.resolve(versions.filter(({ id }) => ids.includes(id))),
    artifactBytes: (sha256) => Promise.resolve(artifacts.get(sha256) ?? null),
    allFeatures: () => Promise.resolve(registry),
    scorer: {
      load: ({ sha256 }) => {
        loaded.add(sha256);
        return Promise.resolve();
      },
      unload: (sha256) => {
        loaded.delete(sha256);
        return Promise.resolve();
      },
      isLoaded: (sha256) => loaded.has(sha256),
    },
    subscribe: (topic) => memoryBus().subscribe(topic),
    log,
  });
  return { serving, log, loaded, artifacts };
}

describe('a version that is live', () => {
  it('is served as its artifact holds it: scaling, order of inputs and segments in one', async () => {
    const { serving, loaded } = await open([versionOf(1)]);
    const served = serving.current('persona');
    expect(served?.clusterer).toEqual(CLUSTERER);
    expect(served?.inputs).toEqual({
      numericNames: ['spend', 'visits'],
      categoricalNames: ['gender'],
    });
    // the features in the versions that it was made from, not the newest ones
    expect(served?.features.map(({ name, version }) => `${name}@${version}`)).toEqual([
      'spend@1',
      'visits@1',
      'gender@1',
    ]);
    expect(loaded).toEqual(new Set([ARTIFACT.sha256]));
    expect(serving.current('colour')).toBeNull();
    await serving.close();
  });

  const classifier = scorerModel(randomLogistic(seededRandom(7), CLUSTERER.preparation.encoding));
  it.each([
    [
      'features in another order than the graph takes them',
      { featureNames: ['visits', 'spend', 'gender'] },
      "the graph's inputs are not the features",
    ],
    [
      'a feature too few',
      { featureNames: ['spend', 'gender'] },
      "the graph's inputs are not the features",
    ],
    [
      'a feature too many',
      { featureNames: [...FEATURES, 'age'] },
      "the graph's inputs are not the features",
    ],
    [
      'a feature that nobody registered',
      { report: { segmentation: madeFrom(['spend@1', 'visits@1', 'gender@3']) } },
      'features of the model are not registered: gender',
    ],
    ['an artifact that is gone', { artifactSha256: 'f'.repeat(64) }, 'is gone'],
    ['an artifact that scores', { artifactSha256: classifier.sha256 }, 'is no segmentation'],
    ['a report that is damaged', { report: {} }, 'report of segmentation'],
  ])('with %s is refused, and the one before goes on answering', async (_, change, message) => {
    const versions = [versionOf(1)];
    const artifacts = new Map([
      [ARTIFACT.sha256, ARTIFACT.bytes],
      [classifier.sha256, classifier.bytes],
    ]);
    const { serving, log } = await open(versions, artifacts);
    const switched: number[] = [];
    serving.onSwitch(({ version }) => switched.push(version.version));
    const bad = versionOf(2, change);
    versions.splice(0, 1, bad);
    await serving.refresh();
    expect(serving.current('persona')?.version.version).toBe(1);
    expect(switched).toEqual([]);
    expect(
      log.lines.map(({ level, fields }) => [level, String((fields as { err: Error }).err)]),
    ).toEqual([['error', expect.stringContaining(message)]]);
    // nor may it be tried out, which is what a promotion does first
    const tried = serving.use(bad.id, () => Promise.resolve('answered'));
    await expect(tried).rejects.toThrow(message);
    await serving.close();
  });

  it('is replaced by the next one, which is told once', async () => {
    const versions = [versionOf(1)];
    const { serving } = await open(versions);
    const switched: number[] = [];
    serving.onSwitch(({ version }) => switched.push(version.version));
    versions.splice(0, 1, versionOf(2));
    await serving.refresh();
    await serving.refresh();
    expect(serving.current('persona')?.version.version).toBe(2);
    expect(switched).toEqual([2]);
    expect(serving.all()).toHaveLength(1);
    await serving.close();
  });

  it('that is unknown is named', async () => {
    const { serving } = await open([versionOf(1)]);
    const id = '01900000-0000-7000-8000-0000000000ff';
    const asked = serving.use(id, () => Promise.resolve());
    await expect(asked).rejects.toThrow(`no segmentation version has the id ${id}`);
    await serving.close();
  });
});
