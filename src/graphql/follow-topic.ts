import { pause } from '../kernel/pause.js';
import { withTicks } from './live-feed.js';

export interface FollowTopicDeps {
  subscribe(): AsyncIterableIterator<unknown>;
  /** Something changed, or may have; the next call waits for the end of this one. */
  look(): Promise<void> | void;
  /** Told what broke the subscription, or came out of `look`; it is made again. */
  onInterrupted(error: unknown): void;
  /** The bus delivers at most once: looked again this often without a message. */
  everyMs?: number;
}

const LOOK_AGAIN_EVERY_MS = 30_000;
const RESUBSCRIBE_AFTER_MS = 1_000;

/** Looks again whenever the bus says so and every now and then, also while there is no bus, until it is closed. */
export function followTopic(deps: FollowTopicDeps): { close(): Promise<void> } {
  const { subscribe, look, onInterrupted, everyMs = LOOK_AGAIN_EVERY_MS } = deps;
  const ended = new AbortController();
  let messages: AsyncIterableIterator<unknown> | null = null;
  const stopped = (): boolean => ended.signal.aborted;
  /** Of time without a bus. */
  let sinceLookMs = 0;
  const lookAnyway = async (): Promise<void> => {
    sinceLookMs = 0;
    try {
      if (!stopped()) await look();
    } catch (error) {
      onInterrupted(error);
    }
  };
  const follow = async (): Promise<void> => {
    while (!stopped()) {
      try {
        messages = subscribe();
        for await (const _ of withTicks(messages, everyMs)) {
          if (stopped()) return;
          sinceLookMs = 0;
          await look();
        }
      } catch (error) {
        onInterrupted(error);
      }
      await pause(RESUBSCRIBE_AFTER_MS, ended.signal);
      sinceLookMs += RESUBSCRIBE_AFTER_MS;
      if (sinceLookMs >= everyMs) await lookAnyway();
    }
  };
  const following = follow();
  return {
    async close() {
      ended.abort();
      await messages?.return?.();
      await following;
    },
  };
}
