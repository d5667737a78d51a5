import { randomUUID } from 'node:crypto';
import { composeRegistry } from '../../src/compose-data.js';
import { composeFeatureReading, composeModels, type Plant } from '../../src/compose-models.js';
import { composeSegmentations, composeSegmentWork } from '../../src/compose-segmentations.js';
import type { RunningJob } from '../../src/job/run-job.js';
import { runSegmentation } from '../../src/segment/run-segmentation.js';
import { segmentationSpec } from '../../src/segment/segmentation-spec.js';
import type { Assignment } from '../../src/segment/live/assign-everyone.js';

/** A stage of a job, and what it took. */
export interface Stage {
  name: string;
  seconds: number;
  /** The most that the process held meanwhile, sampled. */
  peakMb: number;
}

/** SEGMENT jobs, worked on in this process. */
export interface SegmentWork {
  features: ReturnType<typeof composeFeatureReading>;
  segmentations: Awaited<ReturnType<typeof composeSegmentations>>;
  /** Makes attributes of customers features, and a segmentation of them. */
  register(key: string, attributes: readonly string[]): Promise<void>;
  /** k-means with `k` groups, then live, and everybody in. */
  run(key: string, k: number): Promise<Stage[]>;
  assign(key: string): Promise<Assignment>;
  close(): Promise<void>;
}

export async function openSegmentWork(plant: Plant): Promise<SegmentWork> {
  const { db, clock } = plant;
  const features = composeFeatureReading(db);
  const segmentations = await composeSegmentations(plant, features.store);
  const models = await composeModels(plant, features.store, segmentations);
  const checkData = () => Promise.resolve({ ok: true, reasons: [] });
  const work = composeSegmentWork({ plant, features, models, segmentations, checkData });
  const job = (
    input: Record<string, unknown>,
    report: RunningJob['report'] = () => undefined,
  ): RunningJob => ({
    ...{ id: randomUUID(), attempt: 1, input, createdBy: 'bench' },
    ...{ signal: new AbortController().signal, report },
  });
  return {
    features,
    segmentations,
    register: async (key, attributes) => {
      const { registerAttributeFeatures } = composeRegistry(features.store, clock, features.read);
      const observed = attributes.map((name) => ({
        ...{ name, type: 'numerical' as const, distinct: 1_000, rows: 1_000 },
      }));
      await registerAttributeFeatures(observed, 'bench');
      await segmentations.store.ensure(
        segmentationSpec.parse({
          ...{ name: key, task: 'CLUSTERING', description: 'of attributes alone' },
          ...{ features: attributes.map((name) => ({ name })), algorithms: ['kmeans'] },
        }),
      );
    },
    run: async (key, k) => {
      const model = await segmentations.store.byKey(key);
      if (!model) throw new Error(`no segmentation ${key}`);
      const registry = await features.store.all();
      const pinned = model.spec.features.map(({ name }) => {
        const versions = registry.filter((each) => each.name === name);
        return `${name}@${versions.at(-1)?.version ?? 1}`;
      });
      const id = (
        await db.query<{ id: string }>(
          `insert into job (id, kind, status, input, created_by, created_at)
        values ($1, 'SEGMENT', 'SUCCEEDED', '{}', 'bench', now()) returning id`,
          [randomUUID()],
        )
      )[0]?.id;
      const stages = stageWatch();
      const input = {
        ...{ kind: 'RUN' as const, key, asOf: clock.now().toISOString() },
        ...{ algorithms: ['kmeans' as const], minK: k, maxK: k, seed: 1, features: pinned },
        ...{ makeLive: true, labels: null, dbscanEps: null, dbscanMinPoints: null },
      };
      await runSegmentation(work, { ...job(input, stages.report), id: id ?? '' }, input);
      return stages.end();
    },
    assign: async (key) =>
      (await work.assign(
        job({ kind: 'ASSIGN', key, asOf: clock.now().toISOString() }),
      )) as Assignment,
    close: async () => {
      await models.serving.close();
      await segmentations.serving.close();
    },
  };
}

function stageWatch(): { report: RunningJob['report']; end(): Stage[] } {
  const stages: (Stage & { begun: number })[] = [];
  const look = (): void => {
    const open = stages.at(-1);
    if (open) open.peakMb = Math.max(open.peakMb, process.memoryUsage().rss / 2 ** 20);
  };
  const ending = (): void => {
    look();
    const open = stages.at(-1);
    if (open) open.seconds = (performance.now() - open.begun) / 1000;
  };
  const timer = setInterval(look, 20);
  return {
    report: (_, stage) => {
      // numbers in a stage are how far it is
      const name = stage.replace(/\d[\d,]*/g, 'n');
      if (stages.at(-1)?.name === name) return;
      ending();
      stages.push({ name, seconds: 0, peakMb: 0, begun: performance.now() });
      look();
    },
    end: () => {
      ending();
      clearInterval(timer);
      return stages.map(({ name, seconds, peakMb }) => ({ name, seconds, peakMb }));
    },
  };
}
