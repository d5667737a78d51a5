import type { composeIngest } from './compose-data.js';
import type { composeModels } from './compose-models.js';
import { recordOutcomes } from './model/record-outcomes.js';
import type { Database } from './plant/ports.js';
import { ledgerLabelStore } from './prediction/ledger-labels.store.js';

type Models = Awaited<ReturnType<typeof composeModels>>;

/** Labels from callers and files, for the graph and for imports. */
export function composeOutcomes(parts: {
  ingest: Pick<ReturnType<typeof composeIngest>, 'users'>;
  db: Database;
  models: {
    store: Pick<Models['store'], 'list'>;
    outcomes: Pick<Models['outcomes'], 'record'>;
  };
  wall: () => Date;
  /** When those of the customers that were erased were erased, by key. */
  erasedBefore?: (externalIds: readonly string[]) => Promise<Map<string, Date>>;
}) {
  const { db, ingest, models, wall, erasedBefore } = parts;
  const labels = ledgerLabelStore(db);
  return recordOutcomes({
    models: models.store.list,
    userIds: ingest.users.idsByExternalId,
    predictionTargets: labels.targets,
    predictionsOf: labels.predictionsOf,
    record: models.outcomes.record,
    wall,
    ...(erasedBefore ? { erasedBefore } : {}),
  });
}
