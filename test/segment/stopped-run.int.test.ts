import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { composeFeatureReading, composeJobs, composeModels } from '../../src/compose-models.js';
import { composeSegmentations, composeSegmentWork } from '../../src/compose-segmentations.js';
import { runJob, type RunJobDeps, type RunOutcome } from '../../src/job/run-job.js';
import { systemClock } from '../../src/kernel/clock.js';
import { planSegmentation } from '../../src/segment/request-segmentation.js';
import {
  runSegmentation,
  segmentInputOf,
  type RunSegmentationDeps,
} from '../../src/segment/run-segmentation.js';
import { heaps } from '../support/made-customers.js';
import { openSegmentationShop, type SegmentationShop } from '../support/segmentation-shop.js';

const clock = systemClock();
let shop: SegmentationShop;

beforeAll(async () => {
  shop = await openSegmentationShop(clock, [
    { name: 'spend', type: 'numerical' },
    { name: 'visits', type: 'numerical' },
  ]);
  await shop.customers(
    heaps([
      { prefix: 'a', count: 60, attributes: { spend: [100, 20], visits: [10, 2] } },
      { prefix: 'b', count: 50, attributes: { spend: [500, 20], visits: [10, 2] } },
      { prefix: 'c', count: 40, attributes: { spend: [100, 20], visits: [50, 2] } },
      { prefix: 'd', count: 30, attributes: { spend: [500, 20], visits: [50, 2] } },
    ]),
  );
});
afterAll(() => shop.close());

async function rowsOf<T extends object>(sql: string): Promise<T[]> {
  return shop.database.db.query<T>(sql);
}

describe('a run that is stopped and taken up again', { timeout: 60_000 }, () => {
  /** Stops the job when the named step has been done, or, for `cluster`, while it is done. */
  type Moment = 'cluster' | 'registerVersion' | 'writePoints' | 'promote' | 'assignEveryone';

  it('leaves one version, with its points and the memberships that it says', async () => {
    const { plant } = shop.graph;
    const features = composeFeatureReading(plant.db);
    const segmentations = await composeSegmentations(plant, features.store);
    const models = await composeModels(plant, features.store, segmentations);
    const checkData = () => Promise.resolve({ ok: true, reasons: [] });
    const work = composeSegmentWork({ plant, features, models, segmentations, checkData });
    const jobs = composeJobs(plant);
    const wish = {
      ...{ key: 'stopped', algorithms: ['kmeans'], k: 4, maxK: null, seed: null, labels: null },
      ...{ features: ['spend', 'visits'], makeLive: true },
    };
    const plan = planSegmentation(null, await features.store.all(), wish, clock.now());
    if (!plan.input || !plan.spec) throw new Error(plan.error?.message);
    await segmentations.store.ensure(plan.spec);
    const { id } = await jobs.store.create({
      ...{ kind: 'SEGMENT', input: plan.input, createdBy: 'test' },
    });
    // the group of the first customer as each attempt numbered it
    const numbers: (number | undefined)[] = [];
    const watched: RunSegmentationDeps = {
      ...work,
      cluster: async (...asked) => {
        const outcome = await work.cluster(...asked);
        numbers.push(outcome.segmentOf[0]);
        return outcome;
      },
    };
    const attempt = async (moment: Moment | null): Promise<RunOutcome> => {
      const stop = new AbortController();
      return runJob(
        runDeps(jobs),
        id,
        (running) => runSegmentation(stopping(watched, moment, stop), running, runInput(running)),
        stop.signal,
      );
    };
    const moments = ['cluster', 'registerVersion', 'writePoints', 'promote'] as const;
    for (const moment of moments) expect(await attempt(moment)).toBe('RELEASED');
    // what the first found stands, also when another would number its groups otherwise by now
    await shop.customers(swapped());
    expect(await attempt('assignEveryone')).toBe('RELEASED');
    expect(await attempt(null)).toBe('SUCCEEDED');
    const versions = await shop.versions('stopped');
    expect(versions.map(({ version, stage }) => [version, stage])).toEqual([[1, 'PRODUCTION']]);
    const memberships = await shop.memberships('stopped');
    expect(memberships).toEqual(await shop.predicted('stopped', 1));
    // by the numbers of the last attempt the first customer would have been told to be elsewhere
    const byNumber = versions[0]?.report.segments.find(({ number }) => number === numbers.at(-1));
    expect(byNumber?.key).not.toBe(memberships.get('a-0'));
    const points = await rowsOf<{ user: string; segment: string }>(
      `select c.external_id as user, p.segment_key as segment from segment_point p join customer c on c.id = p.user_id
       where p.model_version_id = '${versions[0]?.id}'`,
    );
    expect(new Map(points.map(({ user, segment }) => [user, segment]))).toEqual(memberships);
    await models.serving.close();
    await segmentations.serving.close();
  });

  /** The first and the third heap have changed places. */
  const swapped = (): Record<string, { spend: number; visits: number }> => {
    const changed: Record<string, { spend: number; visits: number }> = {};
    for (let i = 0; i < 60; i += 1) changed[`a-${i}`] = { spend: 100 + i / 6, visits: 50 };
    for (let i = 0; i < 40; i += 1) changed[`c-${i}`] = { spend: 100 + i / 6, visits: 10 };
    return changed;
  };

  const runInput = (job: Parameters<typeof segmentInputOf>[0]) => {
    const input = segmentInputOf(job);
    if (input.kind !== 'RUN') throw new Error('not a run');
    return input;
  };

  const runDeps = (jobs: ReturnType<typeof composeJobs>): RunJobDeps => ({
    ...{ claim: jobs.store.claim, extend: jobs.store.extend, writeProgress: jobs.store.progress },
    ...{ succeed: jobs.store.succeed, fail: jobs.store.fail, release: jobs.store.release },
    ...{ publishJob: jobs.publishJob, workerId: 'test', leaseMs: 30_000 },
    onFailure: (error) => {
      throw error;
    },
  });

  function stopping(
    work: RunSegmentationDeps,
    moment: Moment | null,
    stop: AbortController,
  ): RunSegmentationDeps {
    const abortAfter =
      <Args extends unknown[], Result>(step: (...args: Args) => Promise<Result>) =>
      async (...args: Args): Promise<Result> => {
        const result = await step(...args);
        stop.abort();
        throw new Error(`stopped after ${JSON.stringify(result ?? null).slice(0, 40)}`);
      };
    switch (moment) {
      case null:
        return work;
      case 'cluster':
        return {
          ...work,
          cluster: (task, { signal, onProgress }) =>
            work.cluster(task, {
              signal,
              onProgress: (progress) => {
                onProgress(progress);
                stop.abort();
              },
            }),
        };
      case 'registerVersion':
        return { ...work, registerVersion: abortAfter(work.registerVersion) };
      case 'writePoints':
        return { ...work, writePoints: abortAfter(work.writePoints) };
      case 'promote':
        return { ...work, promote: abortAfter(work.promote) };
      case 'assignEveryone':
        return {
          ...work,
          assignEveryone: (job) => {
            stop.abort();
            return work.assignEveryone(job);
          },
        };
    }
  }
});
