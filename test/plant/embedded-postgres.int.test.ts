import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../src/plant/embedded-postgres.js';
import { projectRoot } from '../../src/plant/paths.js';
import { findPostgresBinaries } from '../../src/plant/postgres-binaries.js';
import { placeOf } from '../../src/plant/postgres-place.js';

const isRoot = process.getuid?.() === 0;
const NOBODY = 65_534;
const starter = path.join(projectRoot, 'dist/test/support/postgres-starter.js');

/** A folder that the server's user may enter; servers that still run below it are stopped at the end. */
function folder(mode = 0o755): string {
  const fresh = fs.mkdtempSync(path.join(os.tmpdir(), 'augury-pg-'));
  fs.chmodSync(fresh, mode);
  onTestFinished(() => fs.rmSync(fresh, { recursive: true, force: true }));
  return fresh;
}

/** Holds data that were made once, by a server that has stopped. */
let made: string;
beforeAll(async () => {
  made = fs.mkdtempSync(path.join(os.tmpdir(), 'augury-pg-'));
  fs.chmodSync(made, 0o755);
  const server = await startEmbeddedPostgres(
    path.join(made, 'data/pg'),
    path.join(made, 'data/password'),
  );
  await server.stop();
});
afterAll(() => {
  fs.rmSync(made, { recursive: true, force: true });
});

/** A folder with a copy of those data: for tests that are not about how data are made. */
function filledFolder(): string {
  const base = folder();
  spawnSync('cp', ['-a', path.join(made, 'data'), base]);
  return base;
}

async function start(base: string, shelter?: string): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres(
    path.join(base, 'data/pg'),
    path.join(base, 'data/password'),
    { shelter },
  );
  onTestFinished(() => server.stop());
  return server;
}

async function query<Row extends object>(url: string, sql: string): Promise<Row[]> {
  const client = new pg.Client(url);
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** Runs the starter; resolves with what it printed. */
function startElsewhere(
  base: string,
  options: { uid?: number; gid?: number } = {},
): Promise<{ child: ChildProcess; url: string; pid: number; reused: boolean; error?: string }> {
  const child = spawn(
    process.execPath,
    [starter, path.join(base, 'data/pg'), path.join(base, 'data/password')],
    { stdio: ['ignore', 'pipe', 'inherit'], ...options },
  );
  onTestFinished(() => void child.kill('SIGKILL'));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.stdout.once('data', (line: Buffer) =>
      resolve({
        child,
        ...(JSON.parse(line.toString()) as { url: string; pid: number; reused: boolean }),
      }),
    );
  });
}

const gone = (child: ChildProcess): Promise<unknown> =>
  new Promise((resolve) => child.once('exit', resolve));

