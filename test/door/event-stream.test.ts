import { describe, expect, it } from 'vitest';
import { eventStream } from '../../src/door/event-stream.js';
import { count } from '../../src/kernel/count.js';

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

/** A source that a test pushes into; `returned` tells whether it was ended. */
function tap() {
  const waiting: ((result: IteratorResult<unknown>) => void)[] = [];
  const state = { returned: 0, asked: 0, failing: null as Error | null };
  const source: AsyncIterableIterator<unknown> = {
    [Symbol.asyncIterator]: () => source,
    next: () =>
      state.failing
        ? Promise.reject(state.failing)
        : new Promise((resolve) => {
            count('sql');
            state.asked += 1;
            waiting.push(resolve);
          }),
    return: () => {
      state.returned += 1;
      return new Promise(() => undefined); // a generator that waits never answers
    },
  };
  const push = async (...values: unknown[]): Promise<void> => {
    for (const value of values) {
      waiting.shift()?.({ value, done: false });
      await settle();
    }
  };
  return {
    asked: () => state.asked,
    source,
    state,
    push,
    finish: () => waiting.shift()?.({ value: undefined, done: true }),
  };
}

function open(options: { maxUndelivered?: number; takesErrors?: boolean } = {}) {
  const tapped = tap();
  const stream = eventStream({
    source: tapped.source,
    maxUndelivered: options.maxUndelivered ?? 10,
    answer: ({ payload, counts }) => Promise.resolve({ payload, sql: counts.sql }),
    onError: () => options.takesErrors ?? false,
  });
  return { ...tapped, stream };
}

describe('the stream of a subscription', () => {
  it('answers every event in order, each with what its source cost', async () => {
    const { stream, push, finish } = open();
    await push('a', 'b');
    expect((await stream.next()).value).toEqual({ payload: 'a', sql: 1 });
    const waiting = stream.next();
    expect((await waiting).value).toEqual({ payload: 'b', sql: 1 });
    const last = stream.next();
    finish();
    expect(await last).toEqual({ value: undefined, done: true });
  });

  it('asks its source for no more than the bound while nobody reads, and goes on when somebody does', async () => {
    const { stream, push, asked } = open({ maxUndelivered: 2 });
    await push('a', 'b', 'nobody asked for this');
    expect(asked()).toBe(2);
    expect((await stream.next()).value).toMatchObject({ payload: 'a' });
    await settle();
    expect(asked()).toBe(3);
    await push('c');
    expect((await stream.next()).value).toMatchObject({ payload: 'b' });
    expect((await stream.next()).value).toMatchObject({ payload: 'c' });
  });

  it('lets go of a source that it made wait when the client leaves', async () => {
    const { stream, push, state } = open({ maxUndelivered: 1 });
    await push('a');
    await stream.return(undefined);
    await settle();
    expect(state.returned).toBe(1);
    expect((await stream.next()).done).toBe(true);
  });

  it('releases a waiting reader when the client leaves, even if the source never answers', async () => {
    const { stream, state } = open();
    const waiting = stream.next();
    await stream.return(undefined);
    expect((await waiting).done).toBe(true);
    stream.end();
    expect(state.returned).toBe(1);
  });

  it('hands out what came before a failure of the source, then the failure', async () => {
    const { stream, push, state } = open();
    state.failing = new Error('the source broke');
    await push('a');
    expect((await stream.next()).value).toMatchObject({ payload: 'a' });
    await expect(stream.next()).rejects.toThrow('the source broke');
    expect((await stream.next()).done).toBe(true);
  });

  it('just ends when the failure was dealt with', async () => {
    const { stream, push, state } = open({ takesErrors: true });
    state.failing = new Error('too slow');
    await push('a');
    await settle();
    expect((await stream.next()).done).toBe(true);
  });
});
