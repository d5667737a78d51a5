import { worstOf, type QualityStatus, type TableScan } from './quality.js';

/** Scans of one or more tables as one report; names carry their table: `customer.email`. */
export type QualityReport = Pick<
  TableScan,
  'rows' | 'columns' | 'checks' | 'duplicates' | 'bias' | 'shift' | 'status'
> & {
  tables: TableScan['table'][];
  /** The earliest of the scans. */
  asOf: Date;
  scannedAt: Date;
  seconds: number;
  timelinessSeconds: number | null;
  sources: (TableScan['sources'][number] & { table: TableScan['table'] })[];
  crossSource: TableScan['crossSource'];
};

/** A day of the series. */
export interface QualityPoint {
  /** Midnight (UTC) of the day. */
  day: Date;
  rows: number;
  missing: { column: string; missingShare: number }[];
  violations: number;
  duplicates: number;
  timelinessSeconds: number | null;
  status: QualityStatus;
}

/** Joins scans, at least one. */
export function reportOf(scans: readonly TableScan[]): QualityReport {
  const sum = (of: (scan: TableScan) => number): number =>
    scans.reduce((total, scan) => total + of(scan), 0);
  const earliest = (of: (scan: TableScan) => Date): Date =>
    new Date(Math.min(...scans.map((scan) => of(scan).getTime())));
  return {
    tables: scans.map(({ table }) => table),
    asOf: earliest((scan) => scan.asOf),
    scannedAt: earliest((scan) => scan.scannedAt),
    seconds: sum((scan) => scan.seconds),
    rows: sum((scan) => scan.rows),
    columns: scans.flatMap(({ table, columns }) =>
      columns.map((column) => ({ ...column, name: named(table, column.name) })),
    ),
    checks: scans.flatMap(({ checks }) => checks),
    duplicates: sum((scan) => scan.duplicates),
    timelinessSeconds: timelinessOf(scans),
    sources: scans.flatMap(({ table, sources }) => sources.map((source) => ({ ...source, table }))),
    crossSource: scans.find((scan) => scan.crossSource !== null)?.crossSource ?? null,
    bias: scans.flatMap(({ table, bias }) =>
      bias.map((each) => ({ ...each, attribute: named(table, `attributes.${each.attribute}`) })),
    ),
    shift: scans.flatMap(({ table, shift }) =>
      shift.map((each) => ({ ...each, column: named(table, each.column) })),
    ),
    status: worstOf(scans.map(({ status }) => status)),
  };
}

/** One point a day that has a scan, oldest first. @param scans the newest of each day and table */
export function seriesOf(scans: readonly TableScan[]): QualityPoint[] {
  const days = new Map<string, TableScan[]>();
  for (const scan of scans) {
    const day = scan.scannedAt.toISOString().slice(0, 10);
    days.set(day, [...(days.get(day) ?? []), scan]);
  }
  return [...days]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([day, ofDay]) => {
      const { rows, columns, checks, duplicates, timelinessSeconds, status } = reportOf(ofDay);
      return {
        day: new Date(`${day}T00:00:00Z`),
        rows,
        missing: columns.map(({ name, missingShare }) => ({ column: name, missingShare })),
        violations: checks.reduce((total, { violations }) => total + violations, 0),
        duplicates,
        timelinessSeconds,
        status,
      };
    });
}

function named(table: TableScan['table'], column: string): string {
  return `${table.toLowerCase()}.${column}`;
}

/** The longest lag of any source; null where nothing came in. */
function timelinessOf(scans: readonly TableScan[]): number | null {
  const lags = scans.flatMap(({ sources }) =>
    sources.flatMap(({ maxLagSeconds }) => (maxLagSeconds === null ? [] : [maxLagSeconds])),
  );
  return lags.length > 0 ? Math.max(...lags) : null;
}
