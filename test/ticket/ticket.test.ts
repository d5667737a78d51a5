import { describe, expect, it } from 'vitest';
import {
  applyTicketRow,
  asKnownBefore,
  checkTicketRow,
  eventsOfTicket,
  type TicketRow,
  type TicketState,
} from '../../src/ticket/ticket.js';

const latest = new Date('2026-06-01T12:05:00Z');
const opened = new Date('2026-05-01T10:00:00Z');
const resolved = new Date('2026-05-02T10:00:00Z');
const rated = new Date('2026-05-03T10:00:00Z');
const before = new Date(opened.getTime() - 1);
const future = new Date(latest.getTime() + 1);

function row(change: Partial<TicketRow> = {}): TicketRow {
  return {
    source: 'crm',
    key: 't1',
    user: 'u1',
    issueType: 'billing',
    openedAt: opened,
    ...change,
  };
}

function state(change: Partial<TicketState> = {}): TicketState {
  return {
    source: 'crm',
    key: 't1',
    userId: 1,
    issueType: 'billing',
    text: null,
    openedAt: opened,
    resolvedAt: null,
    satisfaction: null,
    ratedAt: null,
    ...change,
  };
}

describe('a row of a ticket', () => {
  it.each<[string, Partial<TicketRow>, string]>([
    ['an empty key', { key: '' }, 'key is missing'],
    ['a key of 181 characters', { key: 'x'.repeat(181) }, 'key must be 1..180 characters, got 181'],
    ['an empty user', { user: '' }, 'user is missing'],
    ['an empty source', { source: '' }, 'source is missing'],
    ['a source that starts with a sign', { source: '-crm' }, 'source must be a letter'],
    ['no issue type', { issueType: '' }, 'issueType is missing'],
    ['a long issue type', { issueType: 'x'.repeat(101) }, 'issueType must be 1..100 characters'],
    ['U+0000 in the text', { text: 'a\u0000' }, 'text holds a character that cannot be stored'],
    ['a text of 10,001', { text: 'x'.repeat(10_001) }, 'text must be at most 10000 characters'],
    ['no instant', { openedAt: new Date(NaN) }, 'openedAt is not an instant'],
    ['an opening before 1970', { openedAt: new Date(-1) }, 'openedAt must be 1970 or later'],
    [
      'an opening in the future',
      { openedAt: future },
      'openedAt must not be after 2026-06-01T12:05',
    ],
    [
      'a solution before the opening',
      { resolvedAt: before },
      'resolvedAt must be at or after openedAt',
    ],
    ['a solution in the future', { resolvedAt: future }, 'resolvedAt must not be after 2026-06-01'],
    [
      'a rating before the opening',
      { satisfaction: 3, ratedAt: before },
      'ratedAt must be at or after',
    ],
    ['a rating in the future', { satisfaction: 3, ratedAt: future }, 'ratedAt must not be after'],
    ['a satisfaction of 0', { satisfaction: 0 }, 'satisfaction must be 1..5, got 0'],
    ['a satisfaction of 5.1', { satisfaction: 5.1 }, 'satisfaction must be 1..5, got 5.1'],
    ['a satisfaction that is NaN', { satisfaction: NaN }, 'satisfaction must be 1..5, got NaN'],
  ])('is refused with %s, by name', (_, change, message) => {
    expect(checkTicketRow(row(change), latest)?.message).toContain(message);
  });

  it.each<[string, Partial<TicketRow>]>([
    ['nothing but what is needed', {}],
    ['everything at one instant', { resolvedAt: opened, ratedAt: opened, satisfaction: 1 }],
    ['the last instant allowed', { openedAt: latest }],
    ['a key of 180 characters and another script', { key: '单'.repeat(180), issueType: '退款' }],
  ])('is taken with %s', (_, change) => {
    expect(checkTicketRow(row(change), latest)).toBeNull();
  });
});

