import { auditStore } from './access/audit.store.js';
import type { Clock } from './kernel/clock.js';
import { uuidv7 } from './kernel/uuid.js';
import type { Bus, Database, Log } from './plant/ports.js';
import { QUALITY_TOPIC } from './quality/quality.messages.js';
import { qualityGate } from './quality/quality-gate.js';
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
  const scan = scanTables({
    ...store,
    publishScanned: (message) => {
      try {
        bus.publish(QUALITY_TOPIC, message);
      } catch (error) {
        log.debug({ err: error, topic: QUALITY_TOPIC }, 'not published'); // a closing bus must not fail the scan
      }
    },
    newId: () => uuidv7(clock.wall()),
    clock,
  });
  return { store, scan, work: runQualityScan(scan), gate: qualityGate(store) };
}
