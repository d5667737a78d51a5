import { pause } from '../kernel/pause.js';
import type { Log } from '../plant/ports.js';
import { customersChangedMessage } from './result-cache.messages.js';
import type { ResultCache } from './result-cache.js';

export interface FollowCustomersDeps {
  subscribe(topic: string): AsyncIterableIterator<unknown>;
  cache: Pick<ResultCache, 'evictCustomers' | 'clear'>;
  log: Log;
  /** Topic of `customersChangedMessage`. */
  changed: string;
  /** Any message empties the cache: an erasure does not say whose it was. */
  clearing: string;
}

const RESUBSCRIBE_AFTER_MS = 1_000;

/** Forgets answers as other processes tell of customers; all of them after news may have been missed. */
export function followCustomers(deps: FollowCustomersDeps): { close(): Promise<void> } {
  const ended = new AbortController();
  const open = new Map<string, AsyncIterableIterator<unknown>>();
  const follow = async (topic: string, take: (message: unknown) => void): Promise<void> => {
    while (!ended.signal.aborted) {
      try {
        const messages = deps.subscribe(topic);
        open.set(topic, messages);
        for await (const message of messages) take(message);
      } catch (error) {
        deps.log.warn({ err: error, topic }, 'following customers was interrupted');
      }
      deps.cache.clear();
      await pause(RESUBSCRIBE_AFTER_MS, ended.signal);
    }
  };
  const following = Promise.all([
    follow(deps.changed, (message) => {
      const { userIds } = customersChangedMessage.parse(message);
      if (userIds) deps.cache.evictCustomers(userIds);
      else deps.cache.clear();
    }),
    follow(deps.clearing, () => {
      deps.cache.clear();
    }),
  ]);
  return {
    async close() {
      ended.abort();
      for (const messages of open.values()) await messages.return?.();
      await following;
    },
  };
}
