import { auditStore } from './access/audit.store.js';
import { announcer } from './announcer.js';
import type { Plant } from './compose-models.js';
import { featureStatisticsStore } from './feature/feature-statistics.store.js';
import { FEATURE_PROFILED_TOPIC } from './feature/feature.messages.js';
import { featureStore } from './feature/feature.store.js';
import type { ProfileFeaturesDeps } from './feature/profile-features.js';
import type { ReadFeatures } from './feature/read-features.js';
import {
  recentRegistry,
  type RecentRegistry,
  type RecentRegistryOptions,
} from './feature/recent-registry.js';
import { featureUsersOn } from './model/feature-users.store.js';

/** The registry of a process: what it changes is told on the bus, what others change is heard there. */
export function openFeatureRegistry(
  { db, bus, log }: Pick<Plant, 'db' | 'bus' | 'log'>,
  onLook?: RecentRegistryOptions['onLook'],
): RecentRegistry {
  const store = featureStore(db, auditStore, featureUsersOn);
  const news = {
    subscribe: (topic: string) => bus.subscribe(topic),
    publish: announcer({ bus, log }),
  };
  return recentRegistry(store, () => performance.now(), onLook ? { news, onLook } : { news });
}

/** What PROFILE jobs work with. */
export function composeProfiling(
  plant: Pick<Plant, 'db' | 'bus' | 'log' | 'clock'>,
  registry: Pick<RecentRegistry, 'store'>,
  readFeatures: ReadFeatures,
): ProfileFeaturesDeps {
  const announce = announcer(plant);
  return {
    registry: registry.store.all,
    readFeatures,
    sampleUsers: registry.store.sampleUsers,
    writeStatistics: featureStatisticsStore(plant.db).write,
    publishProfiled: (message) => {
      announce(FEATURE_PROFILED_TOPIC, message);
    },
    clock: plant.clock,
  };
}
