import type { Clock } from '../kernel/clock.js';
import type { RowRejection } from '../user/user.js';
import { checkEventRow, CLOCK_SKEW_MS, type EventRow } from './event.js';
import type { StoredEvents } from './event-insert.store.js';

export interface RecordEventsDeps {
  clock: Pick<Clock, 'now' | 'wall'>;
  /** Customer ids of the keys; missing customers are made. */
  resolveUsers: (externalIds: readonly string[], at: Date) => Promise<Map<string, number>>;
  typeIds: (names: readonly string[]) => Promise<Map<string, number>>;
  sourceIds: (names: readonly string[]) => Promise<Map<string, number>>;
  /** Inserts what is new and moves last_active_at in one transaction; answers how many were new. */
  insert: (events: StoredEvents) => Promise<number>;
}

export interface RecordEventsResult {
  accepted: number;
  /** Rows whose (source, id) was there already, in the table or earlier in the call. */
  duplicates: number;
  rejected: RowRejection[];
}

/** As large as an import's batches, so that these are resolved whole and in their order. */
const BATCH = 40_000;

/**
 * Records events, each row by itself: a bad one is rejected with its reason, the others are taken.
 * A repeat changes nothing. Overlapping parallel calls cannot deadlock, because every batch is written in
 * the order of (source, id).
 */
export function recordEvents(
  deps: RecordEventsDeps,
): (rows: readonly EventRow[]) => Promise<RecordEventsResult> {
  return async (rows) => {
    const rejected: RowRejection[] = [];
    const taken: EventRow[] = [];
    const wall = deps.clock.wall();
    const latest = new Date(Math.max(deps.clock.now().getTime(), wall.getTime()) + CLOCK_SKEW_MS);
    rows.forEach((row, index) => {
      const verdict = checkEventRow(row, latest);
      if (verdict) rejected.push({ index, ...verdict });
      else taken.push(row);
    });
    let accepted = 0;
    for (let start = 0; start < taken.length; start += BATCH) {
      const batch = taken.slice(start, start + BATCH);
      accepted += await deps.insert(await resolveBatch(deps, batch, wall));
    }
    return { accepted, duplicates: taken.length - accepted, rejected };
  };
}

async function resolveBatch(
  deps: RecordEventsDeps,
  rows: readonly EventRow[],
  receivedAt: Date,
): Promise<StoredEvents> {
  const sources = await deps.sourceIds([...new Set(rows.map((row) => row.source))]);
  const types = await deps.typeIds([...new Set(rows.map((row) => row.type))]);
  const users = await deps.resolveUsers([...new Set(rows.map((row) => row.user))], receivedAt);
  const idOf = (ids: Map<string, number>, name: string): number => ids.get(name) ?? 0;
  const bySource = (a: EventRow, b: EventRow): number =>
    a.source === b.source ? 0 : idOf(sources, a.source) - idOf(sources, b.source);
  const sorted = withoutRepeats(rows.toSorted((a, b) => bySource(a, b) || compare(a.id, b.id)));
  return {
    receivedAt,
    sourceIds: sorted.map(({ source }) => idOf(sources, source)),
    keys: sorted.map(({ id }) => id),
    userIds: sorted.map(({ user }) => idOf(users, user)),
    typeIds: sorted.map(({ type }) => idOf(types, type)),
    atMs: sorted.map(({ at }) => at.getTime()),
    values: sorted.map(({ value }) => value),
    properties: sorted.map(({ properties }) => (properties ? JSON.stringify(properties) : null)),
  };
}

/** Of neighbours with the same (source, id) the first one stands. */
function withoutRepeats(sorted: readonly EventRow[]): EventRow[] {
  return sorted.filter((row, i) => {
    const before = sorted[i - 1];
    return before === undefined || before.id !== row.id || before.source !== row.source;
  });
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
