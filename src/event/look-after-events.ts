import type { Clock } from '../kernel/clock.js';
import { DROP_MARGIN_MS, heldFrom, retentionNow } from './retention.js';
import type { RetentionStore } from './retention.store.js';

/** Months that are made before their first event comes. */
export const MONTHS_AHEAD = 3;

export interface LookAfterEventsDeps {
  clock: Pick<Clock, 'now' | 'wall'>;
  /** 0 = for ever. */
  retentionDays: number;
  /** Sees to it that every instant has its part; see PartitionEnsurer. */
  ensure: (need: { atMs: readonly number[]; madeAt: Date; keepBefore: null }) => Promise<void>;
  endedBy: RetentionStore['endedBy'];
  drop: RetentionStore['drop'];
}

export interface EventUpkeep {
  dropped: string[];
  /** Readers held the table all the while; the next upkeep tries again. */
  busy: string[];
}

/** Makes the parts of this month and of the next MONTHS_AHEAD where they are missing. */
export async function createMonthsAhead({
  clock,
  ensure,
}: Pick<LookAfterEventsDeps, 'clock' | 'ensure'>): Promise<void> {
  const madeAt = clock.wall();
  const atMs = Array.from({ length: MONTHS_AHEAD + 1 }, (_, n) =>
    Date.UTC(madeAt.getUTCFullYear(), madeAt.getUTCMonth() + n),
  );
  await ensure({ atMs, madeAt, keepBefore: null });
}

/** Makes months ahead and drops those that retention has passed, oldest first, until told to stop. */
export async function lookAfterEvents(
  deps: LookAfterEventsDeps,
  signal?: AbortSignal,
): Promise<EventUpkeep> {
  await createMonthsAhead(deps);
  const outcome: EventUpkeep = { dropped: [], busy: [] };
  const now = retentionNow(deps.clock);
  const from = heldFrom(deps.retentionDays, new Date(now.getTime() - DROP_MARGIN_MS));
  if (!from) return outcome;
  for (const name of await deps.endedBy(from)) {
    if (signal?.aborted) break;
    const became = await deps.drop(name, deps.clock.wall(), deps.retentionDays);
    if (became !== 'gone') outcome[became].push(name);
  }
  return outcome;
}
