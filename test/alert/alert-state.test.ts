import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AlertStatus } from '../../src/alert/alert.js';
import {
  ABSENT_SECONDS,
  actOn,
  isSilent,
  measure,
  nextIncident,
  type Incident,
  type Measured,
  type Transition,
} from '../../src/alert/alert-state.js';

const T0 = new Date('2026-06-01T00:00:00Z').getTime();
const at = (seconds: number): Date => new Date(T0 + seconds * 1_000);
const RULE = { forSeconds: 300, keepFiringSeconds: 60 };
const holds: Measured = { value: 1, holds: true };
const not: Measured = { value: 0, holds: false };

const incident = (change: Partial<Incident> = {}): Incident => ({
  ...{ status: 'PENDING', value: 1, startedAt: at(0), firedAt: null, heldAt: at(0) },
  ...{ acknowledgedAt: null, acknowledgedBy: null, silencedUntil: null, resolvedAt: null },
  ...{ revision: 0, ...change },
});
const firing = (change: Partial<Incident> = {}): Incident =>
  incident({ status: 'FIRING', firedAt: at(0), revision: 1, ...change });
const acknowledged = firing({
  ...{ status: 'ACKNOWLEDGED', acknowledgedAt: at(0), acknowledgedBy: 'me', revision: 2 },
});
const silenced = firing({ status: 'SILENCED', silencedUntil: at(100), revision: 2 });
const silencedAfterAck = { ...acknowledged, ...silenced, acknowledgedAt: at(0), revision: 3 };

type Row = [
  string,
  Incident | null,
  Measured,
  /** Seconds after the start. */
  number,
  AlertStatus | null,
  Transition | null,
];

describe('an incident', () => {
  it.each<Row>([
    ['none, holds -> PENDING', null, holds, 0, 'PENDING', 'STARTED'],
    ['none, does not hold -> none', null, not, 0, null, null],
    ['none, absent -> none', null, null, 0, null, null],
    ['PENDING, holds too short -> PENDING', incident(), holds, 299, 'PENDING', null],
    ['PENDING, holds for long enough -> FIRING', incident(), holds, 300, 'FIRING', 'FIRED'],
    ['PENDING, does not hold -> dropped', incident(), not, 15, null, 'DROPPED'],
    ['PENDING, absent does not fire', incident({ heldAt: at(290) }), null, 310, 'PENDING', null],
    ['PENDING, absent for long -> dropped', incident(), null, ABSENT_SECONDS, null, 'DROPPED'],
    [
      'PENDING, nobody looked for long -> counted anew',
      incident(),
      holds,
      ABSENT_SECONDS + 1,
      'PENDING',
      null,
    ],
    ['PENDING, clock 10 minutes back -> PENDING', incident(), holds, -600, 'PENDING', null],
    ['FIRING, holds -> FIRING', firing(), holds, 15, 'FIRING', null],
    ['FIRING, does not hold for a moment -> FIRING', firing(), not, 59, 'FIRING', null],
    [
      'FIRING, does not hold for long enough -> RESOLVED',
      firing(),
      not,
      60,
      'RESOLVED',
      'RESOLVED',
    ],
    ['FIRING, absent -> FIRING', firing(), null, ABSENT_SECONDS - 1, 'FIRING', null],
    ['FIRING, absent for long -> RESOLVED', firing(), null, ABSENT_SECONDS, 'RESOLVED', 'RESOLVED'],
    ['FIRING, clock 10 minutes back -> FIRING', firing(), not, -600, 'FIRING', null],
    ['ACKNOWLEDGED, holds -> ACKNOWLEDGED', acknowledged, holds, 15, 'ACKNOWLEDGED', null],
    ['ACKNOWLEDGED, over -> RESOLVED', acknowledged, not, 60, 'RESOLVED', 'RESOLVED'],
    ['SILENCED, holds -> SILENCED', silenced, holds, 99, 'SILENCED', null],
    ['SILENCED, time is over and holds -> FIRING', silenced, holds, 100, 'FIRING', 'UNSILENCED'],
    [
      'SILENCED after acknowledging, time is over and holds -> ACKNOWLEDGED',
      silencedAfterAck,
      holds,
      100,
      'ACKNOWLEDGED',
      'UNSILENCED',
    ],
    ['SILENCED, over meanwhile -> RESOLVED', silenced, not, 60, 'RESOLVED', 'RESOLVED'],
    ['SILENCED, absent when time is over -> SILENCED', silenced, null, 100, 'SILENCED', null],
    [
      'RESOLVED, holds again -> a new one',
      firing({ status: 'RESOLVED', resolvedAt: at(60) }),
      holds,
      75,
      'PENDING',
      'STARTED',
    ],
  ])('%s', (_title, before, measured, seconds, status, transition) => {
    const step = nextIncident(before, measured, RULE, at(seconds));
    expect(step.next?.status ?? null).toBe(status);
    expect(step.transition).toBe(transition);
    const told = transition === 'FIRED' || transition === 'RESOLVED' || transition === 'UNSILENCED';
    if (before && step.next && transition !== 'STARTED')
      expect(step.next.revision).toBe(before.revision + (told ? 1 : 0));
  });

  it('fires at once where the rule wants no patience', () => {
    const { next, transition } = nextIncident(null, holds, { ...RULE, forSeconds: 0 }, at(0));
    expect([next?.status, next?.revision, transition]).toEqual(['FIRING', 1, 'FIRED']);
  });

  it('is over at the first look at which it does not hold where nothing is to keep it', () => {
    const rule = { forSeconds: 0, keepFiringSeconds: 0 };
    expect(nextIncident(firing(), not, rule, at(15)).transition).toBe('RESOLVED');
  });

  it.each([
    ['GT', 1, 1, false],
    ['GT', 1.1, 1, true],
    ['GTE', 1, 1, true],
    ['LT', 1, 1, false],
    ['LT', 0.9, 1, true],
    ['LTE', 1, 1, true],
    ['EQ', 1, 1, true],
    ['EQ', 1.1, 1, false],
  ] as const)('holds by %s: %f against %f is %s', (comparison, value, threshold, wanted) => {
    expect(measure(value, { comparison, threshold })).toEqual({ value, holds: wanted });
  });

  it.each([null, NaN, Infinity])('is not measured by %s', (value) => {
    expect(measure(value, { comparison: 'GT', threshold: 0 })).toBeNull();
  });
});

