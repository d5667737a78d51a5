import { expect, inject, it } from 'vitest';
import { applyMigrations, migrationDrift } from '../../prisma/migrate.js';

it('the migrations produce exactly prisma/schema', async () => {
  expect(await migrationDrift(inject('postgresUrl'))).toBeNull();
});

it('the engine works a second time in one process', async () => {
  expect(await migrationDrift(inject('postgresUrl'))).toBeNull();
});

it('a migrated database needs nothing more', async () => {
  const url = new URL(inject('postgresUrl'));
  url.pathname = '/augury_template';
  expect(await applyMigrations(url.toString())).toEqual([]);
});
