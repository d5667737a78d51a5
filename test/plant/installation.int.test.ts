import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { openInstallation, type Installation } from '../../src/plant/installation.js';
import { openBus } from '../../src/plant/bus.js';
import { openDatabase } from '../../src/plant/database.js';
import { openQueues } from '../../src/plant/queue.js';
import { keptLog } from '../support/quiet-log.js';
import { testDatabase, type TestDatabase } from '../support/database.js';

async function databaseOf(url: string): Promise<string | undefined> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>('select current_database() as name');
    return rows[0]?.name;
  } finally {
    await client.end();
  }
}

describe('an installation with a private server', () => {
  let folder: string;
  const opened: Installation[] = [];
  beforeAll(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'augury-installation-'));
    fs.chmodSync(folder, 0o755);
  });
  afterAll(async () => {
    for (const installation of opened) await installation.stop();
    fs.rmSync(folder, { recursive: true, force: true });
  });
  async function open(): Promise<Installation> {
    const installation = await openInstallation({ databaseUrl: null, dataDir: folder });
    opened.push(installation);
    return installation;
  }

  it('is stopped by the last of those that use it', async () => {
    const [first, second] = await Promise.all([open(), open()]);
    expect(first.databaseUrl).toBe(second.databaseUrl);
    expect(first.embedded).toBe(true);
    expect(await databaseOf(first.databaseUrl)).toBe('augury');
    await first.stop();
    expect(await databaseOf(second.databaseUrl)).toBe('augury');
    await second.stop();
    await expect(databaseOf(second.databaseUrl)).rejects.toThrow('ECONNREFUSED');
    await second.stop();
  });

  it('starts a server again that was killed, on the same address; bus, queues and pool go on', async () => {
    const log = keptLog();
    const installation = await openInstallation({ databaseUrl: null, dataDir: folder }, log);
    opened.push(installation);
    const { databaseUrl } = installation;
    const db = openDatabase(databaseUrl);
    const bus = await openBus({ databaseUrl, redisUrl: null, log: keptLog() });
    const queues = await openQueues({ databaseUrl, redisUrl: null, log: keptLog() });
    const done: unknown[] = [];
    await queues.work('after', { concurrency: 1 }, ({ payload }) => {
      done.push(payload);
      return Promise.resolve();
    });
    const messages = bus.subscribe('after');
    const [row] = await db.query<{ pid: number }>(
      `select (string_to_array(pg_read_file('postmaster.pid'), E'\\n'))[1]::int as pid`,
    );
    process.kill(row?.pid ?? 0, 'SIGKILL');
    await expect
      .poll(() => log.lines.map(({ message }) => message), { timeout: 15_000 })
      .toEqual([
        'the private PostgreSQL is gone: starting it again',
        'the private PostgreSQL runs again',
      ]);
    expect(await db.query('select 1 one')).toEqual([{ one: 1 }]);
    expect(await (await db.prisma()).$queryRaw`select 1 one`).toEqual([{ one: 1 }]);
    await queues.add('after', { id: 1 });
    await expect.poll(() => done, { timeout: 15_000 }).toEqual([{ id: 1 }]);
    const next = messages.next();
    bus.publish('after', 'again');
    expect(await next).toEqual({ value: 'again', done: false });
    await Promise.all([queues.close(), bus.close(), db.close()]);
    await installation.stop();
    await expect(databaseOf(databaseUrl)).rejects.toThrow('ECONNREFUSED');
  });
});

describe('an installation on an existing server', () => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await testDatabase();
  });
  afterAll(() => test.drop());

  function urlWith(change: (url: URL) => void): string {
    const url = new URL(test.url);
    change(url);
    return url.toString();
  }
  const opening = (databaseUrl: string): Promise<Installation> =>
    openInstallation({ databaseUrl, dataDir: os.tmpdir() });

  it('is used as it is, and not stopped', async () => {
    const installation = await opening(test.url);
    expect(installation).toMatchObject({ databaseUrl: test.url, embedded: false });
    await installation.stop();
    expect(await databaseOf(test.url)).toMatch(/^test_/);
  });

  it.each([
    {
      problem: 'nobody listens',
      url: () => 'postgresql://me:secret@127.0.0.1:1/augury',
      message:
        /^PostgreSQL postgresql:\/\/me:\*\*\*@127\.0\.0\.1:1\/augury cannot be reached \(connect ECONNREFUSED 127\.0\.0\.1:1\): start it, correct DATABASE_URL, or unset it for a private one$/,
    },
    {
      problem: 'the host is unknown',
      url: () => 'postgresql://me:secret@no-such-host.invalid/augury',
      message:
        /no-such-host\.invalid\/augury cannot be reached \(getaddrinfo .*\): start it, correct/,
    },
    {
      problem: 'the password is wrong',
      url: () => urlWith((url) => (url.password = 'guess')),
      message:
        /\(password authentication failed for user "augury"\): correct user and password in DATABASE_URL$/,
    },
    {
      problem: 'the database does not exist',
      url: () => urlWith((url) => (url.pathname = '/nothing')),
      message:
        /\(database "nothing" does not exist\): create the database, or correct the name in DATABASE_URL$/,
    },
  ])('says in one sentence that $problem', async ({ url, message }) => {
    const error: unknown = await opening(url()).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'UNAVAILABLE' });
    expect(error).toHaveProperty('message', expect.stringMatching(message));
    expect(error).not.toHaveProperty('message', expect.stringContaining('secret'));
  });

  it('gives up on a server that accepts and then says nothing', async () => {
    const silent = net.createServer();
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void silent.close());
    const address = silent.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    await expect(opening(`postgresql://me@127.0.0.1:${port}/augury`)).rejects.toThrow(/timeout/);
  }, 15_000);
});
