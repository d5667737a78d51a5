import { afterAll, beforeAll, expect, it } from 'vitest';
import { auditStore, type AuditOn } from '../../src/access/audit.store.js';
import { systemClock } from '../../src/kernel/clock.js';
import { modelStore } from '../../src/model/model.store.js';
import { registerShippedModels } from '../../src/model/register-shipped-models.js';
import { projectRoot } from '../../src/plant/paths.js';
import type { Scorer } from '../../src/scorer/ports.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { keptLog } from '../support/quiet-log.js';
import { openScorer } from '../../src/scorer/scorer.js';

let database: TestDatabase;
let scorer: Scorer;

beforeAll(async () => {
  database = await testDatabase();
  scorer = await openScorer({ provider: 'cpu', workers: 1, maxQueuedRows: 1_000, log: keptLog() });
});
afterAll(async () => {
  await scorer.close();
  await database.drop();
});

async function boot(audit: AuditOn): Promise<void> {
  const store = modelStore(database.db, systemClock(), audit);
  await registerShippedModels(
    {
      ensureModel: store.ensure,
      registerFirst: store.registerFirst,
      hasVersions: async (id) => (await store.allVersions(id)).length > 0,
      scorer,
    },
    `${projectRoot}/models`,
  );
}

const stages = async (): Promise<string[]> =>
  (
    await database.db.query<{ stage: string }>(
      'select stage::text as stage from model_version order by version',
    )
  ).map(({ stage }) => stage);

it('a boot that ends while the shipped version is put into production leaves none; the next one has it', async () => {
  const killed: AuditOn = () => ({ write: () => Promise.reject(new Error('killed')) });
  await expect(boot(killed)).rejects.toThrow('killed');
  expect(await stages()).toEqual([]);
  await boot(auditStore);
  expect(await stages()).toEqual(['PRODUCTION']);
  await boot(auditStore);
  expect(await stages()).toEqual(['PRODUCTION']);
});
