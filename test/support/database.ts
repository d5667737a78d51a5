import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import { openDatabase } from '../../src/plant/database.js';
import type { Database } from '../../src/plant/ports.js';

/** A database of this test file's own, cloned from the migrated template; `drop` closes and removes it. */
export interface TestDatabase {
  url: string;
  db: Database;
  drop(): Promise<void>;
}

async function administer(sql: string): Promise<void> {
  const client = new pg.Client(inject('postgresUrl'));
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

/** Clones the template (20-60 ms). */
export async function testDatabase(): Promise<TestDatabase> {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await administer(`create database ${name} template augury_template`);
  const parsed = new URL(inject('postgresUrl'));
  parsed.pathname = `/${name}`;
  const url = parsed.toString();
  const db = openDatabase(url);
  return {
    url,
    db,
    drop: async () => {
      await db.close();
      await administer(`drop database ${name} with (force)`);
    },
  };
}
