import { DAY_MS, type Clock } from '../kernel/clock.js';

/** A month of the ledger, by `scoredAt` in UTC. */
export interface LedgerMonth {
  name: string;
  from: Date;
  until: Date;
  /** Estimated by PostgreSQL. */
  rows: number;
  /** Heap, indexes and overflow. */
  bytes: number;
}

/** What became of a month that was to be dropped. `busy`: readers held it; `gone`: dropped by somebody else. */
export type MonthDropped = 'dropped' | 'busy' | 'gone';

export interface LookAfterLedgerDeps {
  clock: Pick<Clock, 'wall'>;
  /** Whole days; 0 = for ever. */
  retentionDays: number;
  ensure(instants: readonly Date[]): Promise<void>;
  months(): Promise<LedgerMonth[]>;
  drop(month: LedgerMonth, at: Date, days: number): Promise<MonthDropped>;
}

export interface LedgerUpkeep {
  dropped: string[];
  /** The next upkeep tries again. */
  busy: string[];
}

/** Months that are made before their first score comes. */
export const LEDGER_MONTHS_AHEAD = 2;

/** Makes the months of now and of the next LEDGER_MONTHS_AHEAD where they are missing. */
export async function createLedgerMonths({
  clock,
  ensure,
}: Pick<LookAfterLedgerDeps, 'clock' | 'ensure'>): Promise<void> {
  const now = clock.wall();
  await ensure(
    Array.from(
      { length: LEDGER_MONTHS_AHEAD + 1 },
      (_, n) => new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + n)),
    ),
  );
}

/** Months whose every row is older than so many days; none where the ledger is kept for ever. */
export function monthsPast(
  months: readonly LedgerMonth[],
  retentionDays: number,
  now: Date,
): LedgerMonth[] {
  if (retentionDays === 0) return [];
  const heldFrom = now.getTime() - retentionDays * DAY_MS;
  return months.filter(({ until }) => until.getTime() <= heldFrom);
}

/** Makes months ahead and drops those that retention has passed, oldest first, until told to stop. */
export async function lookAfterLedger(
  deps: LookAfterLedgerDeps,
  signal?: AbortSignal,
): Promise<LedgerUpkeep> {
  await createLedgerMonths(deps);
  const outcome: LedgerUpkeep = { dropped: [], busy: [] };
  const now = deps.clock.wall();
  for (const month of monthsPast(await deps.months(), deps.retentionDays, now)) {
    if (signal?.aborted) break;
    const became = await deps.drop(month, now, deps.retentionDays);
    if (became !== 'gone') outcome[became].push(month.name);
  }
  return outcome;
}