describe('a row applied to what is held', () => {
  const done = state({ resolvedAt: resolved, satisfaction: 4, ratedAt: rated });
  const later = new Date(rated.getTime() + 1);

  it.each<[string, TicketState | null, Partial<TicketRow>, Partial<TicketState>]>([
    ['nothing held -> CREATED', null, { text: 'help' }, { text: 'help' }],
    ['open -> UPDATED by a solution', state(), { resolvedAt: resolved }, { resolvedAt: resolved }],
    [
      'resolved -> UPDATED by a rating, which counts from the solution without an instant',
      state({ resolvedAt: resolved }),
      { satisfaction: 2 },
      { satisfaction: 2, ratedAt: resolved },
    ],
    [
      'open -> UPDATED by a rating of its own instant',
      state(),
      { satisfaction: 2, ratedAt: rated },
      { satisfaction: 2, ratedAt: rated, resolvedAt: null },
    ],
    ['done -> UNCHANGED by the row of its opening', done, {}, done],
    [
      'done -> UNCHANGED by its last row without the instant of the rating',
      done,
      { resolvedAt: resolved, satisfaction: 4 },
      done,
    ],
    [
      'done -> UPDATED by another issue type',
      done,
      { issueType: 'refund' },
      { issueType: 'refund' },
    ],
    ['a text -> UNCHANGED by a row without one', state({ text: 'help' }), {}, { text: 'help' }],
  ])('%s', (title, held, change, expected) => {
    const result = applyTicketRow(held, row(change), 1);
    expect(result.kind).toBe(/CREATED|UPDATED|UNCHANGED/.exec(title)?.[0]);
    expect(result).toMatchObject({ state: expected });
  });

  it.each<[string, TicketState | null, Partial<TicketRow>, string, string]>([
    [
      'another opening',
      state(),
      { openedAt: later },
      'CONFLICT',
      'openedAt is recorded as 2026-05-01',
    ],
    [
      'another solution',
      done,
      { resolvedAt: later },
      'CONFLICT',
      'resolvedAt is recorded as 2026-05-02',
    ],
    [
      'another satisfaction',
      done,
      { satisfaction: 5 },
      'CONFLICT',
      'satisfaction is recorded as 4 and cannot become 5',
    ],
    [
      'another instant of rating',
      done,
      { satisfaction: 4, ratedAt: later },
      'CONFLICT',
      'ratedAt is recorded as 2026-05-03',
    ],
    ['a satisfaction of no instant', null, { satisfaction: 4 }, 'INVALID', 'ratedAt is missing'],
    [
      'an instant of no satisfaction',
      state(),
      { ratedAt: rated },
      'INVALID',
      'satisfaction is missing',
    ],
  ])('is refused with %s', (_, held, change, code, message) => {
    expect(applyTicketRow(held, row(change), 1)).toEqual({
      kind: 'REFUSED',
      verdict: { code, message: expect.stringContaining(message) },
    });
  });

  it('is refused for another customer, without naming either', () => {
    expect(applyTicketRow(state(), row({ user: 'u2' }), 2)).toEqual({
      kind: 'REFUSED',
      verdict: { code: 'CONFLICT', message: expect.stringMatching(/^user is another customer/) },
    });
  });
});

describe('the events of a ticket', () => {
  it('carry what each instant told, and no more', () => {
    const done = state({ resolvedAt: resolved, satisfaction: 4, ratedAt: rated, text: 'secret' });
    const common = { source: 'crm', user: 'u1', properties: { issue_type: 'billing' } };
    expect(eventsOfTicket(done, 'u1')).toEqual([
      { ...common, id: 'ticket:t1:opened', type: 'ticket', at: opened, value: null },
      { ...common, id: 'ticket:t1:resolved', type: 'ticket_resolved', at: resolved, value: 86_400 },
      { ...common, id: 'ticket:t1:rated', type: 'ticket_rated', at: rated, value: 4 },
    ]);
    expect(eventsOfTicket(state(), 'u1')).toHaveLength(1);
  });

  it('have keys that fit for every key of a ticket', () => {
    const key = 'x'.repeat(180);
    for (const event of eventsOfTicket(state({ key, resolvedAt: resolved, ratedAt: rated }), 'u'))
      expect(event.id.length).toBeLessThanOrEqual(200);
  });
});

describe('a ticket as it was known before an instant', () => {
  const ticket = { ...state({ resolvedAt: resolved, satisfaction: 4, ratedAt: rated }), id: 1 };
  it.each<[string, Date, Partial<TicketState> | null]>([
    ['its opening', opened, null],
    ['the solution', resolved, { resolvedAt: null, satisfaction: null, ratedAt: null }],
    ['the rating', rated, { resolvedAt: resolved, satisfaction: null, ratedAt: null }],
    ['anything later', latest, { resolvedAt: resolved, satisfaction: 4, ratedAt: rated }],
  ])('before %s', (_, instant, expected) => {
    const known = asKnownBefore(ticket, instant);
    if (expected === null) expect(known).toBeNull();
    else expect(known).toMatchObject(expected);
  });
});
