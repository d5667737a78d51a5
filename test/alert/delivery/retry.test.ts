import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { afterAttempt, gateOf, type ChannelState } from '../../../src/alert/delivery/breaker.js';
import { inOrder } from '../../../src/alert/delivery/delivery.js';
import { isReady } from '../../../src/alert/delivery/grouping.js';
import { afterFailure, type Tried } from '../../../src/alert/delivery/retry.js';
import { START } from './alerts.js';

const HOUR = 3_600_000;
const now = START;
const ago = (ms: number): Date => new Date(now.getTime() - ms);
const tried = (given: Partial<Tried>): Tried => ({
  id: '0195a000-0000-7000-8000-000012345678',
  attempts: 1,
  createdAt: now,
  refusedAt: null,
  ...given,
});
const passing = { ok: false, error: 'HTTP 503', retry: true } as const;
const refused = { ...passing, error: 'HTTP 404', refused: true } as const;
const wrong = { ok: false, error: 'HTTP 400', retry: false } as const;

describe('the schedule of attempts', () => {
  it.each([
    { attempts: 1, from: 1_000, until: 2_000 },
    { attempts: 2, from: 2_000, until: 4_000 },
    { attempts: 5, from: 16_000, until: 32_000 },
    { attempts: 9, from: 150_000, until: 300_000 },
    { attempts: 1_000, from: 150_000, until: 300_000 },
  ])('waits $from..$until ms after attempt $attempts', ({ attempts, from, until }) => {
    for (let last = 0; last < 50; last += 1) {
      const id = `0195a000-0000-7000-8000-${String(last * 7_919).padStart(12, '0')}`;
      const next = afterFailure(tried({ id, attempts }), passing, now);
      const waits = next.kind === 'RETRY' ? next.at.getTime() - now.getTime() : NaN;
      expect(waits).toBeGreaterThanOrEqual(from);
      expect(waits).toBeLessThanOrEqual(until);
    }
  });
  it('waits the same time for the same attempt of the same message, and another for another message', () => {
    const one = afterFailure(tried({ attempts: 4 }), passing, now);
    expect(afterFailure(tried({ attempts: 4 }), passing, now)).toEqual(one);
    const other = tried({ attempts: 4, id: '0195a000-0000-7000-8000-00000000abcd' });
    expect(afterFailure(other, passing, now)).not.toEqual(one);
  });
  it.each([
    { title: 'a receiver asks for 20 minutes', asked: 20 * 60_000, waits: 20 * 60_000 },
    { title: 'a receiver asks for a day: an hour', asked: 24 * HOUR, waits: HOUR },
  ])('$title', ({ asked, waits }) => {
    const next = afterFailure(tried({}), { ...passing, retryAfterMs: asked }, now);
    expect(next).toEqual({
      kind: 'RETRY',
      at: new Date(now.getTime() + waits),
      refusedAt: null,
    });
  });
  it.each([
    { title: 'wrong message -> given up at once', given: {}, failure: wrong, kind: 'GIVE_UP' },
    {
      title: 'down for 71 hours -> tried again',
      given: { attempts: 900, createdAt: ago(71 * HOUR) },
      failure: passing,
      kind: 'RETRY',
    },
    {
      title: 'down for 3 days -> given up',
      given: { attempts: 900, createdAt: ago(72 * HOUR) },
      failure: passing,
      kind: 'GIVE_UP',
    },
    {
      title: 'workers away for 3 days, 4th attempt fails -> tried again',
      given: { attempts: 4, createdAt: ago(100 * HOUR) },
      failure: passing,
      kind: 'RETRY',
    },
    {
      title: 'refused for 59 minutes -> tried again',
      given: { attempts: 20, createdAt: ago(50 * HOUR), refusedAt: ago(59 * 60_000) },
      failure: refused,
      kind: 'RETRY',
    },
    {
      title: 'refused for an hour -> given up',
      given: { attempts: 20, createdAt: ago(HOUR), refusedAt: ago(HOUR) },
      failure: refused,
      kind: 'GIVE_UP',
    },
    {
      title: 'down for two days, then refused -> tried again',
      given: { attempts: 600, createdAt: ago(48 * HOUR) },
      failure: refused,
      kind: 'RETRY',
    },
  ])('$title', ({ given, failure, kind }) => {
    expect(afterFailure(tried(given), failure, now).kind).toBe(kind);
  });
  it('counts the hour of refusals from the first of them, and anew after something else', () => {
    const first = afterFailure(tried({}), refused, now);
    expect(first).toMatchObject({ kind: 'RETRY', refusedAt: now });
    const later = afterFailure(tried({ attempts: 2, refusedAt: ago(1_000) }), refused, now);
    expect(later).toMatchObject({ refusedAt: ago(1_000) });
    const down = afterFailure(tried({ attempts: 3, refusedAt: ago(1_000) }), passing, now);
    expect(down).toMatchObject({ refusedAt: null });
  });
});

