import { afterAll, beforeAll, expect, it } from 'vitest';
import { auditStore } from '../../src/access/audit.store.js';
import { openQueues } from '../../src/plant/queue.js';
import { erasureStore } from '../../src/privacy/erasure.store.js';
import { parsePolicy } from '../../src/privacy/policy.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { keptLog } from '../support/quiet-log.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
  await (await openQueues({ databaseUrl: database.url, redisUrl: null, log: keptLog() })).close();
});
afterAll(() => database.drop());

it('every table of the installation states its privacy policy in the migration that made it, or after', async () => {
  const tables = await erasureStore(database.db, auditStore).tables();
  const silent = tables.filter(({ ours, comment }) => ours && parsePolicy(comment) === null);
  expect(silent.map(({ name }) => name)).toEqual([]);
  expect(tables.some(({ schema }) => schema === 'bullmq')).toBe(true);
  expect(tables.length).toBeGreaterThan(25);
});
