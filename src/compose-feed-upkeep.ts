import { DAY_MS, type Clock } from './kernel/clock.js';
import { forgetFeed } from './plant/feed-log.js';
import type { Database } from './plant/ports.js';

/** Upkeep: changes older than `feedDays` are no longer held; cursors from before are refused from then on. */
export function forgetOldChanges(
  db: Database,
  clock: Pick<Clock, 'wall'>,
  feedDays: number,
): () => Promise<number> {
  return () => {
    const at = clock.wall();
    return forgetFeed(db, new Date(at.getTime() - feedDays * DAY_MS), at);
  };
}
