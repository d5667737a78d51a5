import { describe, expect, it } from 'vitest';
import {
  checkStatus,
  completenessOf,
  estimateDistinct,
  sampleBitsFor,
  tableStatus,
  worstOf,
  type ColumnQuality,
  type QualityCheck,
  type QualityStatus,
} from '../../src/quality/quality.js';
import { passGate, qualityGate } from '../../src/quality/quality-gate.js';
import { reportOf, seriesOf } from '../../src/quality/quality-report.js';
import type { TableScan } from '../../src/quality/quality.js';

describe('completeness', () => {
  it.each([
    [0, 0, 'OK'],
    [0, 10, 'OK'],
    [1, 10, 'WARNING'],
    [1, 11, 'OK'],
    [99, 1000, 'OK'],
    [100, 1000, 'WARNING'],
    [101, 1000, 'WARNING'],
    [29, 300, 'OK'],
    [30, 300, 'WARNING'],
    [10, 10, 'WARNING'],
  ] as [number, number, QualityStatus][])('%i of %i missing -> %s', (missing, rows, status) => {
    expect(completenessOf(missing, rows)).toBe(status);
  });
});

const column = (status: QualityStatus, optional: boolean): ColumnQuality => ({
  name: 'c',
  dataType: 'text',
  missing: 0,
  missingShare: 0,
  distinct: 0,
  distinctMethod: 'EXACT',
  outliers: 0,
  outliers3Sigma: 0,
  optional,
  status,
});
const check = (status: QualityStatus): QualityCheck => ({
  name: 'r',
  rule: '',
  rows: 10,
  violations: 2,
  freshRows: 1,
  freshViolations: 1,
  sampleIds: [],
  status,
});

describe('statuses', () => {
  it.each([
    [[], 'OK'],
    [['OK', 'WARNING'], 'WARNING'],
    [['FAILED', 'WARNING', 'OK'], 'FAILED'],
  ] as [QualityStatus[], QualityStatus][])('the worst of %j is %s', (statuses, worst) => {
    expect(worstOf(statuses)).toBe(worst);
  });

  it('lets a column that is empty by design not spoil the report, unless a rule does', () => {
    expect(tableStatus([column('WARNING', true)], [])).toBe('OK');
    expect(tableStatus([column('WARNING', false)], [])).toBe('WARNING');
    expect(tableStatus([column('WARNING', true)], [check('FAILED')])).toBe('FAILED');
  });

  it.each([
    ['nothing broken', 100, 0, 10, 0, 0, 'OK'],
    ['one row broken, none tolerated', 100, 1, 0, 0, 0, 'FAILED'],
    ['exactly what is tolerated', 100, 1, 0, 0, 0.01, 'WARNING'],
    ['more than tolerated', 100, 2, 0, 0, 0.01, 'FAILED'],
    ['a broken batch among many good rows', 1_000_000, 50, 50, 50, 0.01, 'FAILED'],
    ['old faults, fresh rows good', 1_000_000, 50, 50, 0, 0.01, 'WARNING'],
  ] as [string, number, number, number, number, number, QualityStatus][])(
    '%s',
    (_, rows, violations, freshRows, freshViolations, tolerance, status) => {
      const counts = { rows, violations, freshRows, freshViolations };
      expect(checkStatus(counts, tolerance, 'FAILED')).toBe(status);
    },
  );
});

describe('estimates of distinct values', () => {
  it('are exact up to 250,000 rows and sample beyond', () => {
    expect([0, 250_000, 250_001, 500_000, 5_000_000].map(sampleBitsFor)).toEqual([0, 0, 1, 1, 5]);
  });
  it('scale many sampled values up and take few from the sampled rows', () => {
    expect(estimateDistinct({ values: 7, inRows: 99 }, 0, 100)).toBe(7);
    expect(estimateDistinct({ values: 1000, inRows: 900 }, 5, 1_000_000)).toBe(32_000);
    expect(estimateDistinct({ values: 1000, inRows: 900 }, 5, 20_000)).toBe(20_000);
    expect(estimateDistinct({ values: 1, inRows: 6 }, 5, 1_000_000)).toBe(6);
    expect(estimateDistinct({ values: 64, inRows: 3000 }, 5, 1_000_000)).toBe(3000);
  });
});

