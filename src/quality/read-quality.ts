import { DAY_MS } from '../kernel/clock.js';
import { AppError } from '../kernel/error.js';
import { reportOf, seriesOf, type QualityPoint, type QualityReport } from './quality-report.js';
import type { TableScan } from './quality.js';
import type { ScanTables } from './scan-tables.js';
import { QUALITY_TABLES, type QualityTable } from './table.js';

export interface ReadQualityDeps {
  newest(tables: readonly QualityTable[]): Promise<TableScan[]>;
  daily(tables: readonly QualityTable[], since: Date): Promise<TableScan[]>;
  scanTables: ScanTables;
  wall(): Date;
}

/** Answers from the newest scans; a table that was never looked at is looked at now. */
export function readQuality(deps: ReadQualityDeps) {
  let running: Promise<void> | null = null;

  const scanMissing = async (missing: readonly QualityTable[], signal: AbortSignal) => {
    // many who ask at once wait for one scan; it ends even when who asked first went away
    running ??= deps
      .scanTables({ tables: missing, jobId: null, signal: new AbortController().signal })
      .then(() => undefined)
      .finally(() => {
        running = null;
      });
    await orAborted(running, signal);
  };

  return {
    report: async (table: QualityTable | null, signal: AbortSignal): Promise<QualityReport> => {
      const tables = table ? [table] : QUALITY_TABLES;
      const missingFrom = (scans: readonly TableScan[]): QualityTable[] =>
        tables.filter((wanted) => !scans.some((scan) => scan.table === wanted));
      let scans = await deps.newest(tables);
      // once more where the scan waited for was of other tables
      for (let tries = 0; missingFrom(scans).length > 0 && tries < 2; tries += 1) {
        await scanMissing(missingFrom(scans), signal);
        scans = await deps.newest(tables);
      }
      return reportOf(scans);
    },
    /** @param days 1..365 */
    series: async (tables: readonly QualityTable[], days: number): Promise<QualityPoint[]> => {
      const since = new Date(Math.floor(deps.wall().getTime() / DAY_MS - days + 1) * DAY_MS);
      return seriesOf(await deps.daily(tables, since));
    },
  };
}

function orAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      reject(
        new AppError(
          'DEADLINE_EXCEEDED',
          'the first scan takes longer than a request may: ask again, or run scanDataQuality',
        ),
      );
    };
    if (signal.aborted) {
      stop();
      return;
    }
    signal.addEventListener('abort', stop, { once: true });
    void work.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', stop);
    });
  });
}
