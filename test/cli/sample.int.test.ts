import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  prepareDevices,
  prepareEvents,
  prepareTickets,
  prepareUsers,
  type ImportOptions,
  type PreparedImport,
} from '../../src/cli/import/import-file.js';
import { sampleCommands, writeSample } from '../../src/cli/sample.js';
import { demoPopulation } from '../../src/demo/population.js';
import { systemClock } from '../../src/kernel/clock.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { eventFixture } from '../support/event-fixture.js';
import { importDeps } from '../support/import-deps.js';

const now = new Date('2026-02-03T04:05:06Z');
const users = 80;
const clock = systemClock();
let test: TestDatabase;
let folder: string;

beforeAll(async () => {
  test = await testDatabase();
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'augury-sample-'));
});
afterAll(async () => {
  await test.drop();
  fs.rmSync(folder, { recursive: true });
});

const PREPARE: Record<string, (options: ImportOptions) => Promise<PreparedImport>> = {
  users: prepareUsers,
  events: prepareEvents,
  tickets: prepareTickets,
  devices: prepareDevices,
};

/** `import KIND --file F --first-seen COL …` as the command line reads it. */
function parsed(command: string): { kind: string; options: ImportOptions } {
  const options: ImportOptions = { file: '' };
  for (const [, name = '', value = ''] of command.matchAll(/--([a-z-]+) ("[^"]*"|\S+)/g))
    options[name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())] = value;
  return { kind: command.split(' ')[1] ?? '', options };
}

describe('the sample', () => {
  it('says how to import it, and then holds the customers, events, tickets and devices of the demo', async () => {
    const sample = await writeSample({ out: folder, now, users });
    const told = [...demoPopulation({ end: sample.end, users })];
    const { record: recordEvents } = eventFixture(test.db, clock);
    const deps = { ...importDeps(test.db, clock, folder), recordEvents };
    for (const command of sampleCommands(folder)) {
      const { kind, options } = parsed(command);
      const prepare = PREPARE[kind];
      if (!prepare) continue;
      const result = await (await prepare(options)).run(deps);
      expect([kind, result.rejected, result.duplicates]).toEqual([kind, 0, 0]);
    }
    const tickets = told.flatMap((customer) => customer.tickets);
    expect(sample).toMatchObject({ users, tickets: tickets.length });
    const rows = await test.db.query(
      `select t.key, c.external_id as user, t.issue_type as "issueType", t.opened_at as "openedAt",
         t.resolved_at as "resolvedAt", t.satisfaction, t.rated_at as "ratedAt", t.source
       from ticket t join customer c on c.id = t.user_id order by t.key collate "C"`,
    );
    expect(rows).toEqual(tickets.toSorted((a, b) => (a.key < b.key ? -1 : 1)));
    const links = await test.db.query(
      `select d.key, d.type, d.os_version as "osVersion", c.external_id as user from user_device l
       join device d on d.id = l.device_id join customer c on c.id = l.user_id
       order by d.key collate "C", c.external_id collate "C"`,
    );
    expect(links).toEqual(
      told
        .flatMap(({ devices, user }) =>
          devices.map((device) => ({ ...device, user: user.externalId })),
        )
        .toSorted((a, b) => (a.key + a.user < b.key + b.user ? -1 : 1)),
    );
    const [counted] = await test.db.query(
      `select count(*) filter (where device_id is not null) as events from event`,
    );
    expect(counted).toEqual({ events: told.flatMap(({ events }) => events).length });
  });
});