const state = (failures: number, opensInMs: number | null): ChannelState => ({
  channel: 'ops',
  failures,
  openUntil: opensInMs === null ? null : new Date(now.getTime() + opensInMs),
  lastError: null,
  updatedAt: ago(HOUR),
});

describe('the breaker of a channel', () => {
  it.each([
    { title: 'no failures', given: state(0, null), gate: 'CLOSED' },
    { title: '4 failures', given: state(4, null), gate: 'CLOSED' },
    { title: '5 failures, resting', given: state(5, 10), gate: 'OPEN' },
    { title: '5 failures, rested', given: state(5, -10), gate: 'PROBE' },
    { title: 'asked to wait', given: state(1, 10), gate: 'OPEN' },
    { title: 'waited as asked', given: state(1, 0), gate: 'CLOSED' },
    { title: 'rests until after a clock was set back', given: state(5, 2 * HOUR), gate: 'PROBE' },
  ])('$title -> $gate', ({ given, gate }) => {
    expect(gateOf(given, now)).toBe(gate);
  });
  it.each([
    { failures: 0, asked: 0, rests: null },
    { failures: 3, asked: 0, rests: null },
    { failures: 4, asked: 0, rests: 30_000 },
    { failures: 5, asked: 0, rests: 60_000 },
    { failures: 8, asked: 0, rests: 300_000 },
    { failures: 5_000, asked: 0, rests: 300_000 },
    { failures: 0, asked: 45_000, rests: 45_000 },
    { failures: 4, asked: 10_000, rests: 30_000 },
  ])('$failures failures and one more, asked for $asked ms -> rests $rests', (row) => {
    const next = afterAttempt(
      state(row.failures, null),
      { failed: 'down', askedMs: row.asked },
      'down',
      now,
    );
    const openUntil = row.rests === null ? null : new Date(now.getTime() + row.rests);
    expect(next).toEqual({
      ...{ channel: 'ops', failures: row.failures + 1, openUntil },
      ...{ lastError: 'down', updatedAt: now },
    });
  });
  it('closes when a message got there, and when the receiver is there and refuses the message', () => {
    expect(afterAttempt(state(9, 10), 'DELIVERED', null, now)).toMatchObject({
      ...{ failures: 0, openUntil: null, lastError: null },
    });
    expect(afterAttempt(state(9, 10), 'REJECTED', 'HTTP 400', now)).toMatchObject({
      ...{ failures: 0, openUntil: null, lastError: 'HTTP 400' },
    });
  });
});

describe('grouping', () => {
  const grouping = { withinMs: 10_000, most: 100 };
  const waits = (ms: number, severity = 'HIGH', status = 'FIRING') =>
    ({ createdAt: ago(ms), snapshot: { severity, status } }) as never;
  it.each([
    { title: 'nothing waits', waiting: [], quietMs: HOUR, ready: false },
    { title: 'one for 9 s', waiting: [waits(9_000)], quietMs: HOUR, ready: false },
    { title: 'one for 10 s', waiting: [waits(0), waits(10_000)], quietMs: 0, ready: true },
    { title: 'a critical one', waiting: [waits(0, 'CRITICAL')], quietMs: 10_000, ready: true },
    {
      title: 'a critical one right after another message',
      waiting: [waits(0, 'CRITICAL')],
      quietMs: 9_000,
      ready: false,
    },
    {
      title: 'a critical one that is over',
      waiting: [waits(0, 'CRITICAL', 'RESOLVED')],
      quietMs: HOUR,
      ready: false,
    },
    {
      title: 'a full message',
      waiting: Array.from({ length: 100 }, () => waits(0)),
      quietMs: 0,
      ready: true,
    },
    {
      title: 'one from before the clock was set back',
      waiting: [waits(-60_000)],
      quietMs: 0,
      ready: true,
    },
  ])('$title -> told now: $ready', ({ waiting, quietMs, ready }) => {
    expect(isReady(waiting, grouping, ago(quietMs), now)).toBe(ready);
  });
});

describe('the order within a message', () => {
  it('is that of the revisions of each alert whatever the clock wrote, and of time where the clock was right', () => {
    const change = fc.record({
      alertId: fc.constantFrom('a', 'b', 'c'),
      revision: fc.integer({ min: 0, max: 1_000 }),
      createdAt: fc.integer({ min: 0, max: 50 }).map((ms) => new Date(ms)),
    });
    fc.assert(
      fc.property(fc.array(change), (changes) => {
        const ordered = inOrder(changes);
        expect(ordered).toHaveLength(changes.length);
        for (const alert of ['a', 'b', 'c']) {
          const revisions = ordered
            .filter(({ alertId }) => alertId === alert)
            .map(({ revision }) => revision);
          expect(revisions).toEqual([...revisions].sort((one, other) => one - other));
        }
      }),
    );
    const right = [3, 1, 2].map((at) => ({
      alertId: String(at),
      revision: 5 - at,
      createdAt: new Date(at),
    }));
    expect(inOrder(right).map(({ alertId }) => alertId)).toEqual(['1', '2', '3']);
  });
});
