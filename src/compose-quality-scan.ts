import { auditStore } from './access/audit.store.js';
import { announcer } from './announcer.js';
import type { Clock } from './kernel/clock.js';
import { uuidv7 } from './kernel/uuid.js';
import { jobStore } from './job/job.store.js';
import type { Bus, Database, Log } from './plant/ports.js';
import { QUALITY_TOPIC } from './quality/quality.messages.js';
import { qualityGate } from './quality/quality-gate.js';
import { scanWaits } from './quality/request-scan.js';
import { QUALITY_TABLES } from './quality/table.js';
import { qualityStore } from './quality/quality.store.js';
import { runQualityScan, scanTables } from './quality/scan-tables.js';

/** What looking at the tables needs; the worker has it too. */
export interface QualityParts {
  db: Database;
  bus: Pick<Bus, 'publish' | 'subscribe'>;
  clock: Clock;
  log: Pick<Log, 'debug'>;
}

/** The scan, for requests and for QUALITY jobs, and the gate that keeps models from a broken batch. */
export function composeQualityScan({ db, bus, clock, log }: QualityParts) {
  const store = qualityStore(db, auditStore);
  const announce = announcer({ bus, log });
  const scan = scanTables({
    ...store,
    publishScanned: (message) => {
      announce(QUALITY_TOPIC, message);
    },
    newId: () => uuidv7(clock.wall()),
    clock,
  });
  const jobs = jobStore(db, clock);
  const gate = qualityGate({
    newest: store.newest,
    scanWaits: () => scanWaits(jobs.page),
    scanNow: async (signal) => (await scan({ tables: QUALITY_TABLES, jobId: null, signal })).scans,
  });
  return { store, scan, work: runQualityScan(scan), gate };
}
