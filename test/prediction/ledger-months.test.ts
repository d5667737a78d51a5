import { describe, expect, it } from 'vitest';
import { manualClock } from '../../src/kernel/clock.js';
import {
  createLedgerMonths,
  lookAfterLedger,
  monthsPast,
  type LedgerMonth,
} from '../../src/prediction/ledger-months.js';

const month = (name: string): LedgerMonth => {
  const [year = 0, number = 0] = name.split('-').map(Number);
  return {
    name,
    from: new Date(Date.UTC(year, number - 1)),
    until: new Date(Date.UTC(year, number)),
    rows: 1,
    bytes: 8192,
  };
};
const months = ['2026-08', '2026-09', '2026-10', '2026-11'].map(month);

describe('Months of the ledger that retention has passed', () => {
  it.each([
    [0, '2030-01-01T00:00:00Z', []],
    [30, '2026-11-01T00:00:00Z', ['2026-08', '2026-09']],
    [30, '2026-10-30T23:59:59Z', ['2026-08']],
    [30, '2026-10-31T00:00:00Z', ['2026-08', '2026-09']],
    [1, '2026-11-01T23:59:59Z', ['2026-08', '2026-09']],
    [1, '2026-11-02T00:00:00Z', ['2026-08', '2026-09', '2026-10']],
    [365, '2026-11-21T00:00:00Z', []],
  ])('kept %i days, at %s: %j', (days, now, past) => {
    expect(monthsPast(months, days, new Date(now)).map(({ name }) => name)).toEqual(past);
  });
});

describe('Looking after the ledger', () => {
  const clock = manualClock(new Date('2026-11-21T12:00:00Z'));

  it('makes this month and two more, over the end of the year too', async () => {
    const made: string[] = [];
    const ensure = (instants: readonly Date[]) => {
      made.push(...instants.map((at) => at.toISOString().slice(0, 7)));
      return Promise.resolve();
    };
    await createLedgerMonths({ clock, ensure });
    expect(made).toEqual(['2026-11', '2026-12', '2027-01']);
  });

  it('drops what is past, oldest first, tells what was busy, and stops when told', async () => {
    const deps = {
      clock,
      retentionDays: 7,
      ensure: () => Promise.resolve(),
      months: () => Promise.resolve(months),
    };
    const became = { '2026-08': 'dropped', '2026-09': 'busy', '2026-10': 'gone' } as const;
    const drop = ({ name }: LedgerMonth) => Promise.resolve(became[name as keyof typeof became]);
    expect(await lookAfterLedger({ ...deps, drop })).toEqual({
      dropped: ['2026-08'],
      busy: ['2026-09'],
    });
    const stop = new AbortController();
    const stopping = {
      ...deps,
      drop: () => {
        stop.abort();
        return Promise.resolve('dropped' as const);
      },
    };
    expect((await lookAfterLedger(stopping, stop.signal)).dropped).toEqual(['2026-08']);
  });
});
