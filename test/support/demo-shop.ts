import path from 'node:path';
import {
  composeFeatureReading,
  composeJobs,
  composeLedger,
  composeModels,
  type Plant,
} from '../../src/compose-models.js';
import { composeIngest } from '../../src/compose-data.js';
import { composeDevicesTickets } from '../../src/compose-devices-tickets.js';
import { demoStore } from '../../src/demo/demo.store.js';
import { seedDemo } from '../../src/demo/seed-demo.js';
import { seedStartSet } from '../../src/feature/seed-start-set.js';
import type { Clock } from '../../src/kernel/clock.js';
import { modelSpec, type ModelSpec } from '../../src/model/model-spec.js';
import { projectRoot } from '../../src/plant/paths.js';
import type { Database } from '../../src/plant/ports.js';
import fs from 'node:fs';

/** The spec that the program ships. */
export function churnSpec(change: Partial<ModelSpec> = {}): ModelSpec {
  const file = path.join(projectRoot, 'models', 'churn', 'spec.json');
  return modelSpec.parse({ ...JSON.parse(fs.readFileSync(file, 'utf8')), ...change });
}

/** Start features and some customers of the demo, with a year of events. */
export async function fillShop(db: Database, clock: Clock, users: number): Promise<void> {
  const ingest = composeIngest(db, clock);
  const { recordTickets, upsertDevices } = composeDevicesTickets({ db, clock, ...ingest });
  const { store } = composeFeatureReading(db);
  await seedStartSet({
    registry: store.all,
    insert: store.insert,
    wall: () => clock.wall(),
  })();
  await seedDemo(
    {
      ...demoStore(db),
      upsertUsers: ingest.upsertUsers,
      recordEvents: ingest.recordEvents,
      recordTickets,
      upsertDevices,
    },
    { now: clock.now(), users },
  );
}

export { composeFeatureReading, composeJobs, composeLedger, composeModels, type Plant };
