import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  augury,
  createKey,
  graphql,
  processesNaming,
  startSystem,
  temporaryFolder,
  type RunningSystem,
} from '../support/system.js';

const CARD = `{
  users(first: 3) { totalCount nodes { externalId prediction { eligibility probability reasons { feature } } predictions(first: 1) { nodes { probability } } } }
  model(name: "churn") { production { version } }
}`;

describe('a first start in an empty folder', () => {
  const folder = temporaryFolder();
  const dataDir = `${folder}/data`;
  let system: RunningSystem;
  let key: string;

  beforeAll(async () => {
    system = await startSystem(dataDir);
    key = await createKey(dataDir);
  }, 120_000);
  afterAll(async () => {
    await system.end('SIGTERM');
    fs.rmSync(folder, { recursive: true, force: true });
  });

  it('fills the demo population of 5,000 and has scored it with the shipped model', async () => {
    const { data, errors } = await graphql(system.url, key, CARD);
    expect(errors).toBeUndefined();
    expect(data.users.totalCount).toBe(5000);
    expect(data.model.production.version).toBe(1);
    const jobs = await graphql(
      system.url,
      key,
      '{ jobs(kind: [SCORE]) { nodes { status result { ... on ScoreRun { rows } } } } }',
    );
    expect(jobs.data.jobs.nodes[0].status).toBe('SUCCEEDED');
    expect(jobs.data.jobs.nodes[0].result.rows).toBeGreaterThan(3000);
  });

  it('keeps passwords and keys in files that only their owner can read', () => {
    const secrets = fs
      .readdirSync(dataDir)
      .filter((name) => fs.statSync(`${dataDir}/${name}`).isFile());
    expect(secrets.length).toBeGreaterThan(0);
    for (const name of secrets) expect(fs.statSync(`${dataDir}/${name}`).mode & 0o077).toBe(0);
  });

  it('logs a browser in once by its link, and not a second time', async () => {
    const first = await fetch(system.link, { redirect: 'manual' });
    expect(first.status).toBe(303);
    expect(first.headers.get('location')).toBe('/explorer');
    const cookie = first.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/HttpOnly/i);
    expect(cookie).toMatch(/SameSite=Strict/i);
    const page = await fetch(`${system.url}/explorer`, {
      headers: { cookie: cookie.split(';')[0] ?? '' },
    });
    expect(page.status).toBe(200);
    expect(await page.text()).toContain('<html');
    const second = await fetch(system.link, { redirect: 'manual' });
    expect(second.headers.get('set-cookie')).toBeNull();
  });

  it('answers nobody without a key, and says it is ready', async () => {
    expect((await graphql(system.url, null, '{ viewer { name } }')).status).toBe(401);
    expect((await fetch(`${system.url}/healthz`)).status).toBe(200);
    expect((await fetch(`${system.url}/readyz`)).status).toBe(200);
  });

  it('refuses a second start on the same data directory with one sentence', async () => {
    const second = await augury(['start', '--port', '0', '--data-dir', dataDir]);
    expect(second.code).not.toBe(0);
    expect(second.stderr).toMatch(/already runs/);
  });

  it('leaves no process behind after Ctrl-C, and a second start answers the same', async () => {
    const before = await graphql(system.url, key, CARD);
    expect(await system.end('SIGINT')).toBe(0);
    expect(processesNaming(dataDir)).toEqual([]);
    system = await startSystem(dataDir);
    const after = await graphql(system.url, key, CARD);
    expect(after.data.users.totalCount).toBe(before.data.users.totalCount);
    expect(after.data.users.nodes[0].externalId).toBe(before.data.users.nodes[0].externalId);
  });

  it('has lost nothing that was acknowledged when everything is killed with -9', async () => {
    const { data } = await graphql(
      system.url,
      key,
      `
        mutation {
          recordEvents(
            events: [
              {
                id: "k9"
                user: "kill-nine"
                type: "purchase"
                at: "${new Date(Date.now() - 86_400_000).toISOString()}"
                value: 9
              }
            ]
          ) {
            accepted
            userErrors {
              message
            }
          }
        }
      `,
    );
    expect(data.recordEvents.accepted).toBe(1);
    for (const line of processesNaming(dataDir)) {
      const pid = Number(line.split(' ')[0]);
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // a child ended with its parent
      }
    }
    await system.end('SIGKILL');
    system = await startSystem(dataDir);
    const answer = await graphql(
      system.url,
      key,
      '{ user(externalId: "kill-nine") { events { nodes { value } } } }',
    );
    expect(answer.data.user.events.nodes).toEqual([{ value: 9 }]);
  });
});

describe('a start that cannot work says why in one sentence and exits with a code', () => {
  it('when the port is taken', async () => {
    const folder = temporaryFolder();
    const server = net.createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as net.AddressInfo;
    const result = await augury(['start', '--port', String(port), '--data-dir', `${folder}/d`]);
    server.close();
    expect(result.code).not.toBe(0);
    expect(result.stderr).toContain(`port ${port}`);
    expect(result.stderr).not.toMatch(/\n\s+at /);
    expect(processesNaming(`${folder}/d`)).toEqual([]);
    fs.rmSync(folder, { recursive: true, force: true });
  });

  it('when the data directory was made by another PostgreSQL', async () => {
    const folder = temporaryFolder();
    fs.mkdirSync(`${folder}/d/pg`, { recursive: true });
    fs.writeFileSync(`${folder}/d/pg/PG_VERSION`, '13\n');
    if (process.getuid?.() === 0) execFileSync('chown', ['-R', 'nobody', `${folder}/d`]);
    const result = await augury(['start', '--port', '0', '--data-dir', `${folder}/d`]);
    expect(result.code).not.toBe(0);
    expect(result.stderr).toMatch(/PostgreSQL 13/);
    fs.rmSync(folder, { recursive: true, force: true });
  });

  it('when DATABASE_URL is out of reach', async () => {
    const folder = temporaryFolder();
    const result = await augury(['start', '--port', '0', '--data-dir', `${folder}/d`], {
      env: { DATABASE_URL: 'postgresql://someone:secret@127.0.0.1:9/shop' },
    });
    expect(result.code).toBe(3);
    expect(result.stderr).toContain('127.0.0.1:9');
    expect(result.stderr).not.toContain('secret');
    fs.rmSync(folder, { recursive: true, force: true });
  });

  it('and every wrong setting is named at once', async () => {
    const result = await augury(['start'], {
      env: { AUGURY_PORT: 'http', AUGURY_ROLE: 'king', AUGURY_NOW: 'yesterday' },
    });
    expect(result.code).toBe(2);
    for (const name of ['AUGURY_PORT', 'AUGURY_ROLE', 'AUGURY_NOW'])
      expect(result.stderr).toContain(name);
  });
});
