import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jobStore } from '../../src/job/job.store.js';
import { manualClock } from '../../src/kernel/clock.js';
import { requestScan } from '../../src/quality/request-scan.js';
import { testDatabase, type TestDatabase } from '../support/database.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.drop());

describe('a scan asked for by an import', () => {
  it('waits once, however many files came in; one that runs or is of some tables does not count', async () => {
    const store = jobStore(database.db, manualClock(new Date('2026-06-01T00:00:00Z')));
    const request = requestScan({ jobPage: store.page, createJob: store.create });
    await store.create({ kind: 'QUALITY', input: { tables: ['EVENT'] }, createdBy: 'somebody' });
    const first = await request('command line');
    expect(await request('command line')).toBe(first);
    expect(await store.get(first)).toMatchObject({
      kind: 'QUALITY',
      status: 'QUEUED',
      input: { tables: ['CUSTOMER', 'EVENT', 'TICKET', 'DEVICE'] },
      createdBy: 'command line',
    });
    await store.claim({ jobId: first, workerId: 'w' }, 60_000);
    expect(await request('schedule')).not.toBe(first);
  });
});
