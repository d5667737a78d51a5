import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  prepareDevices,
  prepareTickets,
  type ImportOptions,
} from '../../../src/cli/import/import-file.js';
import type { ImportResult } from '../../../src/cli/import/run-import.js';
import { jobStore } from '../../../src/job/job.store.js';
import { rejectedRowStore } from '../../../src/job/rejected-row.store.js';
import { systemClock } from '../../../src/kernel/clock.js';
import { testDatabase, type TestDatabase } from '../../support/database.js';
import { importDeps } from '../../support/import-deps.js';

const clock = systemClock();
let test: TestDatabase;
let deps: ReturnType<typeof importDeps>;
let folder: string;

beforeAll(async () => {
  test = await testDatabase();
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'augury-import-'));
});
afterAll(async () => {
  await test.drop();
  fs.rmSync(folder, { recursive: true });
});
beforeEach(async () => {
  await test.db.query(
    `truncate customer, event, event_key, ticket, device, user_device, job, rejected_row
     restart identity cascade`,
  );
  deps = importDeps(test.db, clock, folder);
});

function write(name: string, lines: readonly string[]): string {
  const file = path.join(folder, name);
  fs.writeFileSync(file, lines.join('\n'));
  return file;
}

async function tickets(options: ImportOptions): Promise<ImportResult> {
  return (await prepareTickets(options)).run(deps);
}

async function devices(options: ImportOptions): Promise<ImportResult> {
  return (await prepareDevices(options)).run(deps);
}

async function reasons(result: ImportResult) {
  const rows = await rejectedRowStore(test.db).list(result.job, 10);
  return rows.map(({ line, code, message }) => [line, code, message]);
}

const HEADER = 'no,customer,about,in,out,stars,asked,words';
const mapping = {
  id: 'no',
  user: 'customer',
  issue: 'about',
  opened: 'in',
  resolved: 'out',
  satisfaction: 'stars',
  rated: 'asked',
  text: 'words',
  source: 'helpdesk',
};

describe('importing tickets', () => {
  it.each<[string, Partial<Record<keyof typeof mapping, string | undefined>>, string]>([
    ['no id', { id: undefined }, '--id is needed'],
    ['no user', { user: undefined }, '--user is needed'],
    ['no issue type', { issue: undefined }, '--issue is needed'],
    ['no instant', { opened: undefined }, '--opened is needed'],
    ['a column that is not there', { resolved: 'outt' }, 'outt'],
    ['ratings of nothing', { satisfaction: undefined }, '--rated needs --satisfaction'],
    ['a source that starts with a sign', { source: '-' }, '--source must be'],
  ])('refuses a mapping with %s before anything is written', async (_, change, message) => {
    const file = write('tickets.csv', [HEADER, 't1,u1,billing,2026-01-02,,,,']);
    await expect(prepareTickets({ file, ...mapping, ...change })).rejects.toThrow(message);
    expect(await test.db.query('select 1 from job')).toEqual([]);
  });

  it('takes the good rows and gives every other line a reason', async () => {
    const file = write('tickets.csv', [
      HEADER,
      't1,u1,billing,2026-01-02T10:00:00Z,2026-01-03T10:00:00Z,4,2026-01-04,"Where, please?"',
      't2,,billing,2026-01-02,,,,',
      't3,u1,billing,,,,,',
      't4,u1,billing,2026-01-02,2026-01-01,,,',
      't5,u1,billing,2026-01-02,,9,2026-01-03,',
      't6,u1,billing,2026-01-02,,many,,',
      't7,u1,billing,2026-01-02,,3,,',
      't8,u2,delivery,2026-01-02,,,2026-01-05,',
      't9,u2,delivery,2226-01-02,,,,',
    ]);
    const result = await tickets({ file, ...mapping });
    expect(result).toMatchObject({ accepted: 2, duplicates: 0, rejected: 7, skipped: 0 });
    expect(await reasons(result)).toEqual([
      [3, 'INVALID', 'the row has no user (customer is blank)'],
      [4, 'INVALID', 'the row has no time (in is blank)'],
      [5, 'INVALID', expect.stringContaining('resolvedAt must be at or after openedAt')],
      [6, 'INVALID', 'satisfaction must be 1..5, got 9'],
      [7, 'INVALID', 'stars is "many", not a number'],
      [8, 'INVALID', expect.stringContaining('ratedAt is missing')],
      [10, 'INVALID', expect.stringContaining('openedAt must not be after')],
    ]);
    expect(await test.db.query('select user_key from rejected_row where line = 5')).toEqual([
      { user_key: 'u1' },
    ]);
    expect(
      await test.db.query(
        `select t.source, t.key, c.external_id as user, t.issue_type, t.text, t.resolved_at,
           t.satisfaction, t.rated_at from ticket t join customer c on c.id = t.user_id order by t.key`,
      ),
    ).toEqual([
      {
        source: 'helpdesk',
        key: 't1',
        user: 'u1',
        issue_type: 'billing',
        text: 'Where, please?',
        resolved_at: new Date('2026-01-03T10:00:00Z'),
        satisfaction: 4,
        rated_at: new Date('2026-01-04T00:00:00Z'),
      },
      {
        source: 'helpdesk',
        key: 't8',
        user: 'u2',
        issue_type: 'delivery',
        text: null,
        resolved_at: null,
        satisfaction: null,
        rated_at: null,
      },
    ]);
    const job = await jobStore(test.db, clock).get(result.job);
    expect(job).toMatchObject({ kind: 'IMPORT', status: 'SUCCEEDED', result: { accepted: 2 } });
  });

  it('is idempotent, and a later file resolves and rates the tickets of an earlier one', async () => {
    const first = write('monday.csv', [
      HEADER,
      't1,u1,billing,2026-01-02,,,,help',
      't2,u1,login,2026-01-02,,,,',
    ]);
    const later = write('tuesday.csv', [
      HEADER,
      't1,u1,billing,2026-01-02,2026-01-03,,,',
      't1,u1,billing,2026-01-02,2026-01-03,2,2026-01-05,',
      't2,u1,login,2026-01-02,,,,',
    ]);
    expect(await tickets({ file: first, ...mapping })).toMatchObject({ accepted: 2 });
    expect(await tickets({ file: later, ...mapping })).toMatchObject({
      accepted: 2,
      duplicates: 1,
    });
    for (const file of [first, later]) {
      const again = await tickets({ file, ...mapping });
      expect(again).toMatchObject({ accepted: 0, rejected: 0 });
    }
    expect(
      await test.db.query(
        `select e.key, t.name as type, e.value from event e join event_type t on t.id = e.type_id
         order by e.at, e.key`,
      ),
    ).toEqual([
      { key: 'ticket:t1:opened', type: 'ticket', value: null },
      { key: 'ticket:t2:opened', type: 'ticket', value: null },
      { key: 'ticket:t1:resolved', type: 'ticket_resolved', value: 86_400 },
      { key: 'ticket:t1:rated', type: 'ticket_rated', value: 2 },
    ]);
    expect(await test.db.query(`select text from ticket where key = 't1'`)).toEqual([
      { text: 'help' },
    ]);
  });

  it('keeps a row that contradicts what is recorded, as a CONFLICT', async () => {
    const file = write('tickets.csv', [
      HEADER,
      't1,u1,billing,2026-01-02,2026-01-03,4,2026-01-04,',
    ]);
    await tickets({ file, ...mapping });
    const other = write('other.csv', [HEADER, 't1,u1,billing,2026-01-02,2026-01-03,1,2026-01-04,']);
    const result = await tickets({ file: other, ...mapping });
    expect(await reasons(result)).toEqual([
      [2, 'CONFLICT', expect.stringContaining('satisfaction is recorded as 4')],
    ]);
  });
});

