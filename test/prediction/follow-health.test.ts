import 'reflect-metadata';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RequestContext } from '../../src/graphql/context.js';
import { count, withCounts, zeroCounts } from '../../src/kernel/count.js';
import { DEGRADED_TOPIC } from '../../src/prediction/degrade.messages.js';
import { followHealth } from '../../src/prediction/follow-health.js';
import type { ModelHealth } from '../../src/prediction/model-health.js';
import { modelHealthFeeds } from '../../src/prediction/model-health.resolver.js';
import { predictionTopic } from '../../src/prediction/prediction.messages.js';
import { memoryBus } from '../support/memory-bus.js';

const CHURN = '01900000-0000-7000-8000-000000000001';
const OTHER = '01900000-0000-7000-8000-000000000002';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Followers of models on a bus; the figures are the number of the reading. */
function setting() {
  const bus = memoryBus();
  const readings: string[] = [];
  const looked: string[] = [];
  const state = { broken: false };
  const follow = followHealth({
    subscribe: (topic) => bus.subscribe(topic),
    modelByName: (name) => {
      looked.push(name);
      const id = { churn: CHURN, other: OTHER }[name];
      return Promise.resolve(id === undefined ? null : { id, name });
    },
    modelHealth: async ({ name }) => {
      await Promise.resolve();
      count('sql');
      if (state.broken) throw new Error('no database');
      return { predictions: readings.push(name) } as ModelHealth;
    },
  });
  const scored = (modelId = CHURN): void => {
    bus.publish(predictionTopic(modelId), { ids: [1] });
  };
  return { bus, readings, looked, state, follow, scored };
}

/** Reads all that comes; `seen` grows. */
function reader(feed: AsyncIterableIterator<ModelHealth>) {
  const seen: number[] = [];
  const end = (async () => {
    for await (const { predictions } of feed) seen.push(predictions);
  })();
  end.catch(() => undefined);
  return { seen, end, leave: () => feed.return?.() };
}

const passes = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

describe('who follows the health of a model', () => {
  it('gets the present figures at once, and opens nothing before the first step', async () => {
    const { bus, looked, follow } = setting();
    const feed = follow('churn');
    await passes(60_000);
    expect([looked, bus.subscribers()]).toEqual([[], 0]);
    const { seen, leave } = reader(feed);
    await passes(0);
    expect(seen).toEqual([1]);
    await leave();
  });

  it('gets them again within a second of a prediction, at most once a second', async () => {
    const { follow, scored } = setting();
    const { seen, leave } = reader(follow('churn'));
    await passes(0);
    for (let i = 0; i < 100; i++) {
      scored();
      await passes(100);
    }
    // ten seconds full of predictions, and the first figures
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    scored();
    await passes(999);
    expect(seen).toHaveLength(11);
    await passes(1);
    expect(seen).toHaveLength(12);
    await passes(5_000);
    scored();
    await passes(0);
    expect(seen).toHaveLength(13);
    await leave();
  });

  it.each([
    ['its predictions', predictionTopic(CHURN), { ids: [1] }, 2],
    ['predictions of another model', predictionTopic(OTHER), { ids: [1] }, 1],
    ['that it is replaced', DEGRADED_TOPIC, { modelId: CHURN, degraded: true, why: 'late' }, 2],
    ['that it answers again', DEGRADED_TOPIC, { modelId: CHURN, degraded: false, why: null }, 2],
    ['that another is replaced', DEGRADED_TOPIC, { modelId: OTHER, degraded: true, why: 'x' }, 1],
    ['what it does not know', DEGRADED_TOPIC, 'nonsense', 1],
  ])(
    'hearing of %s, it has had figures as often as it should',
    async (_, topic, message, times) => {
      const { bus, follow } = setting();
      const { seen, leave } = reader(follow('churn'));
      await passes(5_000);
      bus.publish(topic, message);
      await passes(1_000);
      expect(seen).toHaveLength(times);
      await leave();
    },
  );

  it('gets them every 30 seconds when nothing happens', async () => {
    const { follow } = setting();
    const { seen, leave } = reader(follow('churn'));
    await passes(29_999);
    expect(seen).toEqual([1]);
    await passes(1);
    expect(seen).toEqual([1, 2]);
    await passes(60_000);
    expect(seen).toEqual([1, 2, 3, 4]);
    await leave();
  });

  it('shares every reading with all who follow the same model', async () => {
    const { bus, readings, looked, follow, scored } = setting();
    const readers = Array.from({ length: 2_000 }, () => reader(follow('churn')));
    await passes(500);
    scored();
    await passes(1_000);
    expect(readings).toEqual(['churn', 'churn']);
    expect(looked).toEqual(['churn']);
    expect(bus.subscribers()).toBe(2); // of the model's predictions, and of answers without it
    for (const { seen } of readers) expect(seen).toEqual([1, 2]);
    for (const { leave } of readers) await leave();
  });

  it('who comes within the second gets what was read; who comes later gets new figures', async () => {
    const { readings, follow } = setting();
    const first = reader(follow('churn'));
    await passes(900);
    const early = reader(follow('churn'));
    await passes(0);
    expect([early.seen, readings.length]).toEqual([[1], 1]);
    await passes(5_000);
    const late = reader(follow('churn'));
    await passes(0);
    expect([first.seen, early.seen, late.seen]).toEqual([[1, 2], [1, 2], [2]]);
    for (const { leave } of [first, early, late]) await leave();
  });

  it('that reads slowly gets the newest figures, not all of them', async () => {
    const { follow, scored } = setting();
    const feed = follow('churn');
    expect(await feed.next()).toMatchObject({ value: { predictions: 1 } });
    for (let i = 0; i < 5; i++) {
      scored();
      await passes(1_000);
    }
    expect(await feed.next()).toMatchObject({ value: { predictions: 6 } });
    await feed.return?.();
  });

  it('does not pay for what is read for all', async () => {
    const { follow } = setting();
    const counts = zeroCounts();
    const feed = follow('churn');
    await withCounts(counts, () => feed.next());
    expect(counts.sql).toBe(0);
    await feed.return?.();
  });
});

