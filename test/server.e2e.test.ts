import http from 'node:http';
import net from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startServer } from '../src/server.js';
import { type DoorTest, KEY, post, SESSION, startDoor, until } from './support/door.js';

let door: DoorTest;
beforeEach(async () => {
  door = await startDoor();
});
afterEach(() => door.close());

const get = (path: string, init: RequestInit = {}): Promise<Response> =>
  fetch(`${door.server.url}${path}`, { redirect: 'manual', ...init });
const form = (path: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
  get(path, { method: 'POST', body: new URLSearchParams(fields), headers });

describe('signing in', () => {
  it('by the one-time link sets a cookie that scripts cannot read and goes to the explorer', async () => {
    const response = await get('/login?key=one-time');
    expect([response.status, response.headers.get('location')]).toEqual([303, '/explorer']);
    const cookie = response.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(
      /^augury_session=a-session; Path=\/; HttpOnly; SameSite=Strict; Expires=/,
    );
    expect(cookie).not.toContain('Secure');
    const explorer = await get('/explorer', { headers: { cookie: cookie.split(';')[0] ?? '' } });
    expect(await explorer.text()).toContain('explorer');
  });

  it('is not done by a program that only looks where the link leads', async () => {
    expect(
      (await get('/login?key=one-time', { method: 'HEAD' })).headers.get('set-cookie'),
    ).toBeNull();
    expect((await get('/login?key=one-time')).status).toBe(303);
  });

  it('by a link that was used is refused with a page that helps, or let through when signed in', async () => {
    await get('/login?key=one-time');
    const again = await get('/login?key=one-time');
    expect(again.status).toBe(410);
    expect(await again.text()).toContain('used already');
    const cookie = `augury_session=${SESSION}`;
    expect((await get('/login?key=one-time', { headers: { cookie } })).status).toBe(303);
  });

  it('by a pasted key works from the own page and not from another site', async () => {
    expect((await form('/login', { key: ` ${KEY} ` })).headers.get('set-cookie')).toContain(
      'a-session',
    );
    const wrong = await form('/login', { key: '<script>' });
    expect([wrong.status, wrong.headers.get('set-cookie')]).toEqual([401, null]);
    expect(await wrong.text()).not.toContain('<script>');
    const foreign = await form('/login', { key: KEY }, { origin: 'https://evil.example.com' });
    expect([foreign.status, foreign.headers.get('set-cookie')]).toEqual([403, null]);
    expect((await form('/login', { key: 'x'.repeat(5_000) })).status).toBe(413);
  });

  it('is undone by a form, never by a link', async () => {
    const headers = { cookie: `augury_session=${SESSION}` };
    const asked = await get('/logout', { headers });
    expect([asked.status, asked.headers.get('set-cookie')]).toEqual([200, null]);
    const out = await form('/logout', {}, headers);
    expect(out.headers.get('set-cookie')).toMatch(/^augury_session=;.*1970/);
    expect((await post(door.server, '{who}')).status).toBe(401); // the fake forgets everybody
  });

  it('sets a Secure cookie when browsers come by https', async () => {
    await door.close();
    door = await startDoor({ config: { publicUrl: 'https://augury.example.com' } });
    expect((await get('/login?key=one-time')).headers.get('set-cookie')).toContain('; Secure');
  });
});

describe('what machines ask', () => {
  it('/healthz says alive, /readyz what is ready and why not', async () => {
    expect(await (await get('/healthz')).json()).toMatchObject({ status: 'alive' });
    expect(await (await get('/readyz')).json()).toEqual({
      ready: true,
      checks: [{ name: 'database', ok: true, detail: 'answers' }],
    });
    await door.close();
    door = await startDoor({
      readiness: () => Promise.resolve([{ name: 'queue', ok: false, detail: 'no connection' }]),
    });
    const response = await get('/readyz');
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ ready: false, checks: [{ name: 'queue' }] });
  });

  it('a readiness check that throws counts as not ready and tells no secret', async () => {
    await door.close();
    door = await startDoor({ readiness: () => Promise.reject(new Error('password=hunter2')) });
    const response = await get('/readyz');
    expect(response.status).toBe(503);
    expect(await response.text()).not.toContain('hunter2');
  });

  it('/metrics is given to this machine, but not to a name that was rebound to it', async () => {
    expect(await (await get('/metrics')).text()).toBe('augury_up 1\n');
    const asked = (headers: Record<string, string>): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        http
          .get(`${door.server.url}/metrics`, { headers }, (response) => {
            response.resume();
            resolve(response.statusCode);
          })
          .on('error', reject);
      });
    expect(await asked({ host: 'evil.example.com' })).toBe(401);
    expect(await asked({ host: 'evil.example.com', authorization: `Bearer ${KEY}` })).toBe(200);
  });
});

