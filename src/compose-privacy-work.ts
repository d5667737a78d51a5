import path from 'node:path';
import { auditStore } from './access/audit.store.js';
import { announcer } from './announcer.js';
import type { Clock } from './kernel/clock.js';
import { uuidv7 } from './kernel/uuid.js';
import type { Bus, Database, Log } from './plant/ports.js';
import { eraseUser, type EraseUserDeps } from './privacy/erase-user.js';
import { erasureStore } from './privacy/erasure.store.js';
import { exportStore } from './privacy/export.store.js';
import { exportUser, streamUser, type ExportUserDeps } from './privacy/export-user.js';
import { knownTombstones } from './privacy/known-tombstones.js';
import { ERASED_TOPIC } from './privacy/privacy.messages.js';
import { replayErasures } from './privacy/replay-erasures.js';
import { tombstoneFile } from './privacy/tombstone-file.js';
import { tombstoneStore } from './privacy/tombstone.store.js';
import { forgetSamples } from './quality/forget-samples.store.js';

/** What the privacy room stands on. */
export interface PrivacyRoomParts {
  db: Database;
  clock: Clock;
  log: Log;
  /** Null for a command that runs beside the server: other processes then notice within a second. */
  bus: Bus | null;
  /** Where tombstones are kept outside of the database. */
  tombstones: string;
}

/** Where tombstones are kept: as set, else in the data directory. */
export function tombstonePlace(config: { tombstones: string | null; dataDir: string }): string {
  return config.tombstones ?? path.join(config.dataDir, 'tombstones.ndjson');
}

/** Tombstones alone, for who takes data in; `follow` ends with the bus. */
export function composeTombstones({
  db,
  clock,
  bus,
}: Pick<PrivacyRoomParts, 'db' | 'clock' | 'bus'>) {
  const known = knownTombstones({
    since: tombstoneStore(db).since,
    monotonicMs: () => clock.monotonicMs(),
  });
  const follow = async (erasures: AsyncIterator<unknown>): Promise<void> => {
    while (!(await erasures.next()).done) known.forget();
  };
  // a subscriber that was cut off is no loss: tombstones are read again every second anyway
  if (bus) follow(bus.subscribe(ERASED_TOPIC)).catch(() => undefined);
  return known;
}

/** Export, erasure, tombstones; without decorators, for the command line too. */
export function composePrivacyWork(parts: PrivacyRoomParts) {
  const { db, clock, log, bus } = parts;
  const audit = auditStore(db);
  const erasures = erasureStore(db, auditStore, { forgetSamples });
  const tombstones = tombstoneStore(db);
  const outside = tombstoneFile(parts.tombstones);
  const known = composeTombstones(parts);
  const announce = announcer({ bus, log });
  const wall = (): Date => clock.wall();
  const erasing: EraseUserDeps = {
    ...erasures,
    salt: tombstones.salt,
    erasedAt: tombstones.erasedAt,
    keepOutside: outside.append,
    publishErased: (id) => {
      known.forget();
      announce(ERASED_TOPIC, { id });
    },
    newId: uuidv7,
    wall,
  };
  const exporting: ExportUserDeps = {
    tell: exportStore(db).tell,
    traces: erasures.traces,
    salt: tombstones.salt,
    erasedAt: tombstones.erasedAt,
    audit: audit.write,
    wall,
  };
  const replay = replayErasures({ ...tombstones, ...erasing, readOutside: outside.read });
  return {
    erasedBefore: known.erasedBefore,
    eraseUser: eraseUser(erasing),
    streamUser: streamUser(exporting),
    replay,
    /** The tables with their policies. @throws AppError CONFIGURATION naming those without */
    tables: erasures.tables,
    exportUser: exportUser(exporting),
    audit,
    /** Boot step: erasures that a restored database does not know are made again. */
    prepare: async (): Promise<void> => {
      const { unknown, erased, events } = await replay();
      if (unknown > 0)
        log.warn({ unknown, erased, events }, 'the database did not know erasures: made again');
    },
  };
}
