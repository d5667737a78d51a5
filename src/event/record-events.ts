import { rejectedOfCall, type RejectedRow } from '../job/rejected-row.js';
import type { Clock } from '../kernel/clock.js';
import type { RowRejection, Verdict } from '../user/user.js';
import { checkEventRow, CLOCK_SKEW_MS, type EventBounds, type EventRow } from './event.js';
import type { StoredEvents } from './event-insert.store.js';
import { heldFrom, retentionNow, type RetentionRule } from './retention.js';

export interface RecordEventsDeps {
  clock: Pick<Clock, 'now' | 'wall'>;
  /** Customer ids of the keys; missing customers are made. */
  resolveUsers: (externalIds: readonly string[], at: Date) => Promise<Map<string, number>>;
  typeIds: (names: readonly string[]) => Promise<Map<string, number>>;
  sourceIds: (names: readonly string[]) => Promise<Map<string, number>>;
  /** Inserts what is new and moves last_active_at in one transaction; answers how many were new. */
  insert: (events: StoredEvents) => Promise<number>;
  /** Device ids of the keys; missing devices are made. Without it devices are passed over. */
  resolveDevices?: (keys: readonly string[], at: Date) => Promise<Map<string, number>>;
  /** When those of the customers that were erased were erased, by key. */
  erasedBefore?: (externalIds: readonly string[]) => Promise<Map<string, Date>>;
  /** Keeps rows that were not taken. Without it the caller does, as an import with its lines. */
  keepRejected?: (rows: readonly RejectedRow[]) => Promise<void>;
  /** Without it events are held for ever. */
  retention?: RetentionRule;
}

export interface RecordEventsResult {
  accepted: number;
  /** Rows whose (source, id) was there already, in the table or earlier in the call. */
  duplicates: number;
  /** By index. */
  rejected: RowRejection[];
}

/** Says when the work may begin. */
export type InTurn = <T>(work: () => Promise<T>) => Promise<T>;

/** `inTurn` is for calls made side by side whose new customers must come in the order of the calls. */
export type RecordEvents = (
  rows: readonly EventRow[],
  inTurn?: InTurn,
) => Promise<RecordEventsResult>;

/** As large as an import's batches, so that these are resolved whole and in their order. */
const BATCH = 80_000;

/**
 * Records events, each row by itself: a bad one is rejected with its reason, the others are taken.
 * A repeat changes nothing, also one with another instant. Overlapping parallel calls cannot deadlock, because
 * every batch is written in the order of (source, id).
 */
export function recordEvents(deps: RecordEventsDeps): RecordEvents {
  return async (rows, inTurn) => {
    const wall = deps.clock.wall();
    const { taken, rejected } = await judge(deps, rows, wall);
    let accepted = 0;
    for (let start = 0; start < taken.length; start += BATCH) {
      const batch = taken.slice(start, start + BATCH);
      accepted += await deps.insert(await resolveBatch(deps, batch, wall, inTurn));
    }
    if (rejected.length > 0)
      await deps.keepRejected?.(
        rejectedOfCall(rows, rejected, {
          source: 'recordEvents',
          at: wall,
          userKey: ({ user }) => user,
        }),
      );
    return { accepted, duplicates: taken.length - accepted, rejected };
  };
}

/** Which rows can be taken. */
async function judge(
  deps: RecordEventsDeps,
  rows: readonly EventRow[],
  wall: Date,
): Promise<{ taken: EventRow[]; rejected: RowRejection[] }> {
  const bounds = boundsOf(deps, wall);
  const verdicts = rows.map((row) => checkEventRow(row, bounds));
  const good = rows.filter((_, index) => !verdicts[index]);
  const erased = await deps.erasedBefore?.([...new Set(good.map(({ user }) => user))]);
  const taken: EventRow[] = [];
  const rejected: RowRejection[] = [];
  rows.forEach((row, index) => {
    const verdict = verdicts[index] ?? checkErased(row, erased);
    if (verdict) rejected.push({ index, ...verdict });
    else taken.push(row);
  });
  return { taken, rejected };
}

function boundsOf({ clock, retention }: RecordEventsDeps, wall: Date): EventBounds {
  const latest = new Date(Math.max(clock.now().getTime(), wall.getTime()) + CLOCK_SKEW_MS);
  if (!retention || retention.history) return { latest, held: null };
  const from = heldFrom(retention.days, retentionNow(clock));
  return { latest, held: from && { from, days: retention.days } };
}

function checkErased(row: EventRow, erased: ReadonlyMap<string, Date> | undefined): Verdict {
  const at = erased?.get(row.user);
  if (!at || row.at > at) return null;
  return {
    code: 'FORBIDDEN',
    message: `user was erased at ${at.toISOString()}, no event until then is taken, got ${row.at.toISOString()}`,
  };
}

async function resolveBatch(
  deps: RecordEventsDeps,
  rows: readonly EventRow[],
  receivedAt: Date,
  inTurn: InTurn = (work) => work(),
): Promise<StoredEvents> {
  const sources = await deps.sourceIds([...new Set(rows.map((row) => row.source))]);
  const types = await deps.typeIds([...new Set(rows.map((row) => row.type))]);
  const users = await inTurn(() =>
    deps.resolveUsers([...new Set(rows.map((row) => row.user))], receivedAt),
  );
  const devices = await deviceIds(deps, rows, receivedAt);
  const idOf = (ids: Map<string, number>, name: string): number => ids.get(name) ?? 0;
  const bySource = (a: EventRow, b: EventRow): number =>
    a.source === b.source ? 0 : idOf(sources, a.source) - idOf(sources, b.source);
  const sorted = withoutRepeats(rows.toSorted((a, b) => bySource(a, b) || compare(a.id, b.id)));
  const { retention } = deps;
  return {
    receivedAt,
    sourceIds: sorted.map(({ source }) => idOf(sources, source)),
    keys: sorted.map(({ id }) => id),
    userIds: sorted.map(({ user }) => idOf(users, user)),
    typeIds: sorted.map(({ type }) => idOf(types, type)),
    atMs: sorted.map(({ at }) => at.getTime()),
    values: sorted.map(({ value }) => value),
    properties: sorted.map(({ properties }) => (properties ? JSON.stringify(properties) : null)),
    deviceIds:
      devices && sorted.map(({ device }) => (device ? (devices.get(device) ?? null) : null)),
    keepBefore: retention?.history ? heldFrom(retention.days, retentionNow(deps.clock)) : null,
  };
}

/** null: no row names a device. */
async function deviceIds(
  { resolveDevices }: RecordEventsDeps,
  rows: readonly EventRow[],
  at: Date,
): Promise<Map<string, number> | null> {
  if (!resolveDevices) return null;
  const keys = new Set<string>();
  for (const { device } of rows) if (device) keys.add(device);
  return keys.size === 0 ? null : resolveDevices([...keys], at);
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
