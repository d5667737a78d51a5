import { Worker } from 'node:worker_threads';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { withCounts, zeroCounts } from '../../src/kernel/count.js';
import { seededRandom } from '../../src/kernel/random.js';
import type { Memberships } from '../../src/numeric/clusterer.js';
import { pickRows, type FeatureTable } from '../../src/numeric/table.js';
import { clustererToText } from '../../src/onnx/clusterer-text.js';
import { encodeModel } from '../../src/onnx/graph.js';
import { PARITY_TOLERANCE, worstMembershipDifference } from '../../src/onnx/parity.js';
import { ProtoWriter } from '../../src/onnx/protobuf.js';
import { writeClassifier } from '../../src/onnx/write-classifier.js';
import { CLUSTERER_KEY, writeClusterer } from '../../src/onnx/write-clusterer.js';
import { workerFile } from '../../src/plant/paths.js';
import { examineModel } from '../../src/scorer/examine-model.js';
import type { Scorer } from '../../src/scorer/ports.js';
import { openScorer } from '../../src/scorer/scorer.js';
import { modelFile } from '../support/exported-models.js';
import { naiveMemberships } from '../support/naive-clusterer.js';
import {
  randomMedoids,
  randomMixture,
  randomPreparation,
  randomPrototypes,
  randomRows,
} from '../support/random-clusterer.js';
import { randomBoosting, randomEncoding, randomTable } from '../support/random-forest.js';
import { listLog, modelOf, scorerModel } from '../support/scorer.js';

const random = seededRandom(31);
const encoding = randomEncoding(4, [3, 2]);
const prepared = randomPreparation(random, encoding, { kept: null, bounded: true });
const components = randomPreparation(random, encoding, { kept: 3, bounded: true });
const prototypes = randomPrototypes(random, prepared, { segments: 5, most: 1, noise: false });
const crowd = randomPrototypes(random, components, { segments: 3, most: 40, noise: true });
const mixture = randomMixture(random, components, 4);
const medoids = randomMedoids(random, encoding, 3);
const classifier = randomBoosting(random, encoding, { trees: 5, depth: 3 });
const models = {
  prototypes: scorerModel(prototypes),
  crowd: scorerModel(crowd),
  mixture: scorerModel(mixture),
  medoids: scorerModel(medoids),
  classifier: scorerModel(classifier),
};

const row = (table: FeatureTable, at: number): FeatureTable => pickRows(table, [at]);

function joined(parts: readonly Memberships[]): Memberships {
  return {
    segments: parts[0]?.segments ?? 0,
    segment: Int32Array.from(parts.flatMap(({ segment }) => [...segment])),
    probability: Float64Array.from(parts.flatMap(({ probability }) => [...probability])),
    distance: Float64Array.from(parts.flatMap(({ distance }) => [...distance])),
  };
}

