import { CLOCK_SKEW_MS, type EventRow } from '../event/event.js';
import { heldFrom, retentionNow, type RetentionRule } from '../event/retention.js';
import { rejectedOfCall, type RejectedRow } from '../job/rejected-row.js';
import type { Clock } from '../kernel/clock.js';
import type { RowRejection, Verdict } from '../user/user.js';
import {
  checkTicketRow,
  eventsOfTicket,
  type TicketChange,
  type TicketRow,
  type TicketState,
} from './ticket.js';

/** A checked row whose customer is known. */
export interface ResolvedTicketRow {
  row: TicketRow;
  userId: number;
}

export interface RecordTicketsDeps {
  clock: Pick<Clock, 'now' | 'wall'>;
  /** Customer ids of the keys; missing customers are made. */
  resolveUsers: (externalIds: readonly string[], at: Date) => Promise<Map<string, number>>;
  /** Applies the rows in their order in one transaction; one change a row. See TicketStore.write. */
  write: (rows: readonly ResolvedTicketRow[], at: Date) => Promise<TicketChange[]>;
  /** Records events, a repeat changes nothing. */
  recordEvents: (rows: readonly EventRow[]) => Promise<{ rejected: readonly RowRejection[] }>;
  /** When those of the customers that were erased were erased, by key. */
  erasedBefore?: (externalIds: readonly string[]) => Promise<Map<string, Date>>;
  /** Keeps rows that were not taken. Without it the caller does, as an import with its lines. */
  keepRejected?: (rows: readonly RejectedRow[]) => Promise<void>;
  /** Without it events are held for ever. */
  retention?: RetentionRule;
}

/** created + updated + unchanged + rejected = rows of the call. */
export interface RecordTicketsResult {
  created: number;
  updated: number;
  unchanged: number;
  /** By index. */
  rejected: RowRejection[];
}

const BATCH = 5_000;

/**
 * Records tickets and tells features of them by events, each row by itself: a bad one is rejected with its reason,
 * the others are taken. The row is written first and decides what stands; then the events of every row taken, also of
 * an unchanged one, are recorded under keys that make a repeat a repeat. A call that was cut off between the two is
 * not acknowledged, and its repeat completes it. What lies before the retention of events has its row and no event.
 */
export function recordTickets(
  deps: RecordTicketsDeps,
): (rows: readonly TicketRow[]) => Promise<RecordTicketsResult> {
  return async (rows) => {
    const wall = deps.clock.wall();
    const verdicts: Verdict[] = await judge(deps, rows, wall);
    const taken = rows.flatMap((row, index) => (verdicts[index] ? [] : [{ row, index }]));
    const result: RecordTicketsResult = { created: 0, updated: 0, unchanged: 0, rejected: [] };
    for (let start = 0; start < taken.length; start += BATCH) {
      const batch = taken.slice(start, start + BATCH);
      const changes = await recordBatch(
        deps,
        batch.map(({ row }) => row),
        wall,
      );
      batch.forEach(({ index }, i) => {
        const change = changes[i];
        if (change?.kind === 'REFUSED') verdicts[index] = change.verdict;
        else if (change) result[COUNTED[change.kind]] += 1;
      });
    }
    result.rejected = verdicts.flatMap((verdict, index) =>
      verdict ? [{ index, ...verdict }] : [],
    );
    await keep(deps, rows, result.rejected, wall);
    return result;
  };
}

const COUNTED = { CREATED: 'created', UPDATED: 'updated', UNCHANGED: 'unchanged' } as const;

async function judge(
  { clock, erasedBefore }: RecordTicketsDeps,
  rows: readonly TicketRow[],
  wall: Date,
): Promise<Verdict[]> {
  const latest = new Date(Math.max(clock.now().getTime(), wall.getTime()) + CLOCK_SKEW_MS);
  const verdicts = rows.map((row) => checkTicketRow(row, latest));
  const good = rows.filter((_, index) => !verdicts[index]);
  const erased = await erasedBefore?.([...new Set(good.map(({ user }) => user))]);
  return rows.map((row, index) => verdicts[index] ?? checkErased(row, erased));
}

function checkErased(
  { user, openedAt }: TicketRow,
  erased: ReadonlyMap<string, Date> | undefined,
): Verdict {
  const at = erased?.get(user);
  if (!at || openedAt > at) return null;
  return {
    code: 'FORBIDDEN',
    message: `user was erased at ${at.toISOString()}, no ticket opened until then is taken, got ${openedAt.toISOString()}`,
  };
}

/** One change a row, in order; a refusal of an event is one of all rows of its ticket. */
async function recordBatch(
  deps: RecordTicketsDeps,
  rows: readonly TicketRow[],
  at: Date,
): Promise<TicketChange[]> {
  const ids = await deps.resolveUsers([...new Set(rows.map(({ user }) => user))], at);
  const resolved = rows.map((row) => ({ row, userId: ids.get(row.user) ?? 0 }));
  const changes = await deps.write(resolved, at);
  const { events, tickets } = eventsOf(deps, rows, changes);
  const { rejected } = await deps.recordEvents(events);
  const refused = new Map(
    rejected.map(({ index, code, message }) => [tickets[index], { code, message }]),
  );
  return changes.map((change, i) => {
    const row = rows[i];
    const verdict = row && refused.get(nameOf(row));
    return verdict && change.kind !== 'REFUSED' ? { kind: 'REFUSED', verdict } : change;
  });
}

/** The events of the tickets as they stand after all rows, and whose each one is. */
function eventsOf(
  { clock, retention }: RecordTicketsDeps,
  rows: readonly TicketRow[],
  changes: readonly TicketChange[],
): { events: EventRow[]; tickets: string[] } {
  const latest = new Map<string, { state: TicketState; user: string }>();
  changes.forEach((change, i) => {
    const row = rows[i];
    if (row && change.kind !== 'REFUSED')
      latest.set(nameOf(row), { state: change.state, user: row.user });
  });
  const from =
    retention && !retention.history ? heldFrom(retention.days, retentionNow(clock)) : null;
  const named = [...latest].flatMap(([ticket, { state, user }]) =>
    eventsOfTicket(state, user)
      .filter(({ at }) => from === null || at >= from)
      .map((event) => ({ event, ticket })),
  );
  return { events: named.map(({ event }) => event), tickets: named.map(({ ticket }) => ticket) };
}

function nameOf({ source, key }: TicketRow): string {
  return JSON.stringify([source, key]);
}

async function keep(
  { keepRejected }: RecordTicketsDeps,
  rows: readonly TicketRow[],
  rejected: readonly RowRejection[],
  at: Date,
): Promise<void> {
  if (rejected.length === 0) return;
  const call = { source: 'recordTickets', at, userKey: ({ user }: TicketRow) => user };
  await keepRejected?.(rejectedOfCall(rows, rejected, call));
}
