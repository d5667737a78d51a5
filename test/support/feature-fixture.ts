import type { Clock } from '../../src/kernel/clock.js';
import type { Database } from '../../src/plant/ports.js';
import { auditStore, type AuditStore } from '../../src/access/audit.store.js';
import { fitQuantiles, type FitQuantiles } from '../../src/feature/fit-quantiles.js';
import { nameEventTypes } from '../../src/feature/name-event-types.js';
import { featureReader, featureStore, type FeatureStore } from '../../src/feature/feature.store.js';
import { readFeatures, type ReadOwnInstants } from '../../src/feature/read-features.js';
import { registerFeature, type RegisterFeatureDeps } from '../../src/feature/register-feature.js';
import { seedFittedSet } from '../../src/feature/seed-fitted-set.js';
import { seedStartSet } from '../../src/feature/seed-start-set.js';
import { eventFixture, type EventFixture } from './event-fixture.js';

/** The feature room on a test database, wired as the composition root wires it. */
export interface FeatureFixture extends EventFixture {
  features: FeatureStore;
  audit: AuditStore;
  read: ReadOwnInstants;
  registration: RegisterFeatureDeps & { fitQuantiles: FitQuantiles };
  register: ReturnType<typeof registerFeature>;
  /** Registers the start set and names its event types; answers how many features were new. */
  seed: () => Promise<number>;
  /** Registers the fitted set on the customers there are; answers how many features were new. */
  seedFitted: () => Promise<number>;
}

/** Builds stores and use cases; opens nothing of its own. */
export function featureFixture(db: Database, clock: Clock): FeatureFixture {
  const data = eventFixture(db, clock);
  const features = featureStore(db, auditStore);
  const audit = auditStore(db);
  const read = readFeatures({ run: featureReader(db), typeIds: data.types.idsOf });
  const registration = {
    registry: features.all,
    insert: features.insert,
    wall: () => clock.wall(),
    fitQuantiles: fitQuantiles({
      readFeatures: read,
      sampleUsers: features.sampleUsers,
      now: () => clock.now(),
    }),
  };
  return {
    ...data,
    features,
    audit,
    registration,
    read,
    register: registerFeature(registration),
    seed: async () => {
      const registered = await seedStartSet(registration)();
      await nameEventTypes({ registry: features.all, typeIds: data.types.idsOf })();
      return registered;
    },
    seedFitted: seedFittedSet(registration),
  };
}