describe('a scorer with two workers and clusterers', () => {
  let scorer: Scorer;
  beforeAll(async () => {
    scorer = await openScorer({
      provider: 'cpu',
      workers: 2,
      maxQueuedRows: 20_000,
      log: listLog(),
    });
    await Promise.all(Object.values(models).map((model) => scorer.load(model)));
  });
  afterAll(() => scorer.close());

  it.each([
    ['prototypes', prototypes, models.prototypes],
    ['many prototypes, components and noise', crowd, models.crowd],
    ['a mixture', mixture, models.mixture],
    ['medoids', medoids, models.medoids],
  ])(
    'assigns by %s like the definition, in a batch and row by row',
    async (_, clusterer, model) => {
      const table = randomRows(seededRandom(5), clusterer, 300);
      const batch = await scorer.assign(model.sha256, table);
      const expected = naiveMemberships(clusterer, table);
      expect(worstMembershipDifference(batch, expected)).toBeLessThanOrEqual(PARITY_TOLERANCE);
      const singles = await Promise.all(
        Array.from({ length: table.rows }, (_unused, at) =>
          scorer.assign(model.sha256, row(table, at)),
        ),
      );
      // sums of one row may be taken in another order than those of many
      expect(worstMembershipDifference(joined(singles), batch)).toBeLessThanOrEqual(1e-6);
    },
  );

  it('makes one run of a thousand calls of the same moment, and counts it for whoever asked', async () => {
    const before = scorer.stats();
    const table = randomRows(random, prototypes, 1000);
    const counts = zeroCounts();
    const whole = await withCounts(counts, () => scorer.assign(models.prototypes.sha256, table));
    expect(counts).toMatchObject({ onnxRuns: 1, onnxRows: 1000 });
    expect(whole.segment).toHaveLength(1000);
    expect(whole.probability).toHaveLength(5000);
    await Promise.all(
      Array.from({ length: 1000 }, (_, at) =>
        scorer.assign(models.prototypes.sha256, row(table, at)),
      ),
    );
    const after = scorer.stats();
    expect(after.runs - before.runs).toBe(2);
    expect(after.rows - before.rows).toBe(2000);
    expect(after.requests - before.requests).toBe(1001);
    expect(after.queuedRows).toBe(0);
  });

  it('splits 10,000 rows into 3 runs that fit together', async () => {
    const table = randomRows(random, crowd, 10_000);
    const counts = zeroCounts();
    const whole = await withCounts(counts, () => scorer.assign(models.crowd.sha256, table));
    expect(counts).toMatchObject({ onnxRuns: 3, onnxRows: 10_000 });
    const some = Array.from({ length: 100 }, (_, i) => i * 100 + 7);
    const alone = await scorer.assign(models.crowd.sha256, pickRows(table, some));
    const width = crowd.segments;
    const picked = (values: Float64Array): Float64Array =>
      Float64Array.from(some.flatMap((at) => [...values.subarray(at * width, (at + 1) * width)]));
    const same = {
      segments: width,
      segment: Int32Array.from(some, (at) => whole.segment[at] ?? -1),
      probability: picked(whole.probability),
      distance: picked(whole.distance),
    };
    expect(worstMembershipDifference(alone, same)).toBeLessThanOrEqual(1e-6);
  });

  it('answers no rows with no memberships and no run', async () => {
    const counts = zeroCounts();
    const none = await withCounts(counts, () =>
      scorer.assign(models.medoids.sha256, randomRows(random, medoids, 0)),
    );
    expect(none).toEqual({
      segments: 3,
      segment: new Int32Array(0),
      probability: new Float64Array(0),
      distance: new Float64Array(0),
    });
    expect(counts.onnxRuns).toBe(0);
  });

  it('refuses to score or explain by a segmentation, and to assign by a classifier', async () => {
    const table = randomRows(random, prototypes, 2);
    const { sha256 } = models.prototypes;
    for (const call of [scorer.score(sha256, table), scorer.explain(sha256, table)])
      await expect(call).rejects.toMatchObject({
        code: 'INVALID',
        message: `model ${sha256.slice(0, 12)} is a segmentation: it assigns segments and gives no scores`,
      });
    const scored = models.classifier.sha256;
    await expect(scorer.assign(scored, randomTable(random, classifier, 2))).rejects.toMatchObject({
      code: 'INVALID',
      message: `model ${scored.slice(0, 12)} is a classifier: it gives scores and assigns no segments`,
    });
  });

  it.each<[string, Partial<FeatureTable>, string]>([
    [
      'in the wrong order',
      { numericNames: ['n1', 'n0', 'n2', 'n3'] },
      'numeric column 1 must be "n0", got "n1"',
    ],
    [
      'missing',
      { numericNames: ['n0', 'n1', 'n2', 'height'] },
      'the numeric column "n3" is missing',
    ],
    [
      'missing among the texts',
      { categoricalNames: ['c0', 'colour'] },
      'the categorical column "c1" is missing',
    ],
  ])('refuses a table with a column %s', async (_, change, message) => {
    for (const [clusterer, { sha256 }] of [
      [prototypes, models.prototypes],
      [medoids, models.medoids],
    ] as const)
      await expect(
        scorer.assign(sha256, { ...randomRows(random, clusterer, 1), ...change }),
      ).rejects.toMatchObject({ code: 'INVALID', message });
  });

  it('fails only the call whose row has no finite answer', async () => {
    // without bounds an infinite number has no finite distance to anything
    const open = randomPrototypes(
      random,
      randomPreparation(random, randomEncoding(1, []), { kept: null, bounded: false }),
      { segments: 2, most: 1, noise: false },
    );
    const model = scorerModel(open);
    await scorer.load(model);
    const calls = await Promise.allSettled(
      [1, Infinity, 2].map((x) =>
        scorer.assign(model.sha256, {
          ...randomRows(random, open, 1),
          numeric: Float32Array.of(x),
        }),
      ),
    );
    expect(calls.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(calls[1]).toMatchObject({
      reason: {
        code: 'INTERNAL',
        message: `model ${model.sha256.slice(0, 12)} answered NaN or infinity to one of the rows`,
      },
    });
  });

  it('gives up at the deadline, at the signal, and when the queue is full', async () => {
    const table = randomRows(random, crowd, 15_000);
    const { sha256 } = models.crowd;
    await expect(scorer.assign(sha256, table, { deadlineMs: 0 })).rejects.toMatchObject({
      code: 'DEADLINE_EXCEEDED',
    });
    const reason = new Error('the caller has hung up');
    await expect(scorer.assign(sha256, table, { signal: AbortSignal.abort(reason) })).rejects.toBe(
      reason,
    );
    const first = scorer.assign(sha256, table);
    await expect(scorer.assign(sha256, table)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: 'the scorer queue is full: 15000 of 20000 rows',
    });
    await first;
    expect(scorer.stats().queuedRows).toBe(0);
  });

  it('forgets a clusterer that is unloaded', async () => {
    const other = scorerModel(randomMedoids(random, encoding, 2));
    await scorer.load(other);
    const table = randomRows(random, medoids, 1);
    expect((await scorer.assign(other.sha256, table)).segments).toBe(2);
    await scorer.unload(other.sha256);
    await expect(scorer.assign(other.sha256, table)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: `model ${other.sha256.slice(0, 12)} is not loaded`,
    });
  });

  it.each([
    [
      'whose graph and clusterer disagree',
      Buffer.concat([
        writeClusterer(prototypes),
        metadata(randomPrototypes(random, prepared, { segments: 5, most: 1, noise: false })),
      ]),
      /the graph and the clusterer in its file differ by \S+ in probability or distance/,
    ],
    [
      'whose clusterer has other columns',
      Buffer.concat([
        writeClusterer(prototypes),
        metadata(randomMedoids(random, randomEncoding(3, [3, 2]), 5)),
      ]),
      'the graph takes 4 numeric columns, its clusterer 3',
    ],
    [
      'that holds a classifier too',
      Buffer.concat([writeClassifier(classifier), metadata(prototypes)]),
      'it holds both a classifier and a clusterer',
    ],
    [
      'that has no segments to tell',
      Buffer.concat([
        encodeModel({
          irVersion: 10,
          producer: 'someone else',
          name: 'foreign',
          description: '',
          opsets: { '': 21 },
          nodes: [{ op: 'Identity', inputs: ['numeric'], outputs: ['probability'] }],
          constants: [],
          inputs: [{ name: 'numeric', type: 'float', dims: ['N', 4] }],
          outputs: [{ name: 'probability', type: 'float', dims: ['N', 4] }],
          metadata: {},
        }),
        metadata(prototypes),
      ]),
      'outputs of a clusterer must hold probability, distance and segment, got probability',
    ],
  ])('refuses a file %s', async (_, bytes, message) => {
    const load = scorer.load(modelOf(bytes));
    await expect(load).rejects.toMatchObject({ code: 'INVALID' });
    await expect(load).rejects.toThrow(message);
  });
});