describe('importing devices', () => {
  const options = {
    id: 'device',
    type: 'kind',
    os: 'system',
    user: 'customer',
    firstSeen: 'since',
  };

  it.each([
    ['no id', { type: 'kind' }, '--id is needed'],
    ['users at no instant', { id: 'device', user: 'customer' }, '--user needs --first-seen'],
    ['a column that is not there', { id: 'devise' }, 'devise'],
  ])('refuses a mapping with %s', async (_, given, message) => {
    const file = write('devices.csv', ['device,kind,system,customer,since', 'd1,,,,']);
    await expect(prepareDevices({ file, ...given })).rejects.toThrow(message);
  });

  it('takes the good rows, links each user at their own instant, and is idempotent', async () => {
    const file = write('devices.csv', [
      'device,kind,system,customer,since',
      'd1,mobile,iOS 17,u1,2026-01-02',
      'd1,,,u2,2026-01-05',
      'd2,desktop,,,',
      ',mobile,,u1,2026-01-02',
      'd3,mobile,,u1,',
      'd4,mobile,,u1,2226-01-01',
    ]);
    const result = await devices({ file, ...options });
    expect(result).toMatchObject({ accepted: 3, duplicates: 0, rejected: 3 });
    expect(await reasons(result)).toEqual([
      [5, 'INVALID', 'the row has no device (device is blank)'],
      [6, 'INVALID', expect.stringContaining('firstSeenAt is missing')],
      [7, 'INVALID', expect.stringContaining('firstSeenAt must not be after')],
    ]);
    expect(await devices({ file, ...options })).toMatchObject({
      accepted: 0,
      duplicates: 3,
      rejected: 3,
    });
    expect(
      await test.db.query(
        `select d.key, d.type, d.os_version, c.external_id as user, l.first_seen_at from device d
         left join user_device l on l.device_id = d.id left join customer c on c.id = l.user_id
         order by d.key, c.external_id`,
      ),
    ).toEqual([
      {
        key: 'd1',
        type: 'mobile',
        os_version: 'iOS 17',
        user: 'u1',
        first_seen_at: new Date('2026-01-02T00:00:00Z'),
      },
      {
        key: 'd1',
        type: 'mobile',
        os_version: 'iOS 17',
        user: 'u2',
        first_seen_at: new Date('2026-01-05T00:00:00Z'),
      },
      { key: 'd2', type: 'desktop', os_version: null, user: null, first_seen_at: null },
    ]);
  });
});