describe('the private PostgreSQL', () => {
  it('starts on a fresh folder, asks for a password and keeps it to its user', async () => {
    const base = folder();
    const server = await start(base);
    expect(server.reused).toBe(false);
    const rows = await query<{ tz: string; fsync: string; hosts: string }>(
      server.url,
      `select current_setting('timezone') tz, current_setting('fsync') fsync, current_setting('listen_addresses') hosts`,
    );
    expect(rows).toEqual([{ tz: 'UTC', fsync: 'on', hosts: '127.0.0.1' }]);
    const wrong = new URL(server.url);
    wrong.password = 'guess';
    await expect(query(wrong.toString(), 'select 1')).rejects.toMatchObject({ code: '28P01' });
    for (const file of ['data/password', 'data/pg/augury.password'])
      expect(fs.statSync(path.join(base, file)).mode & 0o777).toBe(0o600);
    expect(fs.statSync(path.join(base, 'data/pg')).mode & 0o777).toBe(0o700);
    await server.stop();
    expect(fs.existsSync(path.join(base, 'data/pg/postmaster.pid'))).toBe(false);
    expect((await start(base)).reused).toBe(false);
  });

  it('is taken over by a second start while it runs', async () => {
    const base = filledFolder();
    const first = await start(base);
    const second = await start(base);
    expect(second).toMatchObject({ pid: first.pid, url: first.url, reused: true });
  });

  it('loses nothing acknowledged when it is killed, and starts again', async () => {
    const base = filledFolder();
    const first = await start(base);
    await query(first.url, 'create table kept as select generate_series(1, 1000) n');
    process.kill(first.pid, 'SIGKILL');
    const second = await start(base);
    expect(second.reused).toBe(false);
    expect(await query(second.url, 'select count(*)::int n from kept')).toEqual([{ n: 1000 }]);
  });

  it('survives the process that started it; the next start takes it over', async () => {
    const base = filledFolder();
    const first = await startElsewhere(base);
    await query(first.url, 'create table kept (n int)');
    const dead = gone(first.child);
    first.child.kill('SIGKILL');
    await dead;
    const second = await start(base);
    expect(second).toMatchObject({ pid: first.pid, reused: true });
    expect(await query(second.url, 'select * from kept')).toEqual([]);
  });

  it('starts once when two processes start it on a fresh folder at the same moment', async () => {
    const base = folder();
    const [a, b] = await Promise.all([startElsewhere(base), startElsewhere(base)]);
    expect([a.error, b.error]).toEqual([undefined, undefined]);
    expect(a.pid).toBe(b.pid);
    expect(a.url).toBe(b.url);
    const here = await start(base);
    expect(await query(here.url, 'select 1 one')).toEqual([{ one: 1 }]);
  });

  it.each([
    { whose: 'a process that is gone', pid: () => spawnSync('true').pid },
    { whose: 'another program', pid: () => process.pid },
    {
      whose: 'a zombie',
      pid: () => {
        // The shell becomes a sleep that never reaps its child.
        const parent = spawn('/bin/sh', ['-c', 'true & echo $!; exec sleep 60'], {
          stdio: ['ignore', 'pipe', 'ignore'],
        });
        onTestFinished(() => void parent.kill());
        return new Promise<number>((resolve) =>
          parent.stdout.once('data', (text: Buffer) => resolve(Number(text.toString()))),
        );
      },
    },
  ])('starts although a left-over pid file names $whose', async ({ pid }) => {
    const base = filledFolder();
    const first = await start(base);
    const pidFile = path.join(base, 'data/pg/postmaster.pid');
    const text = fs.readFileSync(pidFile, 'utf8');
    await first.stop();
    fs.writeFileSync(pidFile, text.replace(/^\d+/, String(await pid())));
    const second = await start(base);
    expect(second.reused).toBe(false);
    expect(await query(second.url, 'select 1 one')).toEqual([{ one: 1 }]);
  });

  it('makes its data anew after a crash in the middle of initdb', async () => {
    const base = folder();
    const half = path.join(base, 'data', `pg.new-${spawnSync('true').pid}`);
    fs.mkdirSync(half, { recursive: true });
    fs.writeFileSync(path.join(half, 'PG_VERSION'), '18\n');
    fs.mkdirSync(path.join(base, 'data/pg'));
    const server = await start(base);
    expect(await query(server.url, 'select 1 one')).toEqual([{ one: 1 }]);
    expect(fs.existsSync(half)).toBe(false);
  });

  it('says in one sentence that the data are of another version', async () => {
    const base = folder();
    fs.mkdirSync(path.join(base, 'data/pg'), { recursive: true });
    fs.writeFileSync(path.join(base, 'data/pg/PG_VERSION'), '16\n');
    await expect(start(base)).rejects.toMatchObject({
      code: 'CONFIGURATION',
      message: `${base}/data/pg was made by PostgreSQL 16, this program brings 18: dump and reload it, or choose another --data-dir`,
    });
  });

  it('does not touch a folder with other files', async () => {
    const base = folder();
    fs.mkdirSync(path.join(base, 'data/pg'), { recursive: true });
    fs.writeFileSync(path.join(base, 'data/pg/thesis.txt'), 'mine');
    await expect(start(base)).rejects.toThrow('holds files but no PostgreSQL data');
    expect(fs.readdirSync(path.join(base, 'data/pg'))).toEqual(['thesis.txt']);
  });

  it('quotes the reason from its log when it does not start', async () => {
    const base = filledFolder();
    const first = await start(base);
    await first.stop();
    fs.rmSync(path.join(base, 'data/pg/global/pg_control'));
    await expect(start(base)).rejects.toThrow(/PostgreSQL did not start on .*pg_control/);
  });
});

