import type { AuditStore } from './access/audit.store.js';
import type { Plant } from './compose-models.js';
import { featureFeeds, FeatureStatisticsResolver } from './feature/feature-statistics.resolver.js';
import { featureStatisticsStore } from './feature/feature-statistics.store.js';
import { featureLoaders, type FeatureLoaders } from './feature/feature-loaders.js';
import {
  FeatureResolver,
  UserFeaturesResolver,
  type FeatureResolverDeps,
} from './feature/feature.resolver.js';
import { FeatureUpdateResolver } from './feature/feature-update.resolver.js';
import { moveFeature } from './feature/move-feature.js';
import type { ReadFeatures } from './feature/read-features.js';
import type { RecentRegistry } from './feature/recent-registry.js';
import type { LiveSchema } from './feature/set/live-schema.js';
import { updateFeature } from './feature/update-feature.js';
import type { Feed } from './graphql/feeds.js';
import type { SubmitJob } from './job/submit-job.js';
import { takenByModel, type TakenFeaturesDeps } from './model/taken-features.js';

/** What the feature room stands on. */
export interface FeatureRoomParts {
  plant: Pick<Plant, 'db' | 'bus' | 'clock'>;
  audit: AuditStore;
  registry: RecentRegistry;
  readFeatures: ReadFeatures;
  registerFeature: FeatureResolverDeps['registerFeature'];
  submitJob: SubmitJob;
  /** The model room, to the right: which of its versions take which features. */
  models: TakenFeaturesDeps;
  /** Makes a change of the registry answer after the schema has followed it; without it at once. */
  following?: LiveSchema['following'];
}

/** The registry of features in the graph: search, life cycle, edits, values, distributions. */
export function composeFeatureRoom(parts: FeatureRoomParts): {
  loaders: FeatureLoaders;
  resolvers: object[];
  feeds: Record<string, Feed>;
} {
  const { plant, registry, readFeatures, following = (change) => change } = parts;
  const statistics = featureStatisticsStore(plant.db);
  const changing = { move: registry.store.move, wall: (): Date => plant.clock.wall() };
  const loaders = featureLoaders({
    store: registry.store,
    recent: registry.recent,
    readFeatures,
    auditBySubjects: parts.audit.bySubjects,
    newestStatistics: statistics.newest,
  });
  return {
    loaders,
    resolvers: [
      new FeatureResolver({
        loaders,
        registerFeature: following(parts.registerFeature),
        moveFeature: following(moveFeature(changing)),
        takenByModel: takenByModel(parts.models),
        withStatistics: statistics.computed,
      }),
      new FeatureUpdateResolver({ updateFeature: following(updateFeature(changing)) }),
      new FeatureStatisticsResolver({ days: statistics.days, submitJob: parts.submitJob }),
      new UserFeaturesResolver({ loaders }),
    ],
    feeds: featureFeeds({
      subscribe: (topic) => plant.bus.subscribe(topic),
      registry: registry.recent,
    }),
  };
}
