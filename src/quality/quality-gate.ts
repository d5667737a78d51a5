import type { TableScan } from './quality.js';
import { QUALITY_TABLES, type QualityTable } from './table.js';

/** Whether models may read the data, and why not. */
export interface GateVerdict {
  ok: boolean;
  /** One sentence a broken check. */
  reasons: string[];
}

export type QualityGate = () => Promise<GateVerdict>;

/**
 * Closed while the newest scan of a table is FAILED: a broken batch is told before a model reads it, and a
 * later good scan opens the gate again. A table that was never looked at keeps nothing closed. One statement.
 */
export function qualityGate(deps: {
  newest(tables: readonly QualityTable[]): Promise<TableScan[]>;
}): QualityGate {
  return async () => {
    const failed = (await deps.newest(QUALITY_TABLES)).filter(({ status }) => status === 'FAILED');
    return { ok: failed.length === 0, reasons: failed.flatMap(reasonsOf) };
  };
}

function reasonsOf({ table, checks, scannedAt }: TableScan): string[] {
  return checks
    .filter(({ status }) => status === 'FAILED')
    .map(
      ({ name, rows, violations, freshRows, freshViolations }) =>
        `${table.toLowerCase()}: ${name} is broken by ${violations} of ${rows} rows ` +
        `(${freshViolations} of ${freshRows} that came in last), scanned ${scannedAt.toISOString()}`,
    );
}
