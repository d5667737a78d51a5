import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hashSecret } from '../../src/access/access.js';
import { auditStore } from '../../src/access/audit.store.js';
import { createAuthenticator } from '../../src/access/authenticate.js';
import { createKey } from '../../src/access/create-key.js';
import type { CredentialStore } from '../../src/access/credential.store.js';
import { credentialStore } from '../../src/access/credential.store.js';
import { listKeys } from '../../src/access/list-keys.js';
import {
  createLoginLink,
  openLoginLink,
  signInWithKey,
  signOut,
} from '../../src/access/login-link.js';
import { revokeKey } from '../../src/access/revoke-key.js';
import { manualClock } from '../../src/kernel/clock.js';
import { withCounts, zeroCounts } from '../../src/kernel/count.js';
import { testDatabase, type TestDatabase } from '../support/database.js';

let database: TestDatabase;
let credentials: CredentialStore;
const clock = manualClock(new Date('2026-01-01T00:00:00Z'));

function doors() {
  const audit = auditStore(database.db);
  const authenticator = createAuthenticator({
    credentials,
    wall: () => clock.wall(),
    monotonicMs: () => clock.monotonicMs(),
  });
  const deps = { credentials, audit, wall: () => clock.wall(), ...authenticator };
  return {
    audit,
    authenticator,
    createKey: createKey(deps),
    listKeys: listKeys(deps),
    revokeKey: revokeKey(deps),
    createLoginLink: createLoginLink(deps),
    openLoginLink: openLoginLink(deps),
    signInWithKey: signInWithKey(deps),
    signOut: signOut(deps),
  };
}

const sessionOf = (secret: string) => ({ bearer: null, session: secret });
const bearer = (key: string) => ({ bearer: key, session: null });

beforeAll(async () => {
  database = await testDatabase();
  credentials = credentialStore(database.db);
});
afterAll(() => database.drop());
beforeEach(() => database.db.query('truncate credential, audit_entry'));

describe('an API key', () => {
  it('opens the door with its name and role, and is nowhere in the database', async () => {
    const { createKey, authenticator } = doors();
    const { key, id } = await createKey({ role: 'ANALYST', name: ' Ann ', createdBy: 'test' });
    expect(key).toMatch(/^augury_analyst_[\w-]{43}$/);
    expect(await authenticator.authenticate(bearer(key))).toEqual({
      id,
      name: 'Ann',
      role: 'ANALYST',
    });
    const [row] = await database.db.query<{ all: string }>(
      'select c::text as all from credential c',
    );
    expect(row?.all).not.toContain(key.slice(-43));
    expect(row?.all).toContain(Buffer.from(hashSecret(key)).toString('hex'));
  });

  it('is refused when one character differs, when it is empty, and when it is a session', async () => {
    const { createKey, authenticator, signInWithKey } = doors();
    const { key } = await createKey({ role: 'CRM', name: 'a', createdBy: 'test' });
    const last = key.endsWith('A') ? 'B' : 'A';
    expect(await authenticator.authenticate(bearer(key.slice(0, -1) + last))).toBeNull();
    expect(await authenticator.authenticate(bearer(''))).toBeNull();
    const session = await signInWithKey(key);
    expect(await authenticator.authenticate(bearer(session?.secret ?? ''))).toBeNull();
    expect(await authenticator.authenticate(sessionOf(key))).toBeNull();
  });

  it('costs SQL once in five seconds, and junk costs none', async () => {
    const { createKey, authenticator } = doors();
    const { key } = await createKey({ role: 'CRM', name: 'a', createdBy: 'test' });
    const counts = zeroCounts();
    await withCounts(counts, async () => {
      await Promise.all([1, 2, 3].map(() => authenticator.authenticate(bearer(key))));
      await authenticator.authenticate(bearer(key));
      await authenticator.authenticate(bearer('augury_crm_short'));
    });
    expect(counts.sql).toBe(1);
    clock.advance(5_001);
    await withCounts(counts, () => authenticator.authenticate(bearer(key)));
    expect(counts.sql).toBe(2);
  });

  it('stops working at once where it was revoked, and within five seconds in another process', async () => {
    const here = doors();
    const elsewhere = doors();
    const { key, id } = await here.createKey({ role: 'CRM', name: 'a', createdBy: 'test' });
    await here.authenticator.authenticate(bearer(key));
    await elsewhere.authenticator.authenticate(bearer(key));
    expect(await here.revokeKey({ id, revokedBy: 'test' })).toBe(true);
    expect(await here.authenticator.authenticate(bearer(key))).toBeNull();
    clock.advance(5_000);
    expect(await elsewhere.authenticator.authenticate(bearer(key))).toBeNull();
    expect(await here.revokeKey({ id, revokedBy: 'test' })).toBe(false);
    expect(await here.revokeKey({ id: 'no uuid', revokedBy: 'test' })).toBe(false);
  });

  it('expires on time although it is remembered', async () => {
    const { createKey, authenticator, listKeys } = doors();
    const expiresAt = new Date(clock.wall().getTime() + 2_000);
    const { key } = await createKey({ role: 'CRM', name: 'a', createdBy: 'test', expiresAt });
    expect(await authenticator.authenticate(bearer(key))).not.toBeNull();
    clock.advance(2_000);
    expect(await authenticator.authenticate(bearer(key))).toBeNull();
    expect((await listKeys()).map(({ live }) => live)).toEqual([false]);
  });

  it('is listed without its hash, with who made it, and the change is in the audit trail', async () => {
    const { createKey, listKeys, revokeKey, audit } = doors();
    const { id } = await createKey({ role: 'OPERATOR', name: 'ops', createdBy: 'command line' });
    await revokeKey({ id, revokedBy: 'Bo' });
    const [listed] = await listKeys();
    expect(listed).toMatchObject({ id, name: 'ops', role: 'OPERATOR', createdBy: 'command line' });
    expect(listed).not.toHaveProperty('secretHash');
    const trail = await audit.bySubject(`Credential:${id}`);
    expect(trail.map(({ actor, action }) => `${actor} ${action}`)).toEqual([
      'Bo revoked',
      'command line created',
    ]);
  });

  it('needs a name of 1..80 characters', async () => {
    const { createKey } = doors();
    await expect(createKey({ role: 'CRM', name: '  ', createdBy: 't' })).rejects.toThrow(
      'name must have 1..80 characters, got 0',
    );
  });
});

