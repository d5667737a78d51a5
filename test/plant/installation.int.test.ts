import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { openInstallation, type Installation } from '../../src/plant/installation.js';
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
