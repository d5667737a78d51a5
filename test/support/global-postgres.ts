import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { TestProject } from 'vitest/node';
import { applyMigrations } from '../../prisma/migrate.js';
import { startEmbeddedPostgres } from '../../src/plant/embedded-postgres.js';

declare module 'vitest' {
  export interface ProvidedContext {
    /** A running server whose database `augury_template` has every migration applied. */
    postgresUrl: string;
  }
}

/** One PostgreSQL for the whole run, in a folder of its own; each int file clones a database from the template. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'augury-test-'));
  fs.chmodSync(folder, 0o755); // the postgres user must be able to enter
  const postgres = await startEmbeddedPostgres(
    path.join(folder, 'pg'),
    path.join(folder, 'password'),
  );
  const { default: pg } = await import('pg');
  const client = new pg.Client(postgres.url);
  await client.connect();
  await client.query('create database augury_template');
  await client.end();
  await applyMigrations(withDatabase(postgres.url, 'augury_template'));
  project.provide('postgresUrl', postgres.url);
  return async () => {
    await postgres.stop();
    fs.rmSync(folder, { recursive: true, force: true });
  };
}

function withDatabase(url: string, database: string): string {
  const parsed = new URL(url);
  parsed.pathname = `/${database}`;
  return parsed.toString();
}
