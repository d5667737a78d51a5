import net from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { statementName } from '../../src/plant/traced-statement.js';
import { openTraces } from '../../src/plant/traces.js';
import { keptLog } from '../support/quiet-log.js';
import { openCollector } from '../support/trace-collector.js';

const PARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
let collector: Awaited<ReturnType<typeof openCollector>>;
beforeEach(async () => {
  collector = await openCollector();
});
afterEach(() => {
  collector.close();
});

const opened = (url = collector.url, log = keptLog()) =>
  openTraces({ url, service: { name: 'augury test', version: '1' }, log });
const named = (name: string) => {
  const span = collector.spans.find((each) => each.name === name);
  if (!span) throw new Error(`no span ${name}`);
  return span;
};

describe('traces', () => {
  it('are trees of spans, also over promises and side by side', async () => {
    const traces = await opened();
    const work = (name: string) =>
      traces.span(name, { from: name }, async () => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        return traces.span(`${name} below`, {}, () => name);
      });
    expect(await Promise.all([work('one'), work('two')])).toEqual(['one', 'two']);
    await traces.close();
    for (const name of ['one', 'two']) {
      expect(named(name)).toMatchObject({ service: 'augury test', attributes: { from: name } });
      expect(named(name).parentSpanId).toBeUndefined();
      expect(named(`${name} below`)).toMatchObject({
        parentSpanId: named(name).spanId,
        traceId: named(name).traceId,
      });
    }
    expect(named('one').traceId).not.toBe(named('two').traceId);
  });

  it('go on in the trace of the caller, and leave alone one that the caller does not sample', async () => {
    const traces = await opened();
    const span = traces.open('called', {}, { traceparent: PARENT, tracestate: 'vendor=1' });
    span.run(() => {
      expect(traces.current()).toMatch(/^00-4bf92f3577b34da6a3ce929d0e0e4736-[\da-f]{16}-01$/);
      traces.child('inside', {})?.end();
    });
    span.end({ failed: true, facts: { late: 1 } });
    const unsampled = traces.open('quiet', {}, { traceparent: PARENT.replace(/01$/, '00') });
    unsampled.run(() => traces.child('quieter', {})?.end());
    unsampled.end();
    await traces.close();
    expect(named('called')).toMatchObject({
      ...{ traceId: PARENT.split('-')[1], parentSpanId: PARENT.split('-')[2] },
      ...{ failed: true, attributes: { late: 1 } },
    });
    expect(named('inside').parentSpanId).toBe(named('called').spanId);
    expect(collector.spans.map(({ name }) => name)).not.toContain('quiet');
    expect(collector.spans).toHaveLength(2);
  });

  it.each([
    'nonsense',
    '',
    PARENT.replace('4bf92f3577b34da6a3ce929d0e0e4736', '0'.repeat(32)),
    PARENT.replace(/^00/, 'ff'),
    PARENT.toUpperCase(),
    `${PARENT.slice(0, 40)}-01`,
  ])('begin anew where the caller sends %j', async (traceparent) => {
    const traces = await opened();
    traces.open('called', {}, { traceparent }).end();
    await traces.close();
    expect(named('called').parentSpanId).toBeUndefined();
  });

  it('say that work failed, throw its error, and are nobody\u2019s outside of a span', async () => {
    const traces = await opened();
    const wrong = new Error('as thrown');
    expect(() =>
      traces.span('thrown', {}, () => {
        throw wrong;
      }),
    ).toThrow(wrong);
    await expect(traces.span('rejected', {}, () => Promise.reject(wrong))).rejects.toBe(wrong);
    expect(traces.child('nobody', {})).toBeNull();
    expect(traces.current()).toBeNull();
    await traces.close();
    expect(collector.spans.map(({ name, failed }) => [name, failed])).toEqual([
      ['thrown', true],
      ['rejected', true],
    ]);
  });

  it('harm nobody where the collector is away: one line of the log, and a close that ends', async () => {
    const place = net.createServer();
    await new Promise<void>((resolve) => place.listen(0, '127.0.0.1', resolve));
    const { port } = place.address() as AddressInfo;
    place.close();
    const log = keptLog();
    const traces = await openTraces({
      ...{ url: `http://127.0.0.1:${port}/v1/traces`, log, everyMs: 10 },
      service: { name: 'augury', version: '1' },
    });
    for (let i = 0; i < 5_000; i += 1) expect(traces.span('lost', {}, () => i)).toBe(i);
    await traces.close();
    await traces.close();
    expect(traces.span('after the close', {}, () => 1)).toBe(1);
    const told = log.lines.filter(({ level }) => level === 'warn');
    expect(told.length).toBeLessThanOrEqual(1);
    for (const { message } of told) expect(message).toBe('the collector of traces took no spans');
  });
});

describe('the name of a statement', () => {
  it.each([
    ['select 1', 'select'],
    ["select name from customer where email = 'a@b.example'", 'select customer'],
    ['  insert into "alert_rule" (a) values ($1)', 'insert alert_rule'],
    ['UPDATE public.job set a = 1', 'update public.job'],
    ['with x as (select 1 from event) delete from job', 'with event'],
    ['copy event from stdin', 'copy event'],
    ['', 'statement'],
  ])('%j is %s', (text, name) => {
    expect(statementName({ name: null, text })).toBe(name);
  });
  it('is its own where it has one', () => {
    expect(statementName({ name: 'job-get', text: 'select secret from x' })).toBe('job-get');
  });
});
