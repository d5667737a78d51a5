import DataLoader from 'dataloader';
import type { composeIngest } from './compose-data.js';
import type { composeFeatureReading, composeJobs, composeModels, Plant } from './compose-models.js';
import { openPersonaLoaders, personaResolvers } from './compose-persona-resolvers.js';
import { composeSegmentLive } from './compose-segment-live.js';
import type { Segmentations } from './compose-segmentations.js';
import type { FeatureLoaders } from './feature/feature-loaders.js';
import { perRequest, type RequestContext } from './graphql/context.js';
import type { Feed } from './graphql/feeds.js';
import { oncePerRequest } from './graphql/once-per-request.js';
import { jobLoader } from './job/job-loader.js';
import { countedKeys } from './segment/live/distribution.store.js';
import type { Assign } from './segment/live/assess-users.js';
import { rememberedAssign } from './segment/live/remembered-assign.js';
import { planAssignment, planSegmentation } from './segment/request-segmentation.js';
import { segmentationNode, segmentNode, type SegmentationNode } from './segment/segment-nodes.js';
import { SegmentResolver } from './segment/segment.resolver.js';
import { SegmentationFieldsResolver } from './segment/segmentation-fields.resolver.js';
import { SegmentationResolver } from './segment/segmentation.resolver.js';
import type { GroupExtensions } from './user/user-groups.js';
import type { UserLoaders } from './user/user-loaders.js';

/** What the segment room stands on: everything to its left. */
export interface SegmentRoomParts {
  plant: Plant;
  jobs: ReturnType<typeof composeJobs>;
  ingest: ReturnType<typeof composeIngest>;
  users: UserLoaders;
  features: ReturnType<typeof composeFeatureReading>;
  featuresOf: Pick<FeatureLoaders, 'registry'>;
  models: Awaited<ReturnType<typeof composeModels>>;
  segmentations: Segmentations;
  /** Rows whose memberships are remembered; 0: none. */
  resultCacheEntries: number;
  /** What else customers can be grouped by. */
  groups?: GroupExtensions;
}

/** Segments, personas, and who is in which. */
export function composeSegmentRoom(parts: SegmentRoomParts): {
  resolvers: object[];
  feeds: Record<string, Feed>;
  /** Something happened to these customers: they are reassessed in the background. */
  customersChanged(userIds: Iterable<number>): void;
  /** A version by its uuid, batched by the request; null when there is none. */
  segmentationById(context: RequestContext, id: string): Promise<SegmentationNode | null>;
  /** Asks for the first segments of an installation that has none. */
  segmentEveryone(createdBy: string): Promise<void>;
  close(): Promise<void>;
} {
  const { plant, jobs, ingest, users, features, featuresOf, models, segmentations } = parts;
  const { db, scorer, clock } = plant;
  const { store, serving, personas } = segmentations;
  const segmentationById = segmentationsById(parts);
  const counted = oncePerRequest(countedKeys(db));
  const liveSizes = async (context: RequestContext, modelId: string) =>
    new Map((await counted(context, modelId)).map(({ key, count }) => [key, count]));
  const names = openPersonaLoaders(
    personas,
    (modelId) =>
      serving
        .all()
        .find(({ model }) => model.id === modelId)
        ?.report.segments.map(({ key }) => key) ?? [],
  );
  const assign: Assign = (sha256, table, options) => scorer.assign(sha256, table, options);
  const live = composeSegmentLive({
    plant,
    assign,
    remembered: rememberedAssign(assign, parts.resultCacheEntries),
    readFeatures: features.read,
    users,
    serving,
    segmentationByKey: store.byKey,
    segmentOf: async (context, { modelVersionId, key }) => {
      const segmentation = await segmentationById(context, modelVersionId);
      return segmentation && segmentNode(segmentation, key);
    },
    names: names.names,
    countedKeys: counted,
    registry: featuresOf.registry,
    models: models.serving,
    ...(parts.groups ? { groups: parts.groups } : {}),
  });
  // a version that was promoted or put back by hand has no run behind it that moves everybody
  models.onMoved(({ modelId, stage }) => {
    if (stage !== 'PRODUCTION') return;
    const moved = async (): Promise<void> => {
      const model = (await store.list()).find(({ id }) => id === modelId);
      if (model) await jobs.submit('SEGMENT', planAssignment(model.name, clock.now()), 'promotion');
    };
    moved().catch((error: unknown) => {
      plant.log.warn(
        { err: error, modelId },
        'asking for memberships failed; the night asks again',
      );
    });
  });
  return {
    resolvers: [
      new SegmentationResolver({
        segmentations: store,
        ensure: store.ensure,
        versionPage: models.store.versionPage,
        inStage: models.store.inStage,
        submitJob: jobs.submit,
        featureRegistry: featuresOf.registry,
        clock,
      }),
      new SegmentationFieldsResolver({
        segmentations: store,
        jobLoader: jobLoader({ jobsByIds: jobs.store.byIds }),
        featureRegistry: featuresOf.registry,
        liveSizes,
      }),
      new SegmentResolver({ names: names.names, liveSizes, users: ingest.users }),
      ...personaResolvers({
        personas,
        loaders: names,
        liveSizes,
        segmentationByKey: store.byKey,
        inStage: models.store.inStage,
      }),
      ...live.resolvers,
    ],
    feeds: live.feeds,
    customersChanged: live.customersChanged,
    segmentationById,
    segmentEveryone: async (createdBy) => {
      const registry = await features.store.all();
      for (const model of await store.list()) {
        if (serving.current(model.name)) continue;
        const wish = { key: model.name, algorithms: null, k: null, maxK: null, features: null };
        const rest = { seed: null, makeLive: true, labels: null };
        const plan = planSegmentation(model, registry, { ...wish, ...rest }, clock.now());
        if (plan.input) await jobs.submit('SEGMENT', plan.input, createdBy);
      }
    },
    close: live.close,
  };
}

function segmentationsById({
  models,
  segmentations,
}: Pick<SegmentRoomParts, 'models' | 'segmentations'>): (
  context: RequestContext,
  id: string,
) => Promise<SegmentationNode | null> {
  const loader = perRequest(
    () =>
      new DataLoader<string, SegmentationNode | null>(async (ids) => {
        const live = new Map(
          segmentations.serving.all().map((served) => [served.version.id, served]),
        );
        const others = ids.filter((id) => !live.has(id));
        const [known, rows] =
          others.length > 0
            ? await Promise.all([segmentations.store.list(), models.store.versionsByIds(others)])
            : [[], []];
        return ids.map((id) => {
          const served = live.get(id);
          if (served) return segmentationNode(served.model, served.version);
          const row = rows.find((each) => each.id === id);
          const model = row && known.find((each) => each.id === row.modelId);
          return row && model ? segmentationNode(model, row) : null;
        });
      }),
  );
  return (context, id) => loader(context).load(id);
}
