import { AppError } from '../kernel/error.js';
import { eraseTraces, type EraseUserDeps } from './erase-user.js';
import { tombstoneHash, type Tombstone } from './erasure.js';
import type { Risen } from './tombstone.store.js';

export interface ReplayErasuresDeps extends Pick<
  EraseUserDeps,
  'tables' | 'erase' | 'sweep' | 'salt' | 'keepOutside' | 'publishErased' | 'traces'
> {
  /** Tombstones from outside the database. */
  readOutside: () => Promise<Tombstone[]>;
  since: (instant: Date | null) => Promise<Tombstone[]>;
  known: (ids: readonly string[]) => Promise<Set<string>>;
  risen: (salt: string, tombstones: readonly Tombstone[]) => Promise<Risen[]>;
  keep: (tombstone: Tombstone, actor: string) => Promise<void>;
  forgetEvents: (externalId: string, until: Date) => Promise<number>;
}

/** What a replay did. */
export interface Replay {
  /** Tombstones that the database did not know. */
  unknown: number;
  /** Customers erased again. */
  erased: number;
  /** Events up to their erasure taken from customers who came back after it. */
  events: number;
  /** Tombstones of the database that were missing outside of it, and are there now. */
  savedOutside: number;
}

const ACTOR = 'replay';

/**
 * Applies the erasures that the database does not know, as after the restore of an older backup; and keeps
 * outside what only the database knows. A customer is erased again who was made before the erasure, or of
 * whom nothing was heard after it (an older import brought them back); one who came back keeps what is newer.
 */
export function replayErasures(
  deps: ReplayErasuresDeps,
): (given?: readonly Tombstone[]) => Promise<Replay> {
  return async (given) => {
    const outside = given ?? (await deps.readOutside());
    const inside = await deps.since(null);
    const known = await deps.known(outside.map(({ id }) => id));
    const unknown = outside.filter(({ id }) => !known.has(id));
    const replay: Replay = { unknown: unknown.length, erased: 0, events: 0, savedOutside: 0 };
    for (const salt of new Set(unknown.map((tombstone) => tombstone.salt))) {
      const own = unknown.filter((tombstone) => tombstone.salt === salt);
      await applyAll(deps, salt, own, replay);
    }
    if (!given) {
      const there = new Set(outside.map(({ id }) => id));
      const missing = inside.filter(({ id }) => !there.has(id));
      await deps.keepOutside(missing);
      replay.savedOutside = missing.length;
    }
    return replay;
  };
}

async function applyAll(
  deps: ReplayErasuresDeps,
  salt: string,
  tombstones: readonly Tombstone[],
  replay: Replay,
): Promise<void> {
  const risen = await deps.risen(salt, tombstones);
  const ownSalt = await deps.salt();
  const byId = new Map(tombstones.map((tombstone) => [tombstone.id, tombstone]));
  for (const { tombstoneId, externalId, createdAt, activeSince } of risen) {
    const tombstone = byId.get(tombstoneId);
    if (!tombstone) throw new AppError('INTERNAL', `no tombstone ${tombstoneId} was asked about`);
    const { id, erasedAt } = tombstone;
    if (createdAt > erasedAt && activeSince) {
      replay.events += await deps.forgetEvents(externalId, erasedAt);
      continue;
    }
    const traces = await deps.traces(externalId);
    const hash = tombstoneHash(ownSalt, externalId);
    const quiet = { ...deps, keepOutside: () => Promise.resolve() };
    if (traces && (await eraseTraces(quiet, traces, { id, hash, erasedAt, actor: ACTOR })))
      replay.erased += 1;
  }
  for (const tombstone of tombstones) await deps.keep(tombstone, ACTOR);
}
