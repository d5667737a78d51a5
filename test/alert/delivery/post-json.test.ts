import type { lookup } from 'node:dns';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { addressGuard } from '../../../src/alert/delivery/address-guard.js';
import { judge, postJson } from '../../../src/alert/delivery/post-json.js';
import { START } from './alerts.js';
import { down, hang, openReceiver, status, type Receiver } from './receiver.js';

const nothing = new AbortController().signal;
const wall = () => START;

describe('addresses that webhooks may reach', () => {
  const guard = addressGuard([]);
  it.each([
    ['10.0.0.1', 'private'],
    ['172.16.0.1', 'private'],
    ['172.31.255.255', 'private'],
    ['192.168.1.1', 'private'],
    ['127.0.0.1', 'loopback'],
    ['127.255.255.254', 'loopback'],
    ['0.0.0.0', 'this host'],
    ['169.254.169.254', 'metadata of most clouds'],
    ['168.63.129.16', 'metadata of Azure'],
    ['100.100.100.200', 'metadata of Alibaba, shared'],
    ['192.0.0.192', 'metadata of Oracle'],
    ['224.0.0.1', 'multicast'],
    ['255.255.255.255', 'broadcast'],
    ['::', 'unspecified'],
    ['::1', 'loopback'],
    ['2606:4700::1%eth0', 'public with a zone, which is of this machine'],
    ['fe80::1', 'link-local'],
    ['fe80::1%eth0', 'link-local with a zone'],
    ['fc00::1', 'unique local'],
    ['fd00:ec2::254', 'metadata of AWS'],
    ['fec0::1', 'site-local'],
    ['ff02::1', 'multicast'],
    ['::ffff:127.0.0.1', 'mapped loopback'],
    ['::ffff:7f00:1', 'mapped loopback in hexadecimal'],
    ['::ffff:a9fe:a9fe', 'mapped metadata'],
    ['::127.0.0.1', 'compatible loopback'],
    ['64:ff9b::7f00:1', 'translated loopback'],
    ['2002:7f00:1::', '6to4 of loopback'],
    ['2001:0:1::1', 'Teredo'],
    ['2001:db8::1', 'documentation'],
    ['localhost', 'no address'],
    ['', 'nothing'],
  ])('%s is not allowed: %s', (address) => {
    expect(guard.allows(address)).toBe(false);
  });
  it.each(['8.8.8.8', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '2a00:1450:4001::1'])(
    '%s is public',
    (address) => {
      expect(guard.allows(address)).toBe(true);
    },
  );
  it('networks that are named are allowed, and nothing beside them', () => {
    const named = addressGuard(['10.1.0.0/16', '127.0.0.1/32', 'fd00:1::/32']);
    const allowed = ['10.1.255.255', '127.0.0.1', '::ffff:10.1.0.9', 'fd00:1:2::3'];
    expect(allowed.filter((address) => !named.allows(address))).toEqual([]);
    const others = ['10.2.0.0', '127.0.0.2', '::ffff:10.2.0.1', 'fd00:2::1', '::1'];
    expect(others.filter((address) => named.allows(address))).toEqual([]);
  });
  it('every address of 10/8 is refused in every way of writing it', () => {
    fc.assert(
      fc.property(fc.nat(255), fc.nat(255), fc.nat(255), (b, c, d) => {
        const hex = (high: number, low: number) => (high * 256 + low).toString(16);
        expect(guard.allows(`10.${b}.${c}.${d}`)).toBe(false);
        expect(guard.allows(`::ffff:10.${b}.${c}.${d}`)).toBe(false);
        expect(guard.allows(`::ffff:${hex(10, b)}:${hex(c, d)}`)).toBe(false);
      }),
    );
  });
});

