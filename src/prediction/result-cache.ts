import { sameInputs } from './input-rows.js';
import type { Thresholds } from '../model/score-card/tell-apart.js';
import type { InputRow, LedgerRow } from './prediction.js';

/** How the cache of a model does, in this process, since it started. */
export interface ResultCacheStats {
  hits: number;
  misses: number;
  /** Entries put out by newer ones, by events of the customer, by promotions and erasures. */
  evictions: number;
  /** Entries now. */
  entries: number;
}

/** Answers that need no model run, because nothing that the model looks at has changed. */
export interface ResultCache {
  /**
   * The stored row that a version gave to the same inputs as of an instant not after `asOf`; or null. The same are
   * inputs that the version cannot tell apart (`ServedModel.tellsApart`); without thresholds, bit for bit.
   */
  find(
    key: CacheKey & { inputs: InputRow; tellsApart?: Thresholds | null; asOf: Date; wall: Date },
  ): LedgerRow | null;
  /** Keeps a row of the ledger that the model answered. */
  keep(row: LedgerRow): void;
  /** Something happened to these customers. */
  evictCustomers(userIds: Iterable<number>): void;
  /** Another version answers from now on. */
  keepOnly(modelId: string, modelVersionId: string): void;
  clear(): void;
  of(modelId: string): ResultCacheStats;
  /** Of all models together. */
  all(): ResultCacheStats;
}

export interface CacheKey {
  modelId: string;
  modelVersionId: string;
  userId: number;
}

export interface ResultCacheOptions {
  /** Entries at most, over all models; 0 turns it off. */
  entries: number;
  /** An older row is not answered, though its inputs be the same; seconds. */
  maxAgeSeconds?: number;
}

const DAY_SECONDS = 86_400;

/**
 * Keeps the newest answer for each customer and version, the least recently used go first. The key is the
 * version and the inputs: whoever looks one up has just read them, consent with them, so an answer cannot be older
 * than what the customer did. Days since something run on all the time: only what takes a number over a
 * threshold of the version's trees is a change.
 */
export function resultCache(options: ResultCacheOptions): ResultCache {
  const { entries: most, maxAgeSeconds = DAY_SECONDS } = options;
  /** By customer, then by version; the least recently used customer first. */
  const customers = new Map<number, Map<string, LedgerRow>>();
  const stats = new Map<string, ResultCacheStats>();
  let size = 0;

  const statsOf = (modelId: string): ResultCacheStats => {
    let own = stats.get(modelId);
    if (!own) stats.set(modelId, (own = { hits: 0, misses: 0, evictions: 0, entries: 0 }));
    return own;
  };
  const remove = (userId: number, versionId: string): void => {
    const rows = customers.get(userId);
    const row = rows?.get(versionId);
    if (!rows || !row) return;
    rows.delete(versionId);
    if (rows.size === 0) customers.delete(userId);
    size -= 1;
    const own = statsOf(row.modelId);
    own.entries -= 1;
    own.evictions += 1;
  };
  const removeAll = (userId: number): void => {
    for (const versionId of [...(customers.get(userId)?.keys() ?? [])]) remove(userId, versionId);
  };
  const touch = (userId: number, rows: Map<string, LedgerRow>): void => {
    customers.delete(userId);
    customers.set(userId, rows);
  };

  return {
    find({ modelId, modelVersionId, userId, inputs, tellsApart = null, asOf, wall }) {
      if (most === 0) return null;
      const rows = customers.get(userId);
      const row = rows?.get(modelVersionId);
      const ageMs = row ? wall.getTime() - row.scoredAt.getTime() : Infinity;
      const hit =
        row &&
        ageMs <= maxAgeSeconds * 1000 &&
        row.asOf <= asOf &&
        sameInputs(row.inputs, inputs, tellsApart);
      if (!rows || !hit) {
        statsOf(modelId).misses += 1;
        return null;
      }
      statsOf(modelId).hits += 1;
      touch(userId, rows);
      return row;
    },
    keep(row) {
      if (most === 0) return;
      const { userId, modelId, modelVersionId } = row;
      const rows = customers.get(userId) ?? new Map<string, LedgerRow>();
      if (!rows.has(modelVersionId)) {
        size += 1;
        statsOf(modelId).entries += 1;
      }
      // a view would hold the whole table that it is a row of
      const { numeric, categorical } = row.inputs;
      rows.set(modelVersionId, { ...row, inputs: { numeric: numeric.slice(), categorical } });
      touch(userId, rows);
      for (const oldest of customers.keys()) {
        if (size <= most) return;
        removeAll(oldest);
      }
    },
    evictCustomers(userIds) {
      for (const userId of userIds) removeAll(userId);
    },
    keepOnly(modelId, modelVersionId) {
      for (const [userId, rows] of [...customers])
        for (const row of [...rows.values()])
          if (row.modelId === modelId && row.modelVersionId !== modelVersionId)
            remove(userId, row.modelVersionId);
    },
    clear() {
      for (const userId of [...customers.keys()]) removeAll(userId);
    },
    of: (modelId) => ({ ...statsOf(modelId) }),
    all() {
      const total = { hits: 0, misses: 0, evictions: 0, entries: 0 };
      for (const { hits, misses, evictions, entries } of stats.values()) {
        total.hits += hits;
        total.misses += misses;
        total.evictions += evictions;
        total.entries += entries;
      }
      return total;
    },
  };
}
