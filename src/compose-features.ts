import { auditStore, type AuditStore } from './access/audit.store.js';
import type { Plant } from './compose-models.js';
import { featureFeeds, FeatureStatisticsResolver } from './feature/feature-statistics.resolver.js';
import { featureStatisticsStore } from './feature/feature-statistics.store.js';
import { featureLoaders, type FeatureLoaders } from './feature/feature-loaders.js';
import { FEATURE_PROFILED_TOPIC } from './feature/feature.messages.js';
import {
  FeatureResolver,
  UserFeaturesResolver,
  type FeatureResolverDeps,
} from './feature/feature.resolver.js';
import { featureStore } from './feature/feature.store.js';
import { FeatureUpdateResolver } from './feature/feature-update.resolver.js';
import { moveFeature } from './feature/move-feature.js';
import type { ProfileFeaturesDeps } from './feature/profile-features.js';
import type { ReadFeatures } from './feature/read-features.js';
import {
  recentRegistry,
  type RecentRegistry,
  type RecentRegistryOptions,
} from './feature/recent-registry.js';
import { updateFeature } from './feature/update-feature.js';
import type { Feed } from './graphql/feeds.js';
import type { SubmitJob } from './job/submit-job.js';
import { featureUsersOn } from './model/feature-users.store.js';
import { takenByModel, type TakenFeaturesDeps } from './model/taken-features.js';
import type { Bus, Database, Log } from './plant/ports.js';

/** The registry of a process: what it changes is told on the bus, what others change is heard there. */
export function openFeatureRegistry(
  { db, bus, log }: { db: Database; bus: Bus; log: Log },
  onLook?: RecentRegistryOptions['onLook'],
): RecentRegistry {
  const store = featureStore(db, auditStore, featureUsersOn);
  const news = {
    subscribe: (topic: string) => bus.subscribe(topic),
    publish: (topic: string, message: object): void => {
      tell({ bus, log }, topic, message);
    },
  };
  return recentRegistry(store, () => performance.now(), onLook ? { news, onLook } : { news });
}

/** Publishing is telling, not promising: a bus that is closing must not fail the work. */
function tell({ bus, log }: { bus: Bus; log: Log }, topic: string, message: object): void {
  try {
    bus.publish(topic, message);
  } catch (error) {
    log.debug({ err: error, topic }, 'not published');
  }
}

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
}

/** The registry of features in the graph: search, life cycle, edits, values, distributions. */
export function composeFeatureRoom(parts: FeatureRoomParts): {
  loaders: FeatureLoaders;
  resolvers: object[];
  feeds: Record<string, Feed>;
} {
  const { plant, registry, readFeatures } = parts;
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
        registerFeature: parts.registerFeature,
        moveFeature: moveFeature(changing),
        takenByModel: takenByModel(parts.models),
        withStatistics: statistics.computed,
      }),
      new FeatureUpdateResolver({ updateFeature: updateFeature(changing) }),
      new FeatureStatisticsResolver({ days: statistics.days, submitJob: parts.submitJob }),
      new UserFeaturesResolver({ loaders }),
    ],
    feeds: featureFeeds({
      subscribe: (topic) => plant.bus.subscribe(topic),
      registry: registry.recent,
    }),
  };
}

/** What PROFILE jobs work with. */
export function composeProfiling(
  plant: Pick<Plant, 'db' | 'bus' | 'log' | 'clock'>,
  registry: Pick<RecentRegistry, 'store'>,
  readFeatures: ReadFeatures,
): ProfileFeaturesDeps {
  return {
    registry: registry.store.all,
    readFeatures,
    sampleUsers: registry.store.sampleUsers,
    writeStatistics: featureStatisticsStore(plant.db).write,
    publishProfiled: (message) => {
      tell(plant, FEATURE_PROFILED_TOPIC, message);
    },
    clock: plant.clock,
  };
}
