import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LedgerRow } from '../../src/prediction/prediction.js';
import { followCustomers } from '../../src/prediction/result-cache-follow.js';
import {
  customersChanged,
  customersChangedMessage,
} from '../../src/prediction/result-cache.messages.js';
import { resultCache, type ResultCache } from '../../src/prediction/result-cache.js';
import { memoryBus } from '../support/memory-bus.js';
import { listLog } from '../support/scorer.js';

const AT = new Date('2026-06-01T12:00:00Z');
const MODEL = 'model-1';

function row(userId: number, change: Partial<LedgerRow> = {}): LedgerRow {
  return {
    id: userId,
    userId,
    modelId: MODEL,
    modelVersionId: 'v1',
    probability: 0.25,
    threshold: 0.5,
    source: 'MODEL',
    asOf: AT,
    scoredAt: AT,
    latencyMs: 1,
    inputs: { numeric: Float32Array.of(1, NaN, 0), categorical: ['basic', ''] },
    jobId: null,
    optedOut: false,
    ...change,
  };
}

function find(
  cache: ResultCache,
  userId: number,
  change: Partial<LedgerRow> & { wall?: Date } = {},
): LedgerRow | null {
  const { modelId, modelVersionId, inputs, asOf } = row(userId, change);
  return cache.find({ modelId, modelVersionId, userId, inputs, asOf, wall: change.wall ?? AT });
}

const later = (ms: number): Date => new Date(AT.getTime() + ms);

describe('an answer that is remembered', () => {
  it.each<[string, Parameters<typeof find>[2], boolean]>([
    ['the very same inputs', {}, true],
    ['a later instant asked as of, the inputs the same', { asOf: later(5_000) }, true],
    ['an earlier instant: it would tell of what came later', { asOf: later(-1) }, false],
    [
      'another number',
      { inputs: { numeric: Float32Array.of(2, NaN, 0), categorical: ['basic', ''] } },
      false,
    ],
    [
      'a number that was missing',
      { inputs: { numeric: Float32Array.of(1, 0, 0), categorical: ['basic', ''] } },
      false,
    ],
    [
      'minus zero for zero',
      { inputs: { numeric: Float32Array.of(1, NaN, -0), categorical: ['basic', ''] } },
      false,
    ],
    [
      'another category',
      { inputs: { numeric: Float32Array.of(1, NaN, 0), categorical: ['pro', ''] } },
      false,
    ],
    [
      'fewer inputs',
      { inputs: { numeric: Float32Array.of(1, NaN), categorical: ['basic', ''] } },
      false,
    ],
    ['another version', { modelVersionId: 'v2' }, false],
    ['a day later', { wall: later(86_400_000) }, true],
    ['more than a day later', { wall: later(86_400_001) }, false],
  ])('%s', (_, question, hit) => {
    const cache = resultCache({ entries: 10 });
    cache.keep(row(7));
    expect(find(cache, 7, question)?.id ?? null).toBe(hit ? 7 : null);
    expect(cache.of(MODEL)).toEqual({
      hits: hit ? 1 : 0,
      misses: hit ? 0 : 1,
      evictions: 0,
      entries: 1,
    });
  });

  it('does not hold the table that its inputs are a view of', () => {
    const table = new Float32Array(30_000);
    const cache = resultCache({ entries: 10 });
    const inputs = { numeric: table.subarray(0, 3), categorical: [] };
    cache.keep(row(1, { inputs }));
    expect(find(cache, 1, { inputs })?.inputs.numeric.buffer.byteLength).toBe(12);
  });
});