describe('posting JSON', () => {
  let receiver: Receiver;
  beforeAll(async () => {
    receiver = await openReceiver();
  });
  afterAll(() => receiver.close());
  beforeEach(() => {
    receiver.received.length = 0;
    receiver.answer = status(200);
  });
  const local = addressGuard(['127.0.0.1/32']);
  const post = (url: string, guard = local, timeoutMs = 10_000) =>
    postJson({ guard, wall, timeoutMs })(new URL(url), '{"a":1}', { 'Augury-Id': 'm' }, nothing);

  it('sends the body with its headers', async () => {
    expect(await post(receiver.url)).toEqual({ ok: true });
    expect(receiver.received).toMatchObject([
      {
        body: '{"a":1}',
        headers: { 'augury-id': 'm', 'content-type': 'application/json; charset=utf-8' },
      },
    ]);
  });
  it.each(['127.0.0.1', '2130706433', '0x7f.1', '0177.0.0.1', 'localhost', '[::ffff:127.0.0.1]'])(
    'does not reach a loopback address written as %s unless its network is named',
    async (host) => {
      const url = receiver.url.replace('127.0.0.1', host);
      const attempt = await post(url, addressGuard([]));
      expect(attempt).toMatchObject({ ok: false, retry: true, refused: true });
      expect(attempt).toHaveProperty('error', expect.stringContaining('AUGURY_WEBHOOK_NETWORKS'));
      expect(receiver.received).toEqual([]);
    },
  );
  it('a name that first leads elsewhere and then to a private address gets nowhere', async () => {
    let asked = 0;
    const rebinding = ((_: string, __: object, answer: (...args: unknown[]) => void) => {
      asked += 1;
      answer(null, [{ address: '127.0.0.1', family: 4 }]);
    }) as unknown as typeof lookup;
    const guard = addressGuard([], rebinding);
    const attempt = await post(receiver.url.replace('127.0.0.1', 'rebind.example.com'), guard);
    expect(attempt).toMatchObject({ ok: false, refused: true });
    // one look-up, by the connection: there is none before it that could be answered differently
    expect(asked).toBe(1);
    expect(receiver.received).toEqual([]);
  });
  it('of several addresses of a name only those that are allowed are tried', async () => {
    const both = ((_: string, __: object, answer: (...args: unknown[]) => void) => {
      answer(null, [
        { address: '10.0.0.1', family: 4 },
        { address: '127.0.0.1', family: 4 },
      ]);
    }) as unknown as typeof lookup;
    const guard = addressGuard(['127.0.0.1/32'], both);
    expect(await post(receiver.url.replace('127.0.0.1', 'two.example.com'), guard)).toEqual({
      ok: true,
    });
  });
  it('does not follow a redirect', async () => {
    const other = await openReceiver();
    receiver.answer = status(307, { location: other.url });
    expect(await post(receiver.url)).toMatchObject({ ok: false, error: 'HTTP 307', refused: true });
    expect(other.received).toEqual([]);
    await other.close();
  });
  it('gives up on a receiver that hangs, before or after its headers', async () => {
    receiver.answer = hang;
    expect(await post(receiver.url, local, 100)).toEqual({
      ...{ ok: false, error: 'no answer within 0.1 s', retry: true },
    });
    receiver.answer = (response) => {
      response.writeHead(500).write('half');
    };
    expect(await post(receiver.url, local, 200)).toMatchObject({ ok: false, retry: true });
    receiver.answer = (response) => {
      response.writeHead(200).write('no end');
    };
    expect(await post(receiver.url, local, 5_000)).toEqual({ ok: true });
  });
  it('stops at once when it is told to', async () => {
    const stop = new AbortController();
    receiver.answer = () => {
      stop.abort();
    };
    const send = postJson({ guard: local, wall });
    expect(await send(new URL(receiver.url), '{}', {}, stop.signal)).toMatchObject({
      ...{ ok: false, retry: true },
    });
  });
  it('reads the beginning of a long error and cuts off the rest', async () => {
    let written = 0;
    let closed: () => void = () => undefined;
    const end = new Promise<void>((resolve) => (closed = resolve));
    receiver.answer = (response) => {
      response.writeHead(500);
      response.on('close', () => {
        closed();
      });
      const more = (): void => {
        while (written < 1e9 && response.write('no\u0000\n'.repeat(10_000))) written += 40_000;
        response.once('drain', more);
      };
      more();
    };
    const attempt = await post(receiver.url);
    expect(attempt).toHaveProperty('error', expect.stringMatching(/^HTTP 500: no no no/));
    await end;
    expect(written).toBeLessThan(1e8);
  });
  it('a receiver that is gone, and a name that is none, are tried again', async () => {
    receiver.answer = down;
    expect(await post(receiver.url)).toEqual({ ok: false, error: 'socket hang up', retry: true });
    const none = ((name: string, _: object, answer: (error: Error) => void) => {
      answer(new Error(`getaddrinfo ENOTFOUND ${name}`));
    }) as unknown as typeof lookup;
    const attempt = await post('http://nowhere.example.com/', addressGuard([], none));
    expect(attempt).toEqual({
      ...{ ok: false, error: 'getaddrinfo ENOTFOUND nowhere.example.com', retry: true },
    });
  });
});

describe('what an answer means', () => {
  const of = (code: number, retryAfter?: string) =>
    judge({ status: code, retryAfter, text: '' }, START);
  it.each([
    { codes: [200, 201, 202, 204], means: { ok: true } },
    { codes: [408, 425, 429, 500, 502, 503, 504], means: { ok: false, retry: true } },
    { codes: [301, 302, 307, 401, 403, 404, 410], means: { retry: true, refused: true } },
    { codes: [400, 405, 413, 415, 422], means: { ok: false, retry: false } },
  ])('$codes', ({ codes, means }) => {
    for (const code of codes) expect(of(code)).toMatchObject(means);
  });
  it.each([
    { header: '120', ms: 120_000 },
    { header: 'Sun, 01 Mar 2026 12:00:30 GMT', ms: 30_000 },
    { header: 'Sun, 01 Mar 2026 11:00:00 GMT', ms: 0 },
    { header: 'soon', ms: undefined },
    { header: '-5', ms: undefined },
    { header: '', ms: undefined },
  ])('Retry-After: $header', ({ header, ms }) => {
    const attempt = of(503, header);
    expect('retryAfterMs' in attempt ? attempt.retryAfterMs : undefined).toBe(ms);
  });
});
