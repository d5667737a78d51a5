import { auditStore } from '../access/audit.store.js';
import { composeIngest, composeRegistry } from '../compose-data.js';
import { composeDevicesTickets } from '../compose-devices-tickets.js';
import { composeOutcomes } from '../compose-predictions.js';
import { featureStore } from '../feature/feature.store.js';
import { jobStore } from '../job/job.store.js';
import { rejectedRowStore } from '../job/rejected-row.store.js';
import { modelStore } from '../model/model.store.js';
import { outcomeStore } from '../model/outcome.store.js';
import { predictionStore } from '../prediction/prediction.store.js';
import type { CliContext } from './context.js';
import type { ImportDeps } from './import/context.js';
import { importJobs } from './import/import-jobs.js';

const ACTOR = 'command line';

/** Opens the installation and hands an import the use cases it writes through. */
export function withImport<T>(
  context: CliContext,
  work: (deps: ImportDeps) => Promise<T>,
): Promise<T> {
  return context.withInstallation(async ({ db, clock, access }) => {
    const ingest = composeIngest(db, clock, { inOrder: true });
    const registry = composeRegistry(featureStore(db, auditStore), access.audit, clock);
    // An import may be the first thing that happens to an installation.
    await registry.seedStartSet();
    const models = modelStore(db, clock, auditStore);
    const record = composeOutcomes({
      ingest,
      ledger: { store: predictionStore(db), publish: () => undefined },
      models: { store: models, outcomes: outcomeStore(db, clock) },
      wall: () => clock.wall(),
    });
    const { recordTickets, upsertDevices } = composeDevicesTickets({
      db,
      clock,
      users: ingest.users,
      recordEvents: ingest.recordEvents,
    });
    return work({
      recordEvents: ingest.recordEvents,
      upsertUsers: ingest.upsertUsers,
      recordTickets,
      upsertDevices,
      recordOutcomes: (rows) => record(rows.map((row) => ({ ...row, predictionId: null }))),
      modelNames: async () => (await models.list()).map(({ name }) => name),
      registerAttributeFeatures: (columns, status) =>
        registry.registerAttributeFeatures(columns, ACTOR, status),
      writeRejectedRows: rejectedRowStore(db).write,
      jobs: importJobs(jobStore(db, clock), ACTOR),
      clock,
      dataDir: context.config.dataDir,
    });
  });
}