describe.runIf(isRoot)('the private PostgreSQL started by root', () => {
  it('runs as nobody', async () => {
    const server = await start(folder());
    expect(fs.statSync(`/proc/${server.pid}`).uid).toBe(NOBODY);
  });

  it('starts below a folder that only root may enter: the data move to a shelter', async () => {
    const base = folder(0o700);
    const shelter = folder();
    const first = await start(base, shelter);
    expect(first.dataDir.startsWith(shelter)).toBe(true);
    expect(fs.readFileSync(path.join(base, 'data/pg.location'), 'utf8').trim()).toBe(first.dataDir);
    await query(first.url, 'create table kept (n int)');
    await first.stop();
    const second = await start(base, shelter);
    expect(await query(second.url, 'select * from kept')).toEqual([]);
  });

  it('copies its programs to the shelter when only root may run them', async () => {
    const binaries = await findPostgresBinaries();
    const closed = path.join(folder(0o700), 'native');
    fs.cpSync(binaries.folder, closed, { recursive: true, verbatimSymlinks: true });
    const inClosed = (file: string): string =>
      path.join(closed, path.relative(binaries.folder, file));
    const shelter = folder();
    const place = placeOf(
      path.join(folder(), 'pg'),
      {
        ...binaries,
        folder: closed,
        initdb: inClosed(binaries.initdb),
        postgres: inClosed(binaries.postgres),
      },
      shelter,
    );
    expect(place.binaries.postgres.startsWith(shelter)).toBe(true);
    const version = spawnSync(place.binaries.postgres, ['--version'], { uid: NOBODY, cwd: '/' });
    expect(version.stdout.toString()).toMatch(/^postgres \(PostgreSQL\) 18/);
  });

  it('starts with a umask that closes new folders', async () => {
    const before = process.umask(0o077);
    onTestFinished(() => void process.umask(before));
    const server = await start(folder());
    expect(await query(server.url, 'select 1 one')).toEqual([{ one: 1 }]);
  });
});

describe.runIf(isRoot)('the private PostgreSQL and ordinary users', () => {
  it('starts as an ordinary user, and root later runs it as that user', async () => {
    const base = folder();
    fs.chownSync(base, NOBODY, NOBODY);
    const first = await startElsewhere(base, { uid: NOBODY, gid: NOBODY });
    expect(first.error).toBeUndefined();
    expect(fs.statSync(`/proc/${first.pid}`).uid).toBe(NOBODY);
    const second = await start(base);
    expect(second).toMatchObject({ pid: first.pid, reused: true });
  });

  it('says in one sentence that the data belong to another user', async () => {
    const base = filledFolder();
    const first = await start(base);
    await first.stop();
    const other = await startElsewhere(base, { uid: 12_345, gid: 12_345 });
    expect(other.error).toBe(
      `AppError: ${base}/data/pg belongs to user 65534, this program runs as user 12345: start it as before (as root), or choose another --data-dir`,
    );
  });

  it('says in one sentence that the folder cannot be made', async () => {
    const other = await startElsewhere(folder(), { uid: NOBODY, gid: NOBODY });
    expect(other.error).toMatch(
      /^AppError: cannot make the folder .*\/data \(EACCES: .*\): choose another with --data-dir$/,
    );
  });
});
