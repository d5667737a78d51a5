import { DAY_MS, type Clock } from '../kernel/clock.js';
import type { RunningJob } from '../job/run-job.js';
import { sampleBitsFor, worstOf, type StoredRule, type TableScan } from './quality.js';
import { qualityJobInput, type QualityJobResult, type QualityScanned } from './quality.messages.js';
import { readScan, type RawScan } from './read-scan.js';
import type { QualityTable } from './table.js';

export interface ScanTablesDeps {
  rules(): Promise<StoredRule[]>;
  /** Rows to expect of each table, and when it was looked at last. */
  lastScans(): Promise<Map<QualityTable, { rows: number; scannedAt: Date | null }>>;
  /** Looks at a table once: one statement. */
  scan(request: {
    table: QualityTable;
    rules: readonly StoredRule[];
    asOf: Date;
    now: Date;
    freshSince: Date;
    sampleBits: number;
  }): Promise<RawScan>;
  writeScan(scan: TableScan, id: string, jobId: string | null): Promise<void>;
  publishScanned(message: QualityScanned): void;
  newId(): string;
  clock: Clock;
}

export interface ScanWish {
  tables: readonly QualityTable[];
  jobId: string | null;
  signal: AbortSignal;
  /** @param progress 0..1 */
  report?(progress: number, stage: string): void;
}

export type ScanTables = (wish: ScanWish) => Promise<QualityJobResult & { scans: TableScan[] }>;

/** Looks at each table once, one after the other, keeps what was found and tells the bus once. */
export function scanTables(deps: ScanTablesDeps): ScanTables {
  return async ({ tables, jobId, signal, report }) => {
    const startMs = deps.clock.monotonicMs();
    const rules = (await deps.rules()).filter(({ enabled }) => enabled);
    const last = await deps.lastScans();
    const scans: TableScan[] = [];
    const scanIds: string[] = [];
    for (const table of tables) {
      signal.throwIfAborted();
      report?.(scans.length / tables.length, `looking at ${table.toLowerCase()}`);
      const own = rules.filter((rule) => rule.table === table);
      const scan = await scanTable(deps, table, own, last.get(table) ?? null);
      signal.throwIfAborted();
      const id = deps.newId();
      await deps.writeScan(scan, id, jobId);
      scans.push(scan);
      scanIds.push(id);
    }
    const status = worstOf(scans.map((scan) => scan.status));
    deps.publishScanned({ scanIds, status });
    const seconds = (deps.clock.monotonicMs() - startMs) / 1000;
    return {
      scanIds,
      status,
      rows: scans.reduce((sum, { rows }) => sum + rows, 0),
      seconds,
      scans,
    };
  };
}

async function scanTable(
  deps: ScanTablesDeps,
  table: QualityTable,
  rules: readonly StoredRule[],
  last: { rows: number; scannedAt: Date | null } | null,
): Promise<TableScan> {
  const startMs = deps.clock.monotonicMs();
  const asOf = deps.clock.now();
  const wall = deps.clock.wall();
  const sampleBits = sampleBitsFor(last?.rows ?? 0);
  const freshSince = freshFrom(last?.scannedAt ?? null, wall);
  // a clock that stands still in the past does not make a future of what happened since
  const now = asOf > wall ? asOf : wall;
  const raw = await deps.scan({ table, rules, asOf, now, freshSince, sampleBits });
  const found = readScan(table, rules, raw, sampleBits);
  const seconds = (deps.clock.monotonicMs() - startMs) / 1000;
  return { ...found, asOf, scannedAt: deps.clock.wall(), seconds };
}

/** What came in since the scan before, and in the last 24 hours at least. */
function freshFrom(last: Date | null, wall: Date): Date {
  const dayAgo = wall.getTime() - DAY_MS;
  return new Date(last === null ? dayAgo : Math.min(dayAgo, last.getTime()));
}

/** The work of a QUALITY job. Result: QualityJobResult. */
export function runQualityScan(scan: ScanTables): (job: RunningJob) => Promise<QualityJobResult> {
  return async (job) => {
    const { tables } = qualityJobInput.parse(job.input);
    const { scans: _, ...result } = await scan({
      tables,
      jobId: job.id,
      signal: job.signal,
      report: (progress, stage) => {
        job.report(progress, stage);
      },
    });
    return result;
  };
}
