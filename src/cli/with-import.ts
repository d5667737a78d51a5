import { auditStore } from '../access/audit.store.js';
import { composeIngest, composeRegistry } from '../compose-data.js';
import { composeAssignmentImport } from '../compose-experiment-serving.js';
import { composeFeatureReading } from '../compose-models.js';
import { composeOutcomes } from '../compose-outcomes.js';
import { composeTombstones } from '../compose-privacy-work.js';
import { jobStore, type JobStore } from '../job/job.store.js';
import { rejectedRowStore } from '../job/rejected-row.store.js';
import { modelStore } from '../model/model.store.js';
import { outcomeStore } from '../model/outcome.store.js';
import type { CliContext } from './context.js';
import type { ImportDeps, ImportJobs } from './import/context.js';
import { importJobs } from './import/import-jobs.js';
import { requestProfile } from '../feature/request-profile.js';
import { liveSegmentations } from '../segment/live-segmentations.store.js';
import { requestAssignment } from '../segment/request-assignment.js';
import { requestScan } from '../quality/request-scan.js';

const ACTOR = 'command line';

/** Opens the installation and hands an import the use cases it writes through. */
export function withImport<T>(
  context: CliContext,
  work: (deps: ImportDeps) => Promise<T>,
): Promise<T> {
  return context.withInstallation(async ({ db, clock }) => {
    const { erasedBefore } = composeTombstones({ db, clock, bus: null });
    const ingest = composeIngest(db, clock, {
      retention: { days: context.config.retentionDays, history: true },
      erasedBefore,
    });
    const features = composeFeatureReading(db);
    const registry = composeRegistry(features.store, clock, features.read);
    // An import may be the first thing that happens to an installation.
    await registry.seedStartSet();
    const jobs = jobStore(db, clock);
    const models = modelStore(db, clock, auditStore);
    const record = composeOutcomes({
      db,
      ingest,
      models: { store: models, outcomes: outcomeStore(db, clock) },
      wall: () => clock.wall(),
      erasedBefore,
    });
    return work({
      recordEvents: ingest.recordEvents,
      upsertUsers: ingest.upsertUsers,
      recordTickets: ingest.recordTickets,
      upsertDevices: ingest.upsertDevices,
      recordOutcomes: (rows) => record(rows.map((row) => ({ ...row, predictionId: null }))),
      ...composeAssignmentImport({
        ...{ db, clock, erasedBefore, actor: ACTOR },
        userIds: ingest.users.idsByExternalId,
      }),
      modelNames: async () => (await models.list()).map(({ name }) => name),
      registerAttributeFeatures: (columns, status) =>
        registry.registerAttributeFeatures(columns, ACTOR, status),
      writeRejectedRows: rejectedRowStore(db).write,
      jobs: followedUp(jobs, clock.now(), liveSegmentations(db)),
      clock,
      dataDir: context.config.dataDir,
    });
  });
}

/** After an import the tables are looked at: a broken batch is to be known before a model reads it. */
function followedUp(store: JobStore, now: Date, live: () => Promise<string[]>): ImportJobs {
  const jobs = importJobs(store, ACTOR);
  const once = { jobPage: store.page, createJob: store.create };
  const askForScan = requestScan(once);
  const askForProfile = requestProfile({ ...once, now: () => now });
  return {
    ...jobs,
    succeed: async (id, result) => {
      await jobs.succeed(id, result);
      await askForScan(ACTOR);
      await askForProfile(ACTOR);
      // an import tells nobody whose events it brought: everybody is looked at again
      for (const key of await live()) await requestAssignment(once)(key, now, ACTOR);
    },
  };
}
