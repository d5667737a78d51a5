import type { AuditOn } from './access/audit.store.js';
import type { Clock } from './kernel/clock.js';
import type { Database } from './plant/ports.js';
import { createLedgerMonths, lookAfterLedger } from './prediction/ledger-months.js';
import { ledgerPartitionStore } from './prediction/ledger-partition.store.js';

/** The months of the ledger: made ahead, and dropped when retention has passed them (0 days = kept for ever). */
export function composeLedgerUpkeep(
  db: Database,
  clock: Clock,
  auditOn: AuditOn,
  retentionDays: number,
) {
  const deps = { ...ledgerPartitionStore(db, auditOn), clock, retentionDays };
  return {
    createLedgerMonths: () => createLedgerMonths(deps),
    lookAfterLedger: (signal?: AbortSignal) => lookAfterLedger(deps, signal),
  };
}
