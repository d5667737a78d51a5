import { describe, expect, it } from 'vitest';
import { dropsAt, heldFrom, retentionNow } from '../../src/event/retention.js';

const day = (text: string): Date => new Date(`${text}T00:00:00Z`);

describe('retentionNow', () => {
  it.each([
    ['stands in 1998', day('1998-07-01'), day('2026-06-01'), day('1998-07-01')],
    ['runs', day('2026-06-02'), day('2026-06-01'), day('2026-06-01')],
    ['was set ahead', day('2030-01-01'), day('2026-06-01'), day('2026-06-01')],
  ])('is the earlier clock when the one of questions %s', (_, now, wall, expected) => {
    expect(retentionNow({ now: () => now, wall: () => wall })).toEqual(expected);
  });
});

describe('heldFrom', () => {
  it('is so many days of 24 hours back, and nothing at 0', () => {
    expect(heldFrom(365, day('2026-06-01'))).toEqual(day('2025-06-01'));
    expect(heldFrom(1, day('2026-03-01'))).toEqual(day('2026-02-28'));
    expect(heldFrom(0, day('2026-06-01'))).toBeNull();
  });
});

describe('dropsAt', () => {
  const until = day('2025-06-01');
  it.each([
    ['a month', { until, kept: false }, 365, new Date('2026-06-01T01:00:00Z')],
    ['a kept month', { until, kept: true }, 365, null],
    ['a month that is held for ever', { until, kept: false }, 0, null],
  ])('of %s', (_, part, days, expected) => {
    expect(dropsAt(part, days)).toEqual(expected);
  });
});