describe('the end of following', () => {
  it('leaves no timer and no subscription of the bus once the last has left', async () => {
    const { bus, readings, follow } = setting();
    const [one, two] = [reader(follow('churn')), reader(follow('churn'))];
    await passes(5_000);
    await one.leave();
    expect([bus.subscribers(), vi.getTimerCount()]).toEqual([2, 1]);
    await two.leave();
    await passes(0);
    expect([bus.subscribers(), vi.getTimerCount()]).toEqual([0, 0]);
    await Promise.all([one.end, two.end]);
    await passes(60_000);
    expect(readings).toHaveLength(1);
    const again = reader(follow('churn'));
    await passes(0);
    expect(again.seen).toEqual([2]);
    await again.leave();
  });

  it('who leaves before the first figures leaves nothing behind', async () => {
    const { bus, follow } = setting();
    const feed = follow('churn');
    const first = feed.next();
    await feed.return?.();
    expect((await first).done).toBe(true);
    await passes(0);
    expect([bus.subscribers(), vi.getTimerCount()]).toEqual([0, 0]);
    expect((await feed.next()).done).toBe(true);
  });

  it('figures that cannot be read end it for all, with what is wrong', async () => {
    const { bus, state, follow, scored } = setting();
    const readers = [reader(follow('churn')), reader(follow('churn'))];
    await passes(5_000);
    state.broken = true;
    scored();
    await passes(0);
    for (const { end } of readers) await expect(end).rejects.toThrow('no database');
    expect([bus.subscribers(), vi.getTimerCount()]).toEqual([0, 0]);
  });

  it('an ended bus ends it', async () => {
    const bus = memoryBus();
    const sources: AsyncIterableIterator<unknown>[] = [];
    const follow = followHealth({
      modelByName: () => Promise.resolve({ id: CHURN, name: 'churn' }),
      modelHealth: () => Promise.resolve({ predictions: 1 } as ModelHealth),
      subscribe: (topic) => {
        const source = bus.subscribe(topic);
        sources.push(source);
        return source;
      },
    });
    const { seen, end } = reader(follow('churn'));
    await passes(5_000);
    for (const source of sources) await source.return?.();
    await end;
    expect([seen, vi.getTimerCount()]).toEqual([[1], 0]);
  });
});

describe('the feed modelHealth', () => {
  const as = (role: string) => ({ viewer: { id: 'v', name: 'v', role } }) as RequestContext;

  it('of a model that there is none of ends with what is wrong', async () => {
    const { bus, follow } = setting();
    const feed = modelHealthFeeds(follow).modelHealth({
      args: { model: 'nothing' },
      context: as('ADMIN'),
    });
    await expect(feed[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: 'no model is named nothing',
    });
    expect([bus.subscribers(), vi.getTimerCount()]).toEqual([0, 0]);
  });

  it('is refused at once to who may not read models', () => {
    const { follow, looked } = setting();
    const { modelHealth } = modelHealthFeeds(follow);
    expect(() => modelHealth({ args: { model: 'churn' }, context: as('NOBODY') })).toThrow();
    expect(looked).toEqual([]);
  });
});