describe('a cache', () => {
  it('of no entries remembers nothing', () => {
    const cache = resultCache({ entries: 0 });
    cache.keep(row(1));
    expect(find(cache, 1)).toBeNull();
    expect(cache.of(MODEL)).toEqual({ hits: 0, misses: 0, evictions: 0, entries: 0 });
  });

  it('puts out who was asked about longest ago', () => {
    const cache = resultCache({ entries: 2 });
    cache.keep(row(1));
    cache.keep(row(2));
    find(cache, 1);
    cache.keep(row(3));
    expect([1, 2, 3].map((id) => find(cache, id) !== null)).toEqual([true, false, true]);
    expect(cache.of(MODEL)).toMatchObject({ entries: 2, evictions: 1 });
  });

  it('forgets customers, other versions of a model, and everything', () => {
    const cache = resultCache({ entries: 10 });
    for (const id of [1, 2, 3]) cache.keep(row(id));
    cache.keep(row(1, { modelVersionId: 'v2' }));
    cache.keep(row(1, { modelId: 'other', modelVersionId: 'o1' }));
    cache.keepOnly(MODEL, 'v2');
    expect(cache.of(MODEL).entries).toBe(1);
    expect(cache.of('other').entries).toBe(1);
    cache.evictCustomers([1, 99]);
    expect(cache.of(MODEL).entries + cache.of('other').entries).toBe(0);
    cache.keep(row(4));
    cache.clear();
    expect(cache.of(MODEL)).toMatchObject({ entries: 0, evictions: 5 });
  });

  it('never holds more than it may, counts what it holds, and answers only with what was kept last', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('keep' as const), user: fc.nat(8), value: fc.nat(3) }),
      fc.record({ kind: fc.constant('find' as const), user: fc.nat(8), value: fc.nat(3) }),
      fc.record({ kind: fc.constant('evict' as const), user: fc.nat(8), value: fc.constant(0) }),
    );
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.array(step, { maxLength: 60 }),
        (entries, steps) => {
          const cache = resultCache({ entries });
          const kept = new Map<number, number>();
          for (const { kind, user, value } of steps) {
            const inputs = { numeric: Float32Array.of(value), categorical: [] };
            if (kind === 'keep') {
              cache.keep(row(user, { inputs }));
              kept.set(user, value);
            } else if (kind === 'evict') {
              cache.evictCustomers([user]);
              kept.delete(user);
            } else if (find(cache, user, { inputs })) expect(kept.get(user)).toBe(value);
            expect(cache.of(MODEL).entries).toBeLessThanOrEqual(entries);
          }
          let found = 0;
          for (const [user, value] of kept)
            if (find(cache, user, { inputs: { numeric: Float32Array.of(value), categorical: [] } }))
              found++;
          expect(found).toBe(cache.of(MODEL).entries);
        },
      ),
    );
  });
});

describe('news of customers', () => {
  it('come in messages that the bus can carry; of very many, as one that names nobody', () => {
    const ids = new Set(Array.from({ length: 1_200 }, (_, i) => 900_000_000 + i));
    const messages = customersChanged(ids);
    expect(messages.flatMap(({ userIds }) => userIds ?? [])).toEqual([...ids]);
    for (const message of messages) {
      expect(customersChangedMessage.parse(message)).toEqual(message);
      expect(JSON.stringify(message).length).toBeLessThan(7_000);
    }
    expect(customersChanged(new Set())).toEqual([]);
    const many = new Set(Array.from({ length: 5_001 }, (_, i) => i + 1));
    expect(customersChanged(many)).toEqual([{ userIds: null }]);
  });

  it('put out the answers of who is named, of everyone where nobody is, and of everyone at an erasure', async () => {
    const bus = memoryBus();
    const cache = resultCache({ entries: 10 });
    const following = followCustomers({
      subscribe: (topic) => bus.subscribe(topic),
      cache,
      log: listLog(),
      changed: 'changed',
      clearing: 'erased',
    });
    const entriesAfter = async (topic: string, message: object): Promise<number> => {
      for (const id of [1, 2, 3]) cache.keep(row(id));
      bus.publish(topic, message);
      await new Promise((resolve) => setTimeout(resolve, 5));
      return cache.of(MODEL).entries;
    };
    expect(await entriesAfter('changed', { userIds: [1, 3] })).toBe(1);
    expect(await entriesAfter('changed', { userIds: null })).toBe(0);
    expect(await entriesAfter('erased', { id: 'x' })).toBe(0);
    await following.close();
  });

  it('that may have been missed put out everything', async () => {
    const cache = resultCache({ entries: 10 });
    const log = listLog();
    cache.keep(row(1));
    const following = followCustomers({
      subscribe: () => {
        throw new Error('no bus');
      },
      cache,
      log,
      changed: 'changed',
      clearing: 'erased',
    });
    await following.close();
    expect(cache.of(MODEL).entries).toBe(0);
    expect(log.lines.map(({ level }) => level)).toEqual(['warn', 'warn']);
  });
});