describe('a person', () => {
  const ack = { kind: 'ACKNOWLEDGE', actor: 'me' } as const;
  const silence = { kind: 'SILENCE', until: at(500) } as const;
  const resolve = { kind: 'RESOLVE' } as const;
  it.each([
    ['acknowledges FIRING', firing(), ack, 'ACKNOWLEDGED'],
    ['acknowledges SILENCED, which stays silent', silenced, ack, 'SILENCED'],
    ['acknowledges twice', acknowledged, ack, null],
    ['acknowledges PENDING', incident(), ack, null],
    ['acknowledges RESOLVED', firing({ status: 'RESOLVED', resolvedAt: at(1) }), ack, null],
    ['silences FIRING', firing(), silence, 'SILENCED'],
    ['silences for longer', silenced, silence, 'SILENCED'],
    ['silences PENDING', incident(), silence, null],
    ['ends FIRING', firing(), resolve, 'RESOLVED'],
    ['ends SILENCED', silenced, resolve, 'RESOLVED'],
    ['ends ACKNOWLEDGED', acknowledged, resolve, 'RESOLVED'],
    ['ends PENDING', incident(), resolve, null],
  ])('%s', (_title, before, action, status) => {
    const { next, why } = actOn(before, action, at(20));
    expect(next?.status ?? null).toBe(status);
    if (next) expect(next.revision).toBe(before.revision + 1);
    else expect(why).toContain('the alert');
  });

  it('is not told of while it is silent', () => {
    expect(isSilent(silenced, at(99))).toBe(true);
    expect(isSilent(silenced, at(100))).toBe(false);
    expect(isSilent(firing(), at(0))).toBe(false);
  });
});

interface Tick {
  /** Seconds since the tick before; below 0: the clock went back. */
  step: number;
  measured: Measured;
}

