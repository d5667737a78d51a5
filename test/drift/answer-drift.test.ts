import { describe, expect, it } from 'vitest';
import { nextAnswer, type NextAnswer, type RecentTrainings } from '../../src/drift/answer-drift.js';
import { DAY_MS } from '../../src/kernel/clock.js';

const NOW = new Date('2026-03-01T00:00:00Z');
const ago = (ms: number): Date => new Date(NOW.getTime() - ms);
const JOB = '01900000-0000-7000-8000-000000000001';
const none: RecentTrainings = { waitingId: null, lastByDrift: null };
const quiet = { drifted: false, accuracyFell: false, nothingToLearn: null as string | null };
const drift = { ...quiet, drifted: true };

describe('the answer to a verdict', () => {
  it.each<[string, typeof quiet, RecentTrainings, NextAnswer['kind']]>([
    ['quiet -> NONE', quiet, none, 'NONE'],
    ['quiet beside a training -> NONE', quiet, { ...none, waitingId: JOB }, 'NONE'],
    ['drift -> ASK', drift, none, 'ASK'],
    ['a fall of accuracy -> ASK', { ...quiet, accuracyFell: true }, none, 'ASK'],
    ['drift beside a training that waits -> JOIN', drift, { ...none, waitingId: JOB }, 'JOIN'],
    [
      'drift beside a training of drift -> JOIN',
      drift,
      { waitingId: JOB, lastByDrift: NOW },
      'JOIN',
    ],
    [
      'drift a day less a millisecond after -> ALERTED',
      drift,
      { ...none, lastByDrift: ago(DAY_MS - 1) },
      'ALERTED',
    ],
    ['drift a day after -> ASK', drift, { ...none, lastByDrift: ago(DAY_MS) }, 'ASK'],
    [
      'drift without labels -> ALERTED',
      { ...drift, nothingToLearn: 'no outcome' },
      none,
      'ALERTED',
    ],
    [
      'drift without labels beside a training -> JOIN',
      { ...drift, nothingToLearn: 'no outcome' },
      { ...none, waitingId: JOB },
      'JOIN',
    ],
  ])('%s', (_title, verdict, recent, kind) => {
    expect(nextAnswer(verdict, recent, NOW).kind).toBe(kind);
  });

  it('says until when it asks for none', () => {
    expect(nextAnswer(drift, { ...none, lastByDrift: ago(1_000) }, NOW)).toEqual({
      kind: 'ALERTED',
      why: 'drift asked for a training at 2026-02-28T23:59:59.000Z, and asks for none until 2026-03-01T23:59:59.000Z',
    });
  });
});