describe('every answer', () => {
  it('carries headers that keep browsers from framing, sniffing and telling others', async () => {
    for (const path of ['/login', '/explorer', '/healthz', '/nowhere', '/graphql']) {
      const { headers } = await get(path);
      expect(headers.get('x-content-type-options'), path).toBe('nosniff');
      expect(headers.get('content-security-policy'), path).toContain("frame-ancestors 'none'");
      expect(headers.get('referrer-policy'), path).toMatch(/^(no-referrer|same-origin)$/);
      expect(headers.get('x-request-id'), path).toMatch(/^[\w-]{36}$/);
    }
  });

  it('is a redirect to the explorer at /, 404 elsewhere, 405 with what is allowed', async () => {
    expect((await get('/')).headers.get('location')).toBe('/explorer');
    const page = await get('/graphql', { headers: { accept: 'text/html' } });
    expect(page.headers.get('location')).toBe('/explorer');
    const none = await get('/<b>');
    expect(none.status).toBe(404);
    expect(await none.text()).not.toContain('<b>');
    const wrong = await get('/healthz', { method: 'DELETE' });
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });

  it('survives a request that is no HTTP', async () => {
    const socket = net.connect(door.server.port, '127.0.0.1');
    const answer = new Promise<string>((resolve) =>
      socket.once('data', (data) => resolve(String(data))),
    );
    socket.write('GARBAGE\r\n\r\n');
    expect(await answer).toContain('400');
    socket.destroy();
    expect((await get('/healthz')).status).toBe(200);
  });

  it('to a caller whose key cannot be looked at is 503 with a code, not a stack', async () => {
    await door.close();
    const { AppError } = await import('../src/kernel/error.js');
    door = await startDoor({
      authenticate: () => Promise.reject(new AppError('UNAVAILABLE', 'the keys are out of reach')),
    });
    const { status, body } = await post(door.server, '{who}');
    expect(status).toBe(503);
    expect(body.errors?.[0]).toMatchObject({
      extensions: { code: 'UNAVAILABLE', retryable: true },
    });
    expect(body.extensions.counts).toBeDefined();
  });

  it('to something unexpected is 500 with the request id, logged once', async () => {
    await door.close();
    door = await startDoor({ metricsText: () => Promise.reject(new Error('secret')) });
    const response = await get('/metrics', { headers: { 'x-request-id': 'request-77' } });
    expect([response.status, await response.json()]).toEqual([
      500,
      {
        error: {
          code: 'INTERNAL',
          message: 'internal error; the log tells more under request id request-77',
          requestId: 'request-77',
        },
      },
    ]);
    expect(door.errors).toHaveLength(1);
  });
});

describe('start and stop', () => {
  it('says which port is in use and how to choose another', async () => {
    const config = { ...door.options.config, port: door.server.port };
    await expect(startServer({ ...door.options, config })).rejects.toMatchObject({
      code: 'CONFIGURATION',
      message: `port ${door.server.port} is in use by another program: stop it or choose another with --port`,
    });
  });

  it('lets running requests finish, takes no new ones, and leaves no connection', async () => {
    const slow = post(door.server, '{slow}');
    await until(() => door.signals.length === 1);
    const closing = door.server.close();
    await expect(get('/healthz')).rejects.toThrow();
    expect((await slow).body.data).toEqual({ slow: 'done' });
    await closing;
  });

  it('cuts what does not finish in time', async () => {
    await door.close();
    door = await startDoor({ config: { limits: { drainMs: 50 } } });
    const slow = post(door.server, '{slow}').catch(() => 'cut');
    await until(() => door.signals.length === 1);
    const started = performance.now();
    await door.server.close();
    expect(performance.now() - started).toBeLessThan(350);
    expect(await slow).toBe('cut');
    await until(() => door.signals[0]?.aborted === true);
  });
});