function scanOf(change: Partial<TableScan>): TableScan {
  return {
    table: 'EVENT',
    asOf: new Date('2026-05-02T00:00:00Z'),
    scannedAt: new Date('2026-05-02T01:00:00Z'),
    seconds: 1,
    rows: 10,
    columns: [column('OK', false)],
    checks: [],
    duplicates: 1,
    sources: [],
    crossSource: null,
    bias: [],
    shift: [],
    status: 'OK',
    ...change,
  };
}

describe('the gate', () => {
  const { signal } = new AbortController();
  const gateOf = (newest: TableScan[], waits = false, now: TableScan[] = []) =>
    qualityGate({
      newest: () => Promise.resolve(newest),
      scanWaits: () => Promise.resolve(waits),
      scanNow: () => Promise.resolve(now),
    });
  const broken = [scanOf({}), scanOf({ status: 'FAILED', checks: [check('FAILED'), check('OK')] })];
  const reason =
    'event: r is broken by 2 of 10 rows (1 of 1 that came in last), scanned 2026-05-02T01:00:00.000Z';

  it('is open without a scan and after a good or doubtful one', async () => {
    for (const scans of [[], [scanOf({}), scanOf({ table: 'CUSTOMER', status: 'WARNING' })]])
      expect(await gateOf(scans)(signal)).toEqual({ ok: true, reasons: [] });
  });
  it('is closed while the newest scan of a table is FAILED, and says which rule', async () => {
    expect(await gateOf(broken)(signal)).toEqual({ ok: false, reasons: [reason] });
  });
  it('looks itself while a scan waits, and goes by what it saw', async () => {
    expect((await gateOf([scanOf({})], true, broken)(signal)).ok).toBe(false);
    expect((await gateOf(broken, true, [scanOf({})])(signal)).ok).toBe(true);
  });
  it('lets nothing be trained, ranked or scored while it is closed, and without a gate everything', async () => {
    for (const done of ['trained', 'ranked', 'scored'] as const)
      await expect(passGate(gateOf(broken), done, signal)).rejects.toMatchObject({
        code: 'CONFLICT',
        message: `nothing is ${done} on broken data: ${reason}`,
      });
    await passGate(gateOf([]), 'scored', signal);
    await passGate(undefined, 'scored', signal);
  });
});

describe('the report', () => {
  it('joins scans: sums, the earliest instants, the longest lag, the worst status', () => {
    const lag = (maxLagSeconds: number | null) => ({
      source: 's',
      rows: 1,
      received: 1,
      maxLagSeconds,
      p99LagSeconds: null,
    });
    const report = reportOf([
      scanOf({ sources: [lag(3), lag(null)], crossSource: { told: 2, agreed: 1 } }),
      scanOf({
        table: 'TICKET',
        asOf: new Date('2026-05-01T00:00:00Z'),
        sources: [lag(7)],
        status: 'WARNING',
      }),
    ]);
    expect(report).toMatchObject({
      asOf: new Date('2026-05-01T00:00:00Z'),
      rows: 20,
      duplicates: 2,
      seconds: 2,
      timelinessSeconds: 7,
      crossSource: { told: 2, agreed: 1 },
      status: 'WARNING',
    });
    expect(report.columns.map(({ name }) => name)).toEqual(['event.c', 'ticket.c']);
    expect(reportOf([scanOf({})]).timelinessSeconds).toBeNull();
  });
  it('makes one point a day, oldest first', () => {
    const points = seriesOf([
      scanOf({ scannedAt: new Date('2026-05-03T00:00:00Z') }),
      scanOf({ scannedAt: new Date('2026-05-01T23:59:59Z'), checks: [check('OK'), check('OK')] }),
      scanOf({ scannedAt: new Date('2026-05-01T01:00:00Z'), table: 'TICKET', status: 'FAILED' }),
    ]);
    expect(
      points.map(({ day, rows, violations, status }) => [day, rows, violations, status]),
    ).toEqual([
      [new Date('2026-05-01T00:00:00Z'), 20, 4, 'FAILED'],
      [new Date('2026-05-03T00:00:00Z'), 10, 0, 'OK'],
    ]);
  });
});
