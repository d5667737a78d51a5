import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { followTopic } from '../../src/graphql/follow-topic.js';

/** A bus subscription that the test speaks through. */
function line() {
  let wake: (() => void) | null = null;
  let done = false;
  const said: unknown[] = [];
  const messages: AsyncIterableIterator<unknown> = {
    [Symbol.asyncIterator]: () => messages,
    async next() {
      while (said.length === 0 && !done) await new Promise<void>((resolve) => (wake = resolve));
      return said.length > 0
        ? { value: said.shift(), done: false }
        : { value: undefined, done: true };
    },
    return() {
      done = true;
      wake?.();
      return Promise.resolve({ value: undefined, done: true });
    },
  };
  const say = (message: unknown): void => {
    said.push(message);
    wake?.();
  };
  return { messages, say, ended: () => done };
}

describe('following a topic', () => {
  it('looks at each message, one look after the other', async () => {
    const bus = line();
    const looks: string[] = [];
    const following = followTopic({
      subscribe: () => bus.messages,
      look: async () => {
        looks.push('begin');
        await turn();
        looks.push('end');
      },
      onInterrupted: () => undefined,
    });
    bus.say(1);
    bus.say(2);
    await vi.waitFor(() => {
      expect(looks).toHaveLength(4);
    });
    expect(looks).toEqual(['begin', 'end', 'begin', 'end']);
    await following.close();
    expect(bus.ended()).toBe(true);
  });

  it('looks now and then also while there is no bus', async () => {
    const look = vi.fn();
    const interrupted = vi.fn();
    const following = followTopic({
      subscribe: () => {
        throw new Error('the bus is away');
      },
      look,
      onInterrupted: interrupted,
      everyMs: 900,
    });
    await vi.waitFor(() => expect(look).toHaveBeenCalledTimes(1), { timeout: 5_000 });
    expect(interrupted).toHaveBeenCalled();
    await following.close();
  });

  it('looks without a message too, every now and then', async () => {
    const bus = line();
    const look = vi.fn();
    const following = followTopic({
      subscribe: () => bus.messages,
      look,
      onInterrupted: () => undefined,
      everyMs: 1,
    });
    await vi.waitFor(() => {
      expect(look.mock.calls.length).toBeGreaterThan(2);
    });
    await following.close();
  });

  it('tells what interrupted it, and subscribes again', async () => {
    const lines = [line(), line()];
    const failure = new Error('the bus is gone');
    const told: unknown[] = [];
    let subscriptions = 0;
    const following = followTopic({
      subscribe: () => {
        subscriptions += 1;
        return lines[subscriptions - 1]?.messages ?? line().messages;
      },
      look: () => {
        if (subscriptions === 1) throw failure;
      },
      onInterrupted: (error) => {
        told.push(error);
      },
    });
    lines[0]?.say('news');
    await vi.waitFor(
      () => {
        expect(subscriptions).toBe(2);
      },
      { timeout: 5_000 },
    );
    expect(told).toEqual([failure]);
    await following.close();
    expect(lines[1]?.ended()).toBe(true);
  });

  it('looks no more after it was closed, and closes while it waits to subscribe again', async () => {
    const look = vi.fn();
    const following = followTopic({
      subscribe: () => {
        throw new Error('no bus');
      },
      look,
      onInterrupted: () => undefined,
    });
    await following.close();
    expect(look).not.toHaveBeenCalled();
  });
});
