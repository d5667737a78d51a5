import { composeIngest } from '../../src/compose-data.js';
import { composeDevicesTickets } from '../../src/compose-devices-tickets.js';
import { importJobs } from '../../src/cli/import/import-jobs.js';
import type { ImportDeps, ImportedOutcome } from '../../src/cli/import/context.js';
import { composeAssignmentImport } from '../../src/compose-experiment-serving.js';
import { featureStore } from '../../src/feature/feature.store.js';
import { registerAttributeFeatures } from '../../src/feature/register-attribute-features.js';
import { registerFeature } from '../../src/feature/register-feature.js';
import { auditStore } from '../../src/access/audit.store.js';
import { jobStore } from '../../src/job/job.store.js';
import { rejectedRowStore } from '../../src/job/rejected-row.store.js';
import type { Clock } from '../../src/kernel/clock.js';
import type { Database } from '../../src/plant/ports.js';

/** The import's use cases on a test database; outcomes are kept in a list. */
export function importDeps(
  db: Database,
  clock: Clock,
  dataDir: string,
): ImportDeps & { outcomes: ImportedOutcome[] } {
  const data = composeIngest(db, clock);
  const { recordEvents, users } = data;
  const { recordTickets, upsertDevices } = composeDevicesTickets({
    db,
    clock,
    users,
    recordEvents,
  });
  const store = featureStore(db, auditStore);
  const outcomes: ImportedOutcome[] = [];
  const rejected = rejectedRowStore(db);
  const register = registerAttributeFeatures({
    registry: () => store.all(),
    register: registerFeature({
      registry: () => store.all(),
      insert: (...row) => store.insert(...row),
      wall: () => clock.wall(),
    }),
  });
  return {
    recordEvents: data.recordEvents,
    upsertUsers: data.upsertUsers,
    recordTickets,
    upsertDevices,
    recordOutcomes: (rows) => {
      outcomes.push(...rows);
      return Promise.resolve({ accepted: rows.length, duplicates: 0, rejected: [] });
    },
    ...composeAssignmentImport({ db, clock, actor: 'test', userIds: users.idsByExternalId }),
    modelNames: () => Promise.resolve(['churn']),
    registerAttributeFeatures: (columns, status) => register(columns, 'test', status),
    writeRejectedRows: (rows) => rejected.write(rows),
    jobs: importJobs(jobStore(db, clock), 'test'),
    clock,
    dataDir,
    outcomes,
  };
}
