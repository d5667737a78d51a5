import { describe, expect, it } from 'vitest';
import { createLog } from '../../src/plant/log.js';
import type { Log } from '../../src/plant/ports.js';

function logInto(
  settings: { logLevel?: 'debug' | 'info' | 'error' | 'silent'; logFormat?: 'json' | 'pretty' },
  terminal = false,
): { log: Log; text: () => string } {
  let text = '';
  const log = createLog(
    { logLevel: 'info', logFormat: 'json', noColor: false, ...settings },
    { write: (chunk: string) => (text += chunk), isTTY: terminal },
  );
  return { log, text: () => text };
}

const secrets = {
  password: 'p4ss',
  key: 'k3y',
  apiKey: 'k3y',
  headers: { authorization: 'Bearer abc.def', cookie: 'session=1', accept: 'json' },
  url: 'postgresql://me:p4ss@db:5432/augury',
  note: 'sent Authorization: Bearer abc.def to it',
  err: new Error('connect redis://:p4ss@cache failed', { cause: { token: 'k3y' } }),
  passwordFile: null,
  monkey: 'kept',
};

describe.each(['json', 'pretty'] as const)('the %s log', (logFormat) => {
  it('keeps passwords, keys, tokens and cookies out, wherever they stand', () => {
    const { log, text } = logInto({ logFormat });
    log.error(secrets, 'no postgres://you:p4ss@db');
    expect(text()).not.toMatch(/p4ss|k3y|abc\.def|session=1/);
    expect(text()).toContain('postgresql://me:***@db:5432/augury');
    expect(text()).toContain('kept');
    expect(text()).toContain('json');
  });

  it('writes from its level on', () => {
    const { log, text } = logInto({ logFormat, logLevel: 'error' });
    log.debug({}, 'quiet');
    log.info({}, 'quiet');
    log.warn({}, 'quiet');
    expect(text()).toBe('');
    log.error({}, 'loud');
    expect(text()).toContain('loud');
    const silent = logInto({ logFormat, logLevel: 'silent' });
    silent.log.error({}, 'loud');
    expect(silent.text()).toBe('');
  });
});

describe('the log', () => {
  it('writes one JSON object a line, with time, level, fields and the whole error', () => {
    const { log, text } = logInto({});
    log.warn(
      {
        rows: 3,
        big: 5n,
        at: new Date(0),
        err: new TypeError('x\ny', { cause: new Error('deep') }),
      },
      'odd',
    );
    expect(text().trimEnd()).not.toContain('\n');
    const line = JSON.parse(text()) as Record<string, unknown>;
    expect(line).toMatchObject({
      level: 'warn',
      msg: 'odd',
      rows: 3,
      big: '5',
      at: '1970-01-01T00:00:00.000Z',
      err: { type: 'TypeError', message: 'x\ny', cause: { message: 'deep' } },
    });
    expect(line.time).toMatch(/^\d{4}-\d\d-\d\dT/);
  });

  it('writes for people: fields after the message, a stack only for errors', () => {
    const { log, text } = logInto({ logFormat: 'pretty' });
    log.info({ port: 4000, host: '::1', why: 'a b' }, 'listening');
    expect(text()).toMatch(/^\d\d:\d\d:\d\d INFO {2}listening port=4000 host=::1 why="a b"\n$/);
    log.warn({ err: new Error('soon well') }, 'trouble');
    expect(text().split('\n')[1]).toMatch(/WARN {2}trouble err="soon well"$/);
    log.error({ err: new Error('broken') }, 'trouble');
    expect(text()).toMatch(/ERROR trouble err=broken\n {4}Error: broken\n {8}at /);
  });

  it('has colours on a terminal only, and never with NO_COLOR', () => {
    const onTerminal = logInto({ logFormat: 'pretty' }, true);
    onTerminal.log.info({}, 'x');
    expect(onTerminal.text()).toContain('\u001b[36m');
    let text = '';
    createLog(
      { logLevel: 'info', logFormat: 'pretty', noColor: true },
      { write: (chunk: string) => (text += chunk), isTTY: true },
    ).info({}, 'x');
    expect(text).not.toContain('\u001b');
  });

  it('survives what refers to itself', () => {
    const { log, text } = logInto({});
    const loop: Record<string, unknown> = {};
    loop.self = loop;
    log.info({ loop }, 'round');
    expect(text()).toContain('[cut]');
  });
});
