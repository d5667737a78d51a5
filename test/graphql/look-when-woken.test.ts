import { expect, it } from 'vitest';
import { feedCursor, feedPosition } from '../../src/graphql/feed-cursor.js';
import { lookWhenWoken } from '../../src/graphql/look-when-woken.js';
import { openSeat } from '../../src/graphql/seat.js';
import { until } from '../support/door.js';
import { memoryBus } from '../support/memory-bus.js';

const silent = { onInterrupted: () => undefined, everyMs: 60_000 };

it('looks at once, and once more for however many messages came during a look', async () => {
  const bus = memoryBus();
  let looks = 0;
  let finish = (): void => undefined;
  const watch = lookWhenWoken({
    ...silent,
    look: () => {
      looks += 1;
      return new Promise((resolve) => (finish = resolve));
    },
    listenTo: () => bus.subscribe('topic'),
  });
  await until(() => looks === 1);
  for (let n = 0; n < 50; n += 1) bus.publish('topic', {});
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect(looks).toBe(1);
  finish();
  await until(() => looks === 2);
  finish();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(looks).toBe(2);
  await watch.close();
  expect(bus.subscribers()).toBe(0);
});

it('goes on after a look that failed, and after a stream that broke', async () => {
  const bus = memoryBus();
  const failures: unknown[] = [];
  let looks = 0;
  let opened = 0;
  const watch = lookWhenWoken({
    everyMs: 60_000,
    look: () => {
      looks += 1;
      return looks === 1 ? Promise.reject(new Error('no database')) : Promise.resolve();
    },
    listenTo: () => {
      opened += 1;
      if (opened === 1) throw new Error('no bus');
      return bus.subscribe('topic');
    },
    onInterrupted: (error) => failures.push(error),
  });
  await until(() => bus.subscribers() === 1);
  bus.publish('topic', {});
  await until(() => looks === 2);
  watch.wake();
  await until(() => looks === 3);
  expect(failures.map(String)).toEqual(['Error: no bus', 'Error: no database']);
  await watch.close();
});

it('a seat tells its reader once that it is slow, and then is done', async () => {
  let left = 0;
  const seat = openSeat<number>('alert', 2, () => (left += 1));
  expect(seat.room()).toBe(2);
  for (const n of [1, 2, 3, 4]) seat.put(n);
  expect({ left, room: seat.room() }).toEqual({ left: 1, room: Infinity });
  await expect(seat.next()).rejects.toMatchObject({ code: 'SLOW_SUBSCRIBER', retryable: true });
  expect(await seat.next()).toEqual({ value: undefined, done: true });
  seat.end();
  expect(left).toBe(1);
});

it('the words for a slow subscriber fit into the reason of a closed socket', async () => {
  const seat = openSeat('experiment', 1_000, () => undefined);
  for (let n = 0; n <= 1_000; n += 1) seat.put(n);
  const error = (await seat.next().catch((reason: unknown) => reason)) as Error;
  expect(Buffer.byteLength(`slow subscriber: ${error.message}`)).toBeLessThanOrEqual(123);
});

it('a cursor is of one topic; without one there is no position', () => {
  expect(feedPosition('alert', feedCursor('alert', 7))).toBe(7);
  expect(feedPosition('alert', null)).toBeNull();
  expect(feedPosition('alert', undefined)).toBeNull();
  expect(() => feedPosition('alert', feedCursor('drift', 7))).toThrow('of drift, not of alert');
  for (const wrong of ['', 'x', feedCursor('alert', -1), feedCursor('alert', 0.5)])
    expect(() => feedPosition('alert', wrong)).toThrow('after is not a cursor');
});
