import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { applyMigrations } from '../../prisma/migrate.js';
import { openDatabase } from '../../src/plant/database.js';
import { startEmbeddedPostgres } from '../../src/plant/embedded-postgres.js';
import type { Database } from '../../src/plant/ports.js';

/** A PostgreSQL of the bench's own with every migration applied, and nothing in it. */
export interface BenchDatabase {
  url: string;
  db: Database;
  /** Of the server. */
  pid: number;
  /** Stops it and removes its files. */
  close(): Promise<void>;
}

/** Starts it. */
export async function openBenchDatabase(): Promise<BenchDatabase> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'augury-bench-'));
  fs.chmodSync(folder, 0o755); // the postgres user must be able to enter
  const postgres = await startEmbeddedPostgres(
    path.join(folder, 'pg'),
    path.join(folder, 'password'),
  );
  await applyMigrations(postgres.url);
  const db = openDatabase(postgres.url);
  return {
    url: postgres.url,
    db,
    pid: postgres.pid,
    close: async () => {
      await db.close();
      await postgres.stop();
      fs.rmSync(folder, { recursive: true, force: true });
    },
  };
}
