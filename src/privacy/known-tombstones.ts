import { tombstoneHash, type Tombstone } from './erasure.js';

export interface KnownTombstonesDeps {
  /** Tombstones from an instant on; null = all. */
  since: (instant: Date | null) => Promise<Tombstone[]>;
  monotonicMs: () => number;
}

/** The tombstones as a process remembers them. */
export interface KnownTombstones {
  /**
   * When the customers of these keys were erased; those who never were are not in it. At most a second old, and
   * without any tombstone nothing is hashed.
   */
  erasedBefore: (externalIds: readonly string[]) => Promise<Map<string, Date>>;
  /** Another erasure was made: the next question reads. */
  forget: () => void;
}

const OLDEST_MS = 1_000;
/** Clocks of processes differ, and an erasure is stamped before it is committed. */
const OVERLAP_MS = 5 * 60_000;

/** Remembers tombstones; what is new is read at most once a second, or after `forget`. */
export function knownTombstones(deps: KnownTombstonesDeps): KnownTombstones {
  const bySalt = new Map<string, Map<string, Date>>();
  let newest: Date | null = null;
  let readAtMs = -Infinity;
  let reading: Promise<void> | null = null;

  const read = async (): Promise<void> => {
    const atMs = deps.monotonicMs();
    const found = await deps.since(newest && new Date(newest.getTime() - OVERLAP_MS));
    for (const { salt, hash, erasedAt } of found) {
      const hashes = bySalt.get(salt) ?? new Map<string, Date>();
      bySalt.set(salt, hashes);
      if ((hashes.get(hash)?.getTime() ?? -Infinity) < erasedAt.getTime())
        hashes.set(hash, erasedAt);
      if (!newest || newest < erasedAt) newest = erasedAt;
    }
    readAtMs = Math.max(readAtMs, atMs);
  };
  const refresh = async (): Promise<void> => {
    // one that is under way may have begun before the question
    if (reading) await reading.catch(() => undefined);
    if (deps.monotonicMs() - readAtMs < OLDEST_MS) return;
    reading ??= read().finally(() => {
      reading = null;
    });
    await reading;
  };

  return {
    async erasedBefore(externalIds) {
      await refresh();
      const erased = new Map<string, Date>();
      for (const [salt, hashes] of bySalt)
        for (const externalId of externalIds) {
          const at = hashes.get(tombstoneHash(salt, externalId));
          if (at) erased.set(externalId, at);
        }
      return erased;
    },
    forget: () => {
      readAtMs = -Infinity;
    },
  };
}
