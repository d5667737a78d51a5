import { withCounts, zeroCounts } from '../kernel/count.js';
import type { FeatureDefinition } from './feature.js';
import type { FeatureStore } from './feature.store.js';

/** How long a change of the registry by another process may go unseen by questions about customers. */
export const REGISTRY_MAX_AGE_MS = 1_000;

/** The registry as it was at most a second ago, for questions about customers. */
export interface RecentRegistry {
  /** The store to write through: what this process changes is forgotten at once. */
  store: FeatureStore;
  /**
   * No older than `REGISTRY_MAX_AGE_MS`, whoever changed it. A re-read is shared by all who wait for it, and
   * is on no operation's account.
   */
  recent: () => Promise<FeatureDefinition[]>;
}

/** Remembers the registry of a store; decisions about the registry itself read `store.all`. */
export function recentRegistry(store: FeatureStore, monotonicMs: () => number): RecentRegistry {
  // the age counts from before the statement: what committed before `readAtMs` is in it
  let known: { readAtMs: number; features: Promise<FeatureDefinition[]> } | null = null;
  const forget = (): void => {
    known = null;
  };

  const recent = (): Promise<FeatureDefinition[]> => {
    const readAtMs = monotonicMs();
    if (known && readAtMs - known.readAtMs < REGISTRY_MAX_AGE_MS) return known.features;
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
  return {
    recent,
    store: {
      ...store,
      insert: (...row) => forgetting(store.insert(...row)),
      move: (...move) => forgetting(store.move(...move)),
    },
  };
}
