import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { prepareEvents } from '../../../src/cli/import/import-file.js';
import { pause } from '../../../src/kernel/pause.js';
import { systemClock } from '../../../src/kernel/clock.js';
import { testDatabase, type TestDatabase } from '../../support/database.js';
import { importDeps } from '../../support/import-deps.js';

const ROWS = 40_000;
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'augury-order-'));
let database: TestDatabase;

beforeAll(async () => {
  database = await testDatabase();
});
afterAll(async () => {
  await database.drop();
  fs.rmSync(folder, { recursive: true });
});

it('customers of a file of events come in the order of the file, whichever batch is written first', async () => {
  const file = path.join(folder, 'events.csv');
  // 7919 is prime to the number of rows: each customer once, in an order that no sorting would give
  const keys = Array.from({ length: ROWS }, (_, row) => `u${(row * 7919) % ROWS}`);
  fs.writeFileSync(file, `user,at\n${keys.map((key) => `${key},2026-01-01`).join('\n')}\n`);
  const deps = importDeps(database.db, systemClock(), folder);
  let batches = 0;
  const recordEvents: typeof deps.recordEvents = async (rows, inTurn) => {
    // the first batch is the slowest to begin
    if (batches++ === 0) await pause(1_000, new AbortController().signal);
    return deps.recordEvents(rows, inTurn);
  };
  const prepared = await prepareEvents({ file, user: 'user', at: 'at', type: 'visit' });
  const result = await prepared.run({ ...deps, recordEvents });
  expect(result).toMatchObject({ accepted: ROWS, rejected: 0 });
  expect(batches).toBeGreaterThan(2);
  const stored = await database.db.query<{ key: string }>(
    'select external_id as key from customer order by id',
  );
  expect(stored.map(({ key }) => key)).toEqual(keys);
});