it('is no model that could be registered to give scores', async () => {
  const features = [
    ...['n0', 'n1', 'n2', 'n3'].map((name) => ({ name, kind: 'number' as const })),
    ...['c0', 'c1'].map((name) => ({ name, kind: 'category' as const })),
  ];
  await expect(examineModel(modelFile(models.mixture.bytes, features))).rejects.toMatchObject({
    code: 'INVALID',
    message: 'it is a segmentation: it assigns segments and gives no scores',
  });
});

/** Protocol buffers may be joined: the later entry wins, the graph stays. */
function metadata(clusterer: Parameters<typeof clustererToText>[0]): Uint8Array {
  return new ProtoWriter()
    .message(14, (entry) => entry.string(1, CLUSTERER_KEY).string(2, clustererToText(clusterer)))
    .finish();
}

describe('a worker that is killed', () => {
  const ours = workerFile(import.meta.resolve('../../src/scorer/scorer.ts'), './scorer.worker.js');
  let scorer: Scorer | undefined;
  const threads: Worker[] = [];
  afterEach(() => scorer?.close());

  it('comes back with its clusterers; the other goes on assigning meanwhile', async () => {
    scorer = await openScorer(
      { provider: 'cpu', workers: 2, maxQueuedRows: 20_000, log: listLog() },
      (workerData) => {
        const thread = new Worker(ours, { workerData, execArgv: [] });
        threads.push(thread);
        return thread;
      },
    );
    await scorer.load(models.mixture);
    const table = randomRows(seededRandom(8), mixture, 1000);
    const before = await scorer.assign(models.mixture.sha256, table);
    await threads[0]?.terminate();
    expect(await scorer.assign(models.mixture.sha256, table)).toEqual(before);
    while (scorer.stats().workers < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    await threads[1]?.terminate();
    // only the one that came back can answer now
    expect(await scorer.assign(models.mixture.sha256, table)).toEqual(before);
    expect(threads.length).toBeGreaterThanOrEqual(3);
  });
});