describe('a login link', () => {
  const request = { role: 'ADMIN', name: 'local', createdBy: 'start' } as const;

  it('is exchanged once for a session; of two clicks at the same moment one wins', async () => {
    const { createLoginLink, openLoginLink, authenticator } = doors();
    const { secret } = await createLoginLink(request);
    const both = await Promise.all([openLoginLink(secret), openLoginLink(secret)]);
    const opened = both.filter((session) => session !== null);
    expect(opened).toHaveLength(1);
    expect(await openLoginLink(secret)).toBeNull();
    expect(await authenticator.authenticate(sessionOf(opened[0]?.secret ?? ''))).toMatchObject({
      name: 'local',
      role: 'ADMIN',
    });
  });

  it('is of no use after 15 minutes, and the session after 12 hours', async () => {
    const { createLoginLink, openLoginLink, authenticator } = doors();
    const late = await createLoginLink(request);
    clock.advance(15 * 60_000);
    expect(await openLoginLink(late.secret)).toBeNull();
    const { secret } = await createLoginLink(request);
    clock.advance(15 * 60_000 - 1);
    const session = await openLoginLink(secret);
    clock.advance(12 * 3_600_000 - 1);
    expect(await authenticator.authenticate(sessionOf(session?.secret ?? ''))).not.toBeNull();
    clock.advance(1);
    expect(await authenticator.authenticate(sessionOf(session?.secret ?? ''))).toBeNull();
  });

  it('cannot be used as a key or as a session', async () => {
    const { createLoginLink, authenticator } = doors();
    const { secret } = await createLoginLink(request);
    expect(await authenticator.authenticate(bearer(secret))).toBeNull();
    expect(await authenticator.authenticate(sessionOf(secret))).toBeNull();
  });
});

describe('a session opened with a key', () => {
  it('ends with the key, at sign-out, and never outlives the key', async () => {
    const { createKey, signInWithKey, signOut, revokeKey, authenticator } = doors();
    const expiresAt = new Date(clock.wall().getTime() + 60_000);
    const short = await createKey({ role: 'CRM', name: 'a', createdBy: 'test', expiresAt });
    expect((await signInWithKey(short.key))?.expiresAt).toEqual(expiresAt);

    const { key, id } = await createKey({ role: 'CRM', name: 'b', createdBy: 'test' });
    const [first, second] = [await signInWithKey(key), await signInWithKey(key)];
    const who = (session: typeof first) =>
      authenticator.authenticate(sessionOf(session?.secret ?? ''));
    expect(await who(first)).not.toBeNull();
    await signOut(first?.secret ?? '');
    expect(await who(first)).toBeNull();
    expect(await who(second)).not.toBeNull();
    await revokeKey({ id, revokedBy: 'test' });
    expect(await who(second)).toBeNull();
    expect(await signInWithKey(key)).toBeNull();
  });
});

describe('the audit trail', () => {
  it('answers many subjects in the order asked with one statement', async () => {
    const { audit } = doors();
    for (const subject of ['A:1', 'B:2', 'A:1'])
      await audit.write({
        at: clock.wall(),
        actor: 'x',
        action: subject,
        subject,
        detail: { subject },
      });
    const counts = zeroCounts();
    const answer = await withCounts(counts, () => audit.bySubjects(['B:2', 'C:3', 'A:1']));
    expect(answer.map((entries) => entries.map(({ detail }) => detail))).toEqual([
      [{ subject: 'B:2' }],
      [],
      [{ subject: 'A:1' }, { subject: 'A:1' }],
    ]);
    expect(counts.sql).toBe(1);
  });
});

describe('when the database does not answer', () => {
  it('authentication says so instead of letting anyone in or out', async () => {
    const authenticator = createAuthenticator({
      credentials: { byHash: () => Promise.reject(new Error('connection refused')) },
      wall: () => clock.wall(),
      monotonicMs: () => clock.monotonicMs(),
    });
    const key = `augury_crm_${'a'.repeat(43)}`;
    await expect(authenticator.authenticate(bearer(key))).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    });
  });
});
