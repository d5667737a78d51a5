import { AppError } from '../kernel/error.js';
import type { TableScan } from './quality.js';
import { QUALITY_TABLES, type QualityTable } from './table.js';

/** Whether models may read the data, and why not. */
export interface GateVerdict {
  ok: boolean;
  /** One sentence a broken check. */
  reasons: string[];
}

export type QualityGate = (signal: AbortSignal) => Promise<GateVerdict>;

export interface QualityGateDeps {
  newest(tables: readonly QualityTable[]): Promise<TableScan[]>;
  /** Whether a scan was asked for and has not ended: data came in that nobody looked at. */
  scanWaits(): Promise<boolean>;
  /** Looks at all tables now. */
  scanNow(signal: AbortSignal): Promise<TableScan[]>;
}

/**
 * Closed while the newest scan of a table is FAILED: a broken batch is told before a model reads it, and a
 * later good scan opens the gate again. Behind an import whose scan still waits the tables are looked at here,
 * so that no model is quicker than the look. A table that was never looked at keeps nothing closed.
 */
export function qualityGate(deps: QualityGateDeps): QualityGate {
  return async (signal) => {
    const scans = (await deps.scanWaits())
      ? await deps.scanNow(signal)
      : await deps.newest(QUALITY_TABLES);
    const failed = scans.filter(({ status }) => status === 'FAILED');
    return { ok: failed.length === 0, reasons: failed.flatMap(reasonsOf) };
  };
}

/**
 * For the work of a job that lets a model read; without a gate it may always.
 * @throws AppError CONFLICT while the gate is closed, with its reasons
 */
export async function passGate(
  gate: QualityGate | undefined,
  done: 'trained' | 'ranked' | 'scored' | 'grouped',
  signal: AbortSignal,
): Promise<void> {
  const verdict = await gate?.(signal);
  if (verdict && !verdict.ok)
    throw new AppError(
      'CONFLICT',
      `nothing is ${done} on broken data: ${verdict.reasons.join('; ')}`,
    );
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
