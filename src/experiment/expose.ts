import type { Log } from '../plant/ports.js';
import type { AssignmentStore, Exposure, Repeats } from './assignment.store.js';
import type { Exposures } from './running-experiments.js';

export interface ExposuresDeps extends Pick<AssignmentStore, 'expose' | 'count'> {
  log: Log;
  /** How often repeats are written. */
  everyMs?: number;
  /** Who is known to be in an experiment, at most; then all of it is forgotten and asked anew. */
  remembered?: number;
}

const FLUSH_EVERY_MS = 1_000;
const REMEMBERED = 500_000;
const ROWS_A_STATEMENT = 5_000;

/** Begins with nobody known. A crash loses the repeats of the last second, never a first exposure. */
export function openExposures(deps: ExposuresDeps): Exposures {
  const { log, everyMs = FLUSH_EVERY_MS, remembered = REMEMBERED } = deps;
  const known = new Map<string, Set<number>>();
  let knownCount = 0;
  let waiting = new Map<string, Repeats>();
  let turn: Promise<void> = Promise.resolve();

  const remember = ({ experimentId, userId }: Pick<Exposure, 'experimentId' | 'userId'>): void => {
    if (knownCount >= remembered) {
      known.clear();
      knownCount = 0;
    }
    let users = known.get(experimentId);
    if (!users) known.set(experimentId, (users = new Set()));
    if (users.has(userId)) return;
    users.add(userId);
    knownCount += 1;
  };
  const repeat = (
    { experimentId, userId }: Pick<Exposure, 'experimentId' | 'userId'>,
    times: number,
    at: Date,
  ): void => {
    const key = `${experimentId} ${userId}`;
    const held = waiting.get(key);
    waiting.set(key, {
      experimentId,
      userId,
      times: (held?.times ?? 0) + times,
      lastAt: held && held.lastAt > at ? held.lastAt : at,
    });
  };
  const write = async (): Promise<void> => {
    const rows = [...waiting.values()];
    waiting = new Map();
    while (rows.length > 0) {
      const batch = rows.slice(0, ROWS_A_STATEMENT);
      try {
        await deps.count(batch);
        rows.splice(0, batch.length);
      } catch (error) {
        log.warn({ err: error, rows: rows.length }, 'counting exposures failed; tried again soon');
        for (const row of rows) repeat(row, row.times, row.lastAt);
        return;
      }
    }
  };
  const flush = (): Promise<void> => (turn = turn.then(write));
  const timer = setInterval(() => {
    if (waiting.size > 0) void flush();
  }, everyMs);
  timer.unref();

  return {
    async expose(exposed, at) {
      const fresh = new Map<string, Exposure>();
      const again: Exposure[] = [];
      for (const each of exposed) {
        const key = `${each.experimentId} ${each.userId}`;
        if (known.get(each.experimentId)?.has(each.userId)) again.push(each);
        else if (!fresh.has(key)) fresh.set(key, each);
      }
      for (const each of again) repeat(each, 1, at);
      if (fresh.size === 0) return;
      for (const row of await deps.expose([...fresh.values()], at)) {
        remember(row);
        if (!row.first) repeat(row, 1, at);
      }
    },
    flush,
    async close() {
      clearInterval(timer);
      await flush();
    },
  };
}
