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
 * up no other. Closing waits for messages in flight for a moment, then cuts them short: they stay due.
 */
export function startDelivering(deps: StartDeliveringDeps): { close(): Promise<void> } {
  const { channels, everyMs = EVERY_MS, graceMs = GRACE_MS } = deps;
  const stopping = new AbortController();
  const cut = new AbortController();
  const loops = channels.map((channel) =>
    followTopic({
      subscribe: deps.subscribe,
      look: async () => {
        await deps.deliver(channel, cut.signal);
      },
      onInterrupted: deps.onInterrupted,
      everyMs,
    }),
  );
  const sweeping = sweepNowAndThen(deps, stopping.signal);
  return {
    async close() {
      stopping.abort();
      const grace = setTimeout(() => {
        cut.abort();
      }, graceMs);
      await Promise.all([...loops.map((loop) => loop.close()), sweeping]);
      clearTimeout(grace);
    },
  };
}

async function sweepNowAndThen(
  { channels, sweep, onInterrupted }: StartDeliveringDeps,
  signal: AbortSignal,
): Promise<void> {
  const known = channels.map(({ name }) => name);
  while (!signal.aborted) {
    try {
      await sweep(known);
    } catch (error) {
      onInterrupted(error);
    }
    await pause(SWEEP_EVERY_MS, signal);
  }
}
