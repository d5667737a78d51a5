import { followTopic } from '../../graphql/follow-topic.js';
import { pause } from '../../kernel/pause.js';
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
  const stopping = new AbortController();
  const cut = new AbortController();
  const known = channels.map(({ name }) => name);
  const loops = [
    ...channels.map((channel) =>
      again(() => deps.deliver(channel, cut.signal), everyMs, onInterrupted, stopping.signal),
    ),
    again(() => deps.sweep(known), SWEEP_EVERY_MS, onInterrupted, stopping.signal),
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
      stopping.abort();
      const grace = setTimeout(() => {
        cut.abort();
      }, graceMs);
      await Promise.all([following.close(), ...loops.map(({ ended }) => ended)]);
      clearTimeout(grace);
    },
  };
}

interface Loop {
  /** It runs again as soon as the run that may be on is over. */
  wake(): void;
  ended: Promise<void>;
}

/** Runs something at once and again and again, one run at a time, until the signal fires. */
function again(
  run: () => Promise<unknown>,
  everyMs: number,
  onInterrupted: (error: unknown) => void,
  signal: AbortSignal,
): Loop {
  let rest = new AbortController();
  const loop = async (): Promise<void> => {
    while (!signal.aborted) {
      rest = new AbortController();
      try {
        await run();
        await pause(everyMs, AbortSignal.any([signal, rest.signal]));
      } catch (error) {
        onInterrupted(error);
        await pause(everyMs, signal);
      }
    }
  };
  return {
    wake: () => {
      rest.abort();
    },
    ended: loop(),
  };
}
