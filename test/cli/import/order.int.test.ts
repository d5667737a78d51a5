import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { prepareEvents, prepareUsers } from '../../../src/cli/import/import-file.js';
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

beforeEach(() => database.db.query('truncate customer, event, event_key restart identity cascade'));

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

it('keys and instants are made of the line where no column holds one', async () => {
  const file = path.join(folder, 'series.csv');
  // the second row cannot be read; the lines of those after it stay theirs
  fs.writeFileSync(file, ['price', '1', '"2', '3', '', '4'].join('\n'));
  const deps = importDeps(database.db, systemClock(), folder);
  const users = await prepareUsers({
    ...{ file, id: 'line()', attribute: 'price', missing: 'NA' },
    ...{ registered: '831427200 + (line() - 2) * 1800', dateFormat: 'epoch' },
  });
  expect(await users.run(deps)).toMatchObject({ accepted: 3, rejected: 1 });
  const rows = await database.db.query(
    'select external_id as id, registered_at as at from customer order by customer.id',
  );
  expect(rows).toEqual([
    { id: '2', at: new Date('1996-05-07T00:00:00Z') },
    { id: '4', at: new Date('1996-05-07T01:00:00Z') },
    { id: '6', at: new Date('1996-05-07T02:00:00Z') },
  ]);
  const visits = await prepareEvents({
    ...{ file, user: 'line()', at: '2008-03-21', type: 'visit', where: 'price > 2' },
  });
  expect(visits.notes).toContain('every event is of 2008-03-21T00:00:00.000Z');
  expect(await visits.run(deps)).toMatchObject({ accepted: 2, rejected: 1, skipped: 1 });
  expect(await database.db.query('select distinct at from event')).toEqual([
    { at: new Date('2008-03-21T00:00:00Z') },
  ]);
  await expect(prepareEvents({ file, user: 'line(1)', at: 'price', type: 'a' })).rejects.toThrow(
    'line() takes 0 values, got 1',
  );
});