const measuredAs = fc.constantFrom(holds, not, null);
const forward = fc.record({ step: fc.integer({ min: 1, max: 120 }), measured: measuredAs });
const anyStep = fc.record({ step: fc.integer({ min: -900, max: 120 }), measured: measuredAs });
const durations = fc.record({
  forSeconds: fc.constantFrom(0, 15, 60, 300),
  keepFiringSeconds: fc.constantFrom(0, 30, 60),
});

/** Runs ticks and calls back at each. */
function run(
  ticks: readonly Tick[],
  rule: typeof RULE,
  look: (seen: {
    before: Incident | null;
    next: Incident | null;
    transition: Transition | null;
    now: Date;
    tick: Tick;
  }) => void,
): void {
  let now = T0;
  let before: Incident | null = null;
  for (const tick of ticks) {
    now += tick.step * 1_000;
    const { next, transition } = nextIncident(before, tick.measured, rule, new Date(now));
    look({ before, next, transition, now: new Date(now), tick });
    before = next?.resolvedAt ? null : next;
  }
}

describe('whatever is measured', () => {
  it('an incident fires once and is resolved once, in this order', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 60 }), durations, (ticks, rule) => {
        let told: Transition[] = [];
        run(ticks, rule, ({ transition }) => {
          if (transition === 'FIRED' || transition === 'RESOLVED') told.push(transition);
          if (transition === 'STARTED' || transition === 'DROPPED') expect(told).toEqual([]);
          expect(['', 'FIRED', 'FIRED,RESOLVED']).toContain(told.join());
          if (transition === 'RESOLVED') told = [];
        });
      }),
    );
  });

  it('it fires after it held for so long and not earlier, over ticks that are close enough', () => {
    fc.assert(
      fc.property(fc.array(forward, { maxLength: 60 }), durations, (ticks, rule) => {
        let heldSince: Date | null = null;
        run(ticks, rule, ({ transition, now, tick, before }) => {
          if (tick.measured?.holds === false) heldSince = null;
          else if (tick.measured?.holds) heldSince ??= now;
          const heldFor = heldSince ? (now.getTime() - heldSince.getTime()) / 1_000 : -1;
          if (transition === 'FIRED') expect(heldFor).toBeGreaterThanOrEqual(rule.forSeconds);
          if (tick.measured?.holds && before?.status === 'PENDING' && transition === null)
            expect((now.getTime() - before.startedAt.getTime()) / 1_000).toSatisfy(
              (seconds: number) => seconds < rule.forSeconds || seconds > ABSENT_SECONDS,
            );
        });
      }),
    );
  });

  it('it is over only after it has not been seen to hold for so long', () => {
    fc.assert(
      fc.property(fc.array(forward, { maxLength: 60 }), durations, (ticks, rule) => {
        let held = new Date(0);
        run(ticks, rule, ({ transition, now, tick }) => {
          if (tick.measured?.holds) held = now;
          if (transition === 'RESOLVED')
            expect((now.getTime() - held.getTime()) / 1_000).toBeGreaterThanOrEqual(
              tick.measured ? rule.keepFiringSeconds : ABSENT_SECONDS,
            );
        });
      }),
    );
  });

  it('a clock that goes back and returns never makes it fire earlier than real time does', () => {
    const stepped = fc.record({
      ticks: fc.array(fc.constant({ step: 15, measured: holds }), { minLength: 5, maxLength: 60 }),
      back: fc.integer({ min: ABSENT_SECONDS + 1, max: 3_600 }),
      from: fc.integer({ min: 0, max: 20 }),
      length: fc.integer({ min: 1, max: 30 }),
    });
    fc.assert(
      fc.property(stepped, ({ ticks, back, from, length }) => {
        let before: Incident | null = null;
        let firstHeld: number | null = null;
        for (const [index] of ticks.entries()) {
          const real = T0 + index * 15_000;
          const isBack = index >= from && index < from + length;
          const seen = new Date(real - (isBack ? back * 1_000 : 0));
          firstHeld ??= real;
          const step = nextIncident(before, holds, RULE, seen);
          if (step.transition === 'FIRED')
            expect((real - firstHeld) / 1_000).toBeGreaterThanOrEqual(RULE.forSeconds);
          before = step.next;
        }
      }),
    );
  });
});
