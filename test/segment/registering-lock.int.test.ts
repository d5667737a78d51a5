import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { composeFeatureReading, composeJobs, composeModels } from '../../src/compose-models.js';
import { composeSegmentations, composeSegmentWork } from '../../src/compose-segmentations.js';
import { systemClock } from '../../src/kernel/clock.js';
import { pause } from '../../src/kernel/pause.js';
import { oneRegistering } from '../../src/segment/registering-lock.store.js';
import { runSegmentation, type RunSegmentationDeps } from '../../src/segment/run-segmentation.js';
import { segmentationSpec } from '../../src/segment/segmentation-spec.js';
import { segmentJobInput } from '../../src/segment/segment.messages.js';
import { heaps } from '../support/made-customers.js';
import { openSegmentationShop, type SegmentationShop } from '../support/segmentation-shop.js';

const clock = systemClock();
const never = new AbortController().signal;
let shop: SegmentationShop;

beforeAll(async () => {
  shop = await openSegmentationShop(clock, [{ name: 'spend', type: 'numerical' }]);
  await shop.customers(
    heaps([
      { prefix: 'a', count: 30, attributes: { spend: [100, 20] } },
      { prefix: 'b', count: 30, attributes: { spend: [500, 20] } },
    ]),
  );
});
afterAll(() => shop.close());

describe('registering a version of a segmentation', () => {
  it('is done by one at a time for a segmentation, at once for several', async () => {
    const { db } = shop.database;
    const steps: string[] = [];
    const step = (modelId: string, name: string) =>
      oneRegistering(db)(modelId, async () => {
        steps.push(`${name} begins`);
        await pause(50, never);
        steps.push(`${name} ends`);
        return name;
      });
    const all = await Promise.all([step('one', 'a'), step('one', 'b'), step('other', 'c')]);
    expect(all).toEqual(['a', 'b', 'c']);
    const ofOne = steps.filter((text) => !text.startsWith('c'));
    expect([ofOne[0]?.[0], ofOne[2]?.[0]]).toEqual([ofOne[1]?.[0], ofOne[3]?.[0]]);
    expect(steps.indexOf('c begins')).toBeLessThan(3);
  });

  it('lets the next one in after a failure', async () => {
    const lock = oneRegistering(shop.database.db);
    await expect(lock('one', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await lock('one', () => Promise.resolve('yes'))).toBe('yes');
  });
});

describe('two runs of a segmentation at once', { timeout: 60_000 }, () => {
  it('give no key twice', async () => {
    const { plant } = shop.graph;
    const features = composeFeatureReading(plant.db);
    const segmentations = await composeSegmentations(plant, features.store);
    const models = await composeModels(plant, features.store, segmentations);
    const checkData = () => Promise.resolve({ ok: true, reasons: [] });
    const work = composeSegmentWork({ plant, features, models, segmentations, checkData });
    await segmentations.store.ensure(
      segmentationSpec.parse({
        ...{ name: 'twice', task: 'CLUSTERING', description: 'by spend' },
        ...{ features: [{ name: 'spend' }], algorithms: ['kmeans'] },
      }),
    );
    // whoever read the keys waits before it registers: two that read the same ones would give the same
    const slow: RunSegmentationDeps = {
      ...work,
      usedKeys: async (modelId) => {
        const keys = await work.usedKeys(modelId);
        await pause(100, never);
        return keys;
      },
    };
    const run = async (seed: number) => {
      const input = segmentJobInput.parse({
        ...{ kind: 'RUN', key: 'twice', asOf: clock.now().toISOString(), algorithms: ['kmeans'] },
        ...{ minK: 2, maxK: 2, seed, features: ['spend@1'], makeLive: false },
      });
      const job = await composeJobs(plant).store.create({
        ...{ kind: 'SEGMENT', input, createdBy: 'test' },
      });
      if (input.kind !== 'RUN') throw new Error('not a run');
      const { id } = job;
      const running = { id, input, attempt: 1, createdBy: 'test', signal: never };
      return runSegmentation(slow, { ...running, report: () => undefined }, input);
    };
    await Promise.all([run(1), run(2)]);
    const versions = await shop.versions('twice');
    const keys = versions.flatMap(({ report }) => report.segments.map(({ key }) => key));
    expect(keys.sort()).toEqual(['segment-1', 'segment-2', 'segment-3', 'segment-4']);
    await models.serving.close();
    await segmentations.serving.close();
  });
});
