import { withCounts, zeroCounts } from '../kernel/count.js';
import { pause } from '../kernel/pause.js';
import type { FeatureDefinition } from './feature.js';
import { FEATURE_TOPIC, type FeatureChanged } from './feature.messages.js';
import type { FeatureStore } from './feature.store.js';

/** How long a change of the registry by another process may go unseen where the bus lost the news of it. */
export const REGISTRY_MAX_AGE_MS = 1_000;

/** The registry as it was a moment ago, for questions about customers. */
export interface RecentRegistry {
  /** The store to write through: what this process changes is forgotten at once, and told to the others. */
  store: FeatureStore;
  /**
   * No older than the last news of a change, nor than `REGISTRY_MAX_AGE_MS`, whoever changed it. A re-read is
   * shared by all who wait for it, and is on no operation's account.
   */
  recent: () => Promise<FeatureDefinition[]>;
  /** Calls after each news of a change, when `recent` reads anew; answers how to stop that. */
  onChange: (listener: () => void) => () => void;
  /** Ends following the bus. */
  close: () => Promise<void>;
}

export interface RegistryNews {
  publish: (topic: string, message: FeatureChanged) => void;
  subscribe: (topic: string) => AsyncIterableIterator<unknown>;
}

export interface RecentRegistryOptions {
  /** The bus between processes; without it a change by another one is seen after `REGISTRY_MAX_AGE_MS`. */
  news?: RegistryNews;
  /** Told of each look: true where what was remembered would do. */
  onLook?: (hit: boolean) => void;
}

const RESUBSCRIBE_AFTER_MS = 1_000;

/** Remembers the registry of a store; decisions about the registry itself read `store.all`. */
export function recentRegistry(
  store: FeatureStore,
  monotonicMs: () => number,
  { news, onLook }: RecentRegistryOptions = {},
): RecentRegistry {
  // the age counts from before the statement: what committed before `readAtMs` is in it
  let known: { readAtMs: number; features: Promise<FeatureDefinition[]> } | null = null;
  const listeners = new Set<() => void>();
  const forget = (): void => {
    known = null;
  };

  const recent = (): Promise<FeatureDefinition[]> => {
    const readAtMs = monotonicMs();
    const hit = known !== null && readAtMs - known.readAtMs < REGISTRY_MAX_AGE_MS;
    onLook?.(hit);
    if (known && hit) return known.features;
    const features = withCounts(zeroCounts(), () => store.all());
    const mine = { readAtMs, features };
    known = mine;
    // a failure is told to those who wait and not kept
    features.catch(() => {
      if (known === mine) forget();
    });
    return features;
  };

  const forgetting = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } finally {
      forget();
    }
  };
  const tell = (name: string): void => news?.publish(FEATURE_TOPIC, { name });
  const following = news
    ? followNews(news, () => {
        forget();
        for (const listener of listeners) listener();
      })
    : null;
  return {
    recent,
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: async () => following?.close(),
    store: {
      ...store,
      insert: async (...row) => {
        const inserted = await forgetting(store.insert(...row));
        if (inserted) tell(row[0].name);
        return inserted;
      },
      move: async (decide) => {
        const result = await forgetting(store.move(decide));
        if (result.feature) tell(result.feature.name);
        return result;
      },
    },
  };
}

/** Calls `changed` for each message, and once after each interruption, for what was said meanwhile. */
function followNews(news: RegistryNews, changed: () => void): { close: () => Promise<void> } {
  const ended = new AbortController();
  const isEnded = (): boolean => ended.signal.aborted;
  let messages = news.subscribe(FEATURE_TOPIC);
  const follow = async (): Promise<void> => {
    while (!isEnded()) {
      try {
        for await (const _ of messages) changed();
      } catch {
        // too slow, or the bus was away: what was missed is made good by looking again
      }
      await pause(RESUBSCRIBE_AFTER_MS, ended.signal);
      if (isEnded()) return;
      messages = news.subscribe(FEATURE_TOPIC);
      changed();
    }
  };
  const following = follow();
  return {
    close: async () => {
      ended.abort();
      await messages.return?.();
      await following;
    },
  };
}
