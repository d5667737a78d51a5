import { describe, expect, it } from 'vitest';
import { addDays, dayError, dayOf, endOf, missedDays } from '../../src/report/day.js';

const today = '2026-03-01';

describe('the days that reports are missing of', () => {
  it.each<[string, string | null, string[]]>([
    ['yesterday alone where there is no report yet', null, ['2026-02-28']],
    ['nothing after a report of yesterday', '2026-02-28', []],
    ['nothing after a report of today, by a clock that was put back', '2026-03-01', []],
    ['the days since the last', '2026-02-25', ['2026-02-26', '2026-02-27', '2026-02-28']],
    [
      'seven at most after a long rest',
      '2025-01-01',
      [22, 23, 24, 25, 26, 27, 28].map((day) => `2026-02-${day}`),
    ],
  ])('are %s', (_, last, days) => {
    expect(missedDays(last, today)).toEqual(days);
  });
});

describe('a day to be written about', () => {
  it.each([
    ['2026-02-28', null],
    ['2000-01-01', null],
    ['1999-12-31', 'date must be 2000-01-01..2026-02-28 (yesterday, UTC), got 1999-12-31'],
    [
      '2026-03-01',
      'date must be 2000-01-01..2026-02-28 (yesterday, UTC), got 2026-03-01: ask dailyReport for a day so far',
    ],
    ['2026-03-02', 'date must be 2000-01-01..2026-02-28 (yesterday, UTC), got 2026-03-02'],
  ])('%s: %s', (day, message) => {
    expect(dayError(day, today)?.message ?? null).toBe(message);
  });
  it('knows leap years and the end of a day that goes on', () => {
    expect(addDays('2024-02-28', 1)).toBe('2024-02-29');
    expect(addDays('2026-01-01', -1)).toBe('2025-12-31');
    const now = new Date('2026-03-01T10:00:00Z');
    expect(dayOf(now)).toBe(today);
    expect(endOf(today, now)).toEqual(now);
    expect(endOf('2026-02-28', now)).toEqual(new Date('2026-03-01T00:00:00Z'));
  });
});
