import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { prepareEvents } from '../../../src/cli/import/import-file.js';
import { composeEventUpkeep } from '../../../src/compose-event-upkeep.js';
import { manualClock } from '../../../src/kernel/clock.js';
import { eventFixture } from '../../support/event-fixture.js';
import { importDeps } from '../../support/import-deps.js';
import { testDatabase, type TestDatabase } from '../../support/database.js';

const clock = manualClock(new Date('2026-06-01T12:00:00Z'));
let test: TestDatabase;
let folder: string;

beforeAll(async () => {
  test = await testDatabase();
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'augury-history-'));
});
afterAll(async () => {
  await test.drop();
  fs.rmSync(folder, { recursive: true });
});

it('a file of history goes in whatever its age and outlives retention; its devices are seen, its rejected rows name their customer', async () => {
  const file = path.join(folder, 'history.csv');
  fs.writeFileSync(
    file,
    [
      'id,customer,at,phone',
      'a,u1,1997-03-01,p1',
      'b,u1,1998-11-01,p1',
      'c,u2,2026-05-01,',
      'd,u2,2026-05-02, p2 ',
      `e,u3,2026-05-03,${'x'.repeat(201)}`,
      'f,u4,soon,p1',
      'g,,2026-05-04,p1',
    ].join('\n'),
  );
  const { record } = eventFixture(test.db, clock, { retention: { days: 365, history: true } });
  const prepared = await prepareEvents({
    file,
    user: 'customer',
    at: 'at',
    type: 'visit',
    id: 'id',
    device: 'phone',
  });
  const result = await prepared.run({
    ...importDeps(test.db, clock, folder),
    recordEvents: record,
  });
  expect(result).toMatchObject({ accepted: 4, rejected: 3 });

  const devices = await test.db.query(
    `select e.key, d.key as device, l.first_seen_at as first, l.last_seen_at as last
     from event e left join device d on d.id = e.device_id
     left join user_device l on (l.user_id, l.device_id) = (e.user_id, e.device_id) order by e.key`,
  );
  const seen = { first: new Date('1997-03-01T00:00:00Z'), last: new Date('1998-11-01T00:00:00Z') };
  expect(devices).toEqual([
    { key: 'a', device: 'p1', ...seen },
    { key: 'b', device: 'p1', ...seen },
    { key: 'c', device: null, first: null, last: null },
    {
      key: 'd',
      device: 'p2',
      first: new Date('2026-05-02T00:00:00Z'),
      last: new Date('2026-05-02T00:00:00Z'),
    },
  ]);

  const rejected = await test.db.query(
    'select line, user_key, message from rejected_row order by line',
  );
  expect(rejected).toEqual([
    { line: 6, user_key: 'u3', message: 'device must be 1..200 characters, got 201' },
    { line: 7, user_key: 'u4', message: expect.stringContaining('"soon"') as string },
    { line: 8, user_key: null, message: 'the row has no user (customer is blank)' },
  ]);

  const upkeep = composeEventUpkeep(test.db, clock, 365);
  expect((await upkeep.lookAfterEvents()).dropped).toEqual([]);
  const parts = await upkeep.partitions();
  expect(parts.filter(({ kept }) => kept).map(({ name }) => name)).toEqual([
    'event_1997',
    'event_1998',
  ]);
});
