import { withCounts, zeroCounts } from '../kernel/count.js';
import type { Log } from '../plant/ports.js';
import type { ShadowScore } from './shadow.js';

/** What the other arms would have answered, written behind the answers. */
export interface OtherScores {
  /** Never waits and never throws. Scores that cannot be had, or too many that wait, are lost and logged. */
  offer(scores: Promise<readonly ShadowScore[]>): void;
  /** Resolves once nothing waits. */
  idle(): Promise<void>;
}

export interface OtherScoresDeps {
  /** Who was erased or opted out meanwhile is left out. */
  write(rows: readonly ShadowScore[]): Promise<void>;
  log: Log;
  /** Rows that wait at most; default 10,000. */
  mostWaiting?: number;
}

const MOST_WAITING = 10_000;
const ROWS_PER_BATCH = 1_000;

/** Nothing waits at first. */
export function otherScores({
  write,
  log,
  mostWaiting = MOST_WAITING,
}: OtherScoresDeps): OtherScores {
  const waiting: ShadowScore[] = [];
  const coming = new Set<Promise<void>>();
  let working: Promise<void> | null = null;
  let losing = false;

  const lost = (reason: Record<string, unknown>): void => {
    if (!losing) log.warn(reason, 'scores of the other arms are lost; answers do not feel it');
    losing = true;
  };
  const work = async (): Promise<void> => {
    while (waiting.length > 0) {
      const batch = waiting.splice(0, ROWS_PER_BATCH);
      try {
        await write(batch);
        losing = false;
      } catch (error) {
        lost({ err: error, rows: batch.length });
      }
    }
    working = null;
  };
  const take = (rows: readonly ShadowScore[]): void => {
    const room = Math.max(0, mostWaiting - waiting.length);
    if (rows.length > room) lost({ rows: rows.length - room });
    waiting.push(...rows.slice(0, room));
    // counters of the request that asked are not for this
    if (waiting.length > 0) working ??= withCounts(zeroCounts(), work);
  };

  return {
    offer(scores) {
      const arriving = scores
        .then(take, (error: unknown) => {
          lost({ err: error });
        })
        .finally(() => coming.delete(arriving));
      coming.add(arriving);
    },
    async idle() {
      while (coming.size > 0 || working) {
        await Promise.all(coming);
        await working;
      }
    },
  };
}
