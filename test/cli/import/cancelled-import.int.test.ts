import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { prepareEvents } from '../../../src/cli/import/import-file.js';
import { jobStore } from '../../../src/job/job.store.js';
import { systemClock } from '../../../src/kernel/clock.js';
import { testDatabase, type TestDatabase } from '../../support/database.js';
import { importDeps } from '../../support/import-deps.js';

const ROWS = 100_000;
let database: TestDatabase;
let folder: string;

beforeAll(async () => {
  database = await testDatabase();
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'augury-cancel-'));
});
afterAll(async () => {
  await database.drop();
  fs.rmSync(folder, { recursive: true });
});

it('an import whose job is cancelled ends, says how to go on, and leaves the job cancelled', async () => {
  const file = path.join(folder, 'events.csv');
  const lines = Array.from({ length: ROWS }, (_, i) => `u${i % 50},2026-01-01T00:00:00Z,${i}`);
  fs.writeFileSync(file, `user,at,value\n${lines.join('\n')}\n`);
  // every look at the clock is a second later, so that progress is told after each chunk of the file
  let nowMs = 0;
  const clock = { ...systemClock(), monotonicMs: () => (nowMs += 1_000) };
  const deps = importDeps(database.db, clock, folder);
  const jobs = jobStore(database.db, clock);
  const newest = async () => {
    const [job] = await jobs.page({ kinds: ['IMPORT'], statuses: null, limit: 1, after: null });
    return job;
  };
  let taken = 0;
  const recordEvents: typeof deps.recordEvents = async (rows, inTurn) => {
    const job = await newest();
    if (job) await jobs.cancel(job.id);
    taken += rows.length;
    return deps.recordEvents(rows, inTurn);
  };
  const prepared = await prepareEvents({ file, user: 'user', at: 'at', type: 'visit' });
  await expect(prepared.run({ ...deps, recordEvents })).rejects.toThrow(
    /^the job was cancelled at line \d+; run the same command again to go on/,
  );
  expect(taken).toBeLessThan(ROWS);
  expect(await newest()).toMatchObject({ status: 'CANCELLED', result: null, error: null });
});
