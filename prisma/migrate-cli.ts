import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { startEmbeddedPostgres } from '../src/plant/embedded-postgres.js';
import { createMigration, migrationDrift } from './migrate.js';

const [command = 'check', name = 'change'] = process.argv.slice(2);
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'augury-migrate-'));
fs.chmodSync(folder, 0o755);
const postgres = await startEmbeddedPostgres(
  path.join(folder, 'pg'),
  path.join(folder, 'password'),
);
try {
  if (command === 'create') {
    console.log((await createMigration(postgres.url, name, new Date())) ?? 'nothing to migrate');
  } else {
    const drift = await migrationDrift(postgres.url);
    console.log(drift ?? 'migrations and schema agree');
    process.exitCode = drift ? 1 : 0;
  }
} finally {
  await postgres.stop();
  fs.rmSync(folder, { recursive: true, force: true });
}
