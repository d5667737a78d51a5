import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/kernel/clock.js';
import { AppError } from '../../../src/kernel/error.js';
import { count, withCounts, zeroCounts } from '../../../src/kernel/count.js';
import { reassessChanged } from '../../../src/segment/live/reassess-changed.js';
import type { ServedSegmentation } from '../../../src/segment/segmentation.js';
import { keptLog } from '../../support/quiet-log.js';

const SERVED = {} as ServedSegmentation;

/** A follower whose assessments are held until they are let go; `batches` are those that were begun. */
function held(options: { mostWaiting?: number; live?: ServedSegmentation[] } = {}) {
  const batches: number[][] = [];
  const gates: ((error?: Error) => void)[] = [];
  const log = keptLog();
  const following = reassessChanged({
    live: () => options.live ?? [SERVED],
    assess: (_, users) => {
      batches.push([...users]);
      return new Promise<void>((resolve, reject) => {
        gates.push((error) => {
          if (error) reject(error);
          else resolve();
        });
      });
    },
    log,
    clock: systemClock(),
    retryAfterMs: 1,
    ...(options.mostWaiting === undefined ? {} : { mostWaiting: options.mostWaiting }),
  });
  const begun = async (number: number): Promise<void> => {
    while (gates.length < number) await new Promise((resolve) => setTimeout(resolve, 1));
  };
  return {
    following,
    batches,
    log,
    begun,
    /** Lets assessment `number`, from 1, end. */
    async end(number: number, error?: Error): Promise<void> {
      await begun(number);
      gates[number - 1]?.(error);
    },
  };
}

describe('customers to whom something happened', () => {
  it('are assessed in one batch a moment, and those who come meanwhile in the next, each once', async () => {
    const { following, batches, end, begun } = held();
    following.changed([1, 2]);
    following.changed([2, 3]);
    await begun(1);
    following.changed([3, 4]);
    following.changed([4, 5]);
    await end(1);
    await end(2);
    await following.idle();
    expect(batches).toEqual([
      [1, 2, 3],
      [3, 4, 5],
    ]);
  });

  it('are assessed by every segmentation that is live, at most 1,000 at a time', async () => {
    const { following, batches, end } = held({ live: [SERVED, SERVED] });
    following.changed(Array.from({ length: 1_200 }, (_, i) => i + 1));
    for (let k = 1; k <= 4; k += 1) await end(k);
    await following.idle();
    expect(batches.map((users) => users.length)).toEqual([1_000, 1_000, 200, 200]);
  });

  it('cost nothing while no segmentation is live', async () => {
    const { following, batches } = held({ live: [] });
    following.changed([1]);
    await following.idle();
    expect(batches).toEqual([]);
  });

  it('are given up when too many wait, those first who have waited longest', async () => {
    const { following, batches, end, begun } = held({ mostWaiting: 3 });
    following.changed([1]);
    await begun(1);
    following.changed([2, 3, 4, 5]);
    expect(following.dropped()).toBe(1);
    await end(1);
    await end(2);
    await following.idle();
    expect(batches).toEqual([[1], [3, 4, 5]]);
  });

  it('are tried again after a failure, together with who came meanwhile, and it is logged once', async () => {
    const { following, batches, end, begun, log } = held();
    following.changed([1]);
    await begun(1);
    following.changed([2]);
    await end(1, new Error('no scorer'));
    await end(2, new Error('no scorer'));
    await end(3);
    await following.idle();
    expect(batches.map((users) => users.sort())).toEqual([[1], [1, 2], [1, 2]]);
    expect(log.lines.map(({ level, message }) => [level, message])).toEqual([
      ['warn', 'customers cannot be put into their segments; trying again'],
    ]);
  });

  it('are given up when their batch fails for good, and those who come after them are not', async () => {
    const { following, batches, end, begun, log } = held();
    following.changed([1]);
    await begun(1);
    following.changed([2]);
    await end(1, new AppError('INTERNAL', 'the graph answers segment 9, the report has none'));
    await end(2);
    await following.idle();
    expect(batches).toEqual([[1], [2]]);
    expect(following.dropped()).toBe(1);
    expect(log.lines.map(({ level }) => level)).toEqual(['error']);
  });

  it('are not waited for by who recorded, nor counted as work of theirs', async () => {
    const counts = zeroCounts();
    let ended = false;
    const following = reassessChanged({
      live: () => [SERVED],
      assess: () => {
        count('sql');
        ended = true;
        return Promise.resolve();
      },
      log: keptLog(),
      clock: systemClock(),
    });
    withCounts(counts, () => {
      following.changed([1]);
      expect(ended).toBe(false);
    });
    await following.idle();
    expect(ended).toBe(true);
    expect(counts.sql).toBe(0);
  });

  it('are let go of when the process ends', async () => {
    const { following, batches, end, begun } = held();
    following.changed([1]);
    await begun(1);
    following.changed([2]);
    const closing = following.close();
    await end(1);
    await closing;
    following.changed([3]);
    expect(batches).toEqual([[1]]);
  });
});
