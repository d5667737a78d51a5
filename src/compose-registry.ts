import { auditStore } from './access/audit.store.js';
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

type Telling = Pick<Plant, 'bus' | 'log'>;

/** The registry of a process: what it changes is told on the bus, what others change is heard there. */
export function openFeatureRegistry(
  { db, bus, log }: Telling & Pick<Plant, 'db'>,
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
function tell({ bus, log }: Telling, topic: string, message: object): void {
  try {
    bus.publish(topic, message);
  } catch (error) {
    log.debug({ err: error, topic }, 'not published');
  }
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
