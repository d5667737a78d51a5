import 'reflect-metadata';
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { explainExit } from '../../src/cli/exit.js';
import { buildProgram } from '../../src/cli/program.js';
import { manualClock } from '../../src/kernel/clock.js';
import { backupOf, CANARIES, CANARY, placesOf, plantCanary } from '../support/canary.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { temporaryFolder } from '../support/system.js';

let database: TestDatabase;
const folder = temporaryFolder();
const tombstones = path.join(folder, 'elsewhere', 'tombstones.ndjson');
/** A command in this process: what it wrote to stdout, and how it would have ended. */
async function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  let stdout = '';
  const out = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    stdout += String(text);
    return true;
  });
  const notes = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    const environment = { DATABASE_URL: database.url, AUGURY_TOMBSTONES: tombstones };
    await buildProgram(environment).parseAsync(['node', 'augury', ...args, '--data-dir', folder]);
    return { code: 0, stdout, stderr: '' };
  } catch (error) {
    const { code, message } = explainExit(error);
    return { code, stdout, stderr: message ?? '' };
  } finally {
    out.mockRestore();
    notes.mockRestore();
  }
}

beforeAll(async () => {
  database = await testDatabase();
  await plantCanary(database.db, manualClock(new Date()));
});
afterAll(async () => {
  await database.drop();
  fs.rmSync(folder, { recursive: true });
});

describe('The privacy commands', () => {
  it('refuse what they cannot do: no terminal to ask on, no such key, no such file, a file that exists', async () => {
    const unasked = await run('erase-user', CANARY.externalId);
    expect(unasked).toMatchObject({ code: 2, stdout: '' });
    expect(unasked.stderr).toContain('asks on a terminal; elsewhere pass --yes');
    const unknown = await run('export-user', 'nobody', '--out', path.join(folder, 'nobody.ndjson'));
    expect(unknown.code).toBe(1);
    expect(unknown.stderr).toContain('no customer has the externalId nobody');
    expect(fs.existsSync(path.join(folder, 'nobody.ndjson'))).toBe(false);
    const missing = await run('privacy', 'replay', '--file', '/nowhere/t.ndjson');
    expect(missing.code).toBe(2);
    expect(missing.stderr).toContain('--file: there is no /nowhere/t.ndjson');
    const taken = await run('export-user', CANARY.externalId, '--out', import.meta.filename);
    expect(taken.code).toBe(2);
    expect(taken.stderr).toContain('exists already');
  });

  it('export, erase, and erase again after a restore', async () => {
    const file = path.join(folder, 'export.ndjson');
    const exported = await run('export-user', CANARY.externalId, '--out', file);
    expect(exported).toMatchObject({ code: 0, stdout: '' });
    const rows = fs
      .readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { table: string });
    expect(rows.filter(({ table }) => table === 'event')).toHaveLength(2);
    expect(fs.statSync(file).mode & 0o777).toBe(0o600);
    const restore = await backupOf(database.db);

    const erased = await run('erase-user', CANARY.externalId, '--yes', '--json');
    expect(erased.code).toBe(0);
    expect(JSON.parse(erased.stdout)).toMatchObject({ modelsTrainedOn: ['churn@1'] });
    expect(await placesOf(database.db, CANARIES)).toEqual([]);
    const again = await run('erase-user', CANARY.externalId, '--yes');
    expect(again.code).toBe(1);
    expect(again.stderr).toContain('the customer was erased at');

    await restore();
    const replayed = await run('privacy', 'replay', '--json');
    expect(JSON.parse(replayed.stdout)).toMatchObject({ unknown: 1, erased: 1 });
    expect(await placesOf(database.db, CANARIES)).toEqual([]);
    expect(fs.readFileSync(tombstones, 'utf8')).not.toMatch(/canary/i);
  });

  it('leave nothing of what a statement held in the log of the private PostgreSQL, also when it failed', async () => {
    const { db } = database;
    await expect(db.query('select $1::text::int', ['CANARY in a parameter'])).rejects.toThrow();
    await expect(db.query(`select 'CANARY in a statement' where 1/0 = 1`)).rejects.toThrow();
    await expect(
      db.query(`insert into customer (external_id) values ('CANARY twice'), ('CANARY twice')`),
    ).rejects.toThrow();
    await db.query(`do $$ begin raise log 'it is the log of these statements'; end $$`);
    const [place] = await db.query<{ dir: string }>(
      `select current_setting('data_directory') as dir`,
    );
    const log = fs.readFileSync(`${place?.dir}.log`, 'utf8');
    expect(log).toContain('it is the log of these statements');
    expect(log.split('\n').filter((line) => /canary/i.test(line))).toEqual([]);
  });
});
