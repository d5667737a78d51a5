import { followTopic } from '../../graphql/follow-topic.js';
import { lookWhenWoken, type Watch } from '../../graphql/look-when-woken.js';
import type { Channel } from './channel.js';

export interface StartDeliveringDeps {
  channels: readonly Channel[];
  /** Sends what is due on a channel. */
  deliver(channel: Channel, signal: AbortSignal): Promise<unknown>;
  /** Changes for channels that are not among these. */
  sweep(known: readonly string[]): Promise<unknown>;
  /** Messages of the bus: alerts have changed. */
  subscribe(): AsyncIterableIterator<unknown>;
  /** Told what interrupted it; it goes on by itself. */
  onInterrupted(error: unknown): void;
  /** Looked for what is due this often without a message; 1 s unless told. */
  everyMs?: number;
  /** What a message in flight has to come through before it is cut short; 2 s unless told. */
  graceMs?: number;
}

const EVERY_MS = 1_000;
const GRACE_MS = 2_000;
const SWEEP_EVERY_MS = 60_000;

/**
 * Sends alerts until it is closed. Every channel has a loop of its own, one run at a time, so that one that hangs holds
 * up no other; the bus only wakes them, and a bus that is gone delays alerts by no more than `everyMs`. Closing waits
 * for messages in flight for a moment, then cuts them short: they stay due.
 */
export function startDelivering(deps: StartDeliveringDeps): { close(): Promise<void> } {
  const { channels, everyMs = EVERY_MS, graceMs = GRACE_MS, onInterrupted } = deps;
  const cut = new AbortController();
  const known = channels.map(({ name }) => name);
  const again = (run: () => Promise<unknown>, every: number): Watch => {
    const look = async (): Promise<void> => {
      await run();
    };
    return lookWhenWoken({ look, everyMs: every, onInterrupted });
  };
  const loops = [
    ...channels.map((channel) => again(() => deps.deliver(channel, cut.signal), everyMs)),
    again(() => deps.sweep(known), SWEEP_EVERY_MS),
  ];
  const following = followTopic({
    subscribe: deps.subscribe,
    look: () => {
      for (const loop of loops) loop.wake();
    },
    onInterrupted,
  });
  return {
    async close() {
      const grace = setTimeout(() => {
        cut.abort();
      }, graceMs);
      await Promise.all([following.close(), ...loops.map((loop) => loop.close())]);
      clearTimeout(grace);
    },
  };
}
