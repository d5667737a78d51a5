import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditStore } from '../../src/access/audit.store.js';
import { uuidv7 } from '../../src/kernel/uuid.js';
import type { TableScan } from '../../src/quality/quality.js';
import { forgetSamples } from '../../src/quality/forget-samples.store.js';
import { qualityStore, type QualityStore } from '../../src/quality/quality.store.js';
import { QUALITY_TABLES } from '../../src/quality/table.js';
import { testDatabase, type TestDatabase } from '../support/database.js';

const NOW = new Date('2026-06-01T00:00:00Z');
const hoursAgo = (hours: number): Date => new Date(NOW.getTime() - hours * 3_600_000);
let database: TestDatabase;
let store: QualityStore;

beforeAll(async () => {
  database = await testDatabase();
  store = qualityStore(database.db, auditStore);
});
afterAll(() => database.drop());

const scan: Omit<TableScan, 'scannedAt' | 'rows'> = {
  table: 'TICKET',
  asOf: NOW,
  seconds: 0.5,
  columns: [],
  checks: [],
  duplicates: 1,
  sources: [{ source: 'crm', rows: 3, received: 0, maxLagSeconds: null, p99LagSeconds: null }],
  crossSource: null,
  bias: [],
  shift: [{ column: 'satisfaction', psi: 0.1, referenceRows: 3, currentRows: 4 }],
  status: 'WARNING',
};

describe('stored scans', () => {
  it('are answered as the newest, by day and by id, as they were written', async () => {
    const ids: string[] = [];
    for (const hours of [49, 48, 30, 1]) {
      const id = uuidv7(NOW);
      ids.push(id);
      await store.writeScan({ ...scan, scannedAt: hoursAgo(hours), rows: hours }, id, null);
    }
    expect(await store.newest(QUALITY_TABLES)).toEqual([
      { ...scan, scannedAt: hoursAgo(1), rows: 1 },
    ]);
    expect(await store.newest(['EVENT'])).toEqual([]);
    expect((await store.daily(['TICKET'], hoursAgo(48))).map(({ rows }) => rows)).toEqual([30, 1]);
    expect((await store.byIds(ids.slice(1, 3))).map(({ rows }) => rows).sort()).toEqual([30, 48]);
  });

  it('forget the ids of who is erased, and keep their counts and all others', async () => {
    const check = (name: string, sampleIds: string[]) => ({
      ...{ name, rule: 'r', rows: 9, violations: 3, freshRows: 0, freshViolations: 0 },
      ...{ sampleIds, status: 'WARNING' as const },
    });
    const [id, other] = [uuidv7(NOW), uuidv7(NOW)];
    const told = { ...scan, table: 'CUSTOMER' as const, scannedAt: hoursAgo(0), rows: 9 };
    const checks = [
      check('a', ['User:3', 'User:1', 'User:2']),
      check('b', ['Event:shop:x,"y']),
      check('c', []),
    ];
    await store.writeScan({ ...told, checks }, id, null);
    await store.writeScan({ ...told, checks: [check('a', ['User:11'])] }, other, null);
    expect(await forgetSamples(database.db, ['User:1', 'Event:shop:x,"y', 'User:7'])).toBe(1);
    expect((await store.byIds([id]))[0]?.checks).toEqual([
      check('a', ['User:3', 'User:2']),
      check('b', []),
      check('c', []),
    ]);
    expect((await store.byIds([other]))[0]?.checks).toEqual([check('a', ['User:11'])]);
    expect(await forgetSamples(database.db, ['User:1'])).toBe(0);
  });

  it('say how many rows to expect, or the planner does', async () => {
    const last = await store.lastScans();
    expect(last.get('TICKET')).toEqual({ rows: 1, scannedAt: hoursAgo(1) });
    expect(last.get('DEVICE')).toEqual({ rows: 0, scannedAt: null });
    await database.db.query(
      `insert into device (key) select 'd' || n from generate_series(1, 300) n`,
    );
    await database.db.query('analyze device');
    expect((await store.lastScans()).get('DEVICE')).toEqual({ rows: 300, scannedAt: null });
  });
});
