import type { UserError } from '../kernel/error.js';
import { userError } from '../kernel/error.js';
import { tombstoneHash, type ErasureReceipt, type Tombstone } from './erasure.js';
import type { ErasureOrder } from './erasure.store.js';
import type { Traces } from './mentions.js';
import type { PolicedTable } from './personal-tables.js';

export interface EraseUserDeps {
  tables: () => Promise<PolicedTable[]>;
  traces: (externalId: string) => Promise<Traces | null>;
  erase: (
    tables: readonly PolicedTable[],
    traces: Traces,
    order: ErasureOrder,
  ) => Promise<ErasureReceipt | null>;
  sweep: (tables: readonly PolicedTable[], traces: Traces) => Promise<Record<string, number>>;
  salt: () => Promise<string>;
  erasedAt: (hash: string) => Promise<Date | null>;
  /** Writes tombstones where a restore of the database does not reach. */
  keepOutside: (tombstones: readonly Tombstone[]) => Promise<void>;
  /** Tells every process. */
  publishErased: (id: string) => void;
  newId: (at: Date) => string;
  wall: () => Date;
}

export type Erased = { receipt: ErasureReceipt; error: null } | { receipt: null; error: UserError };

/**
 * Erases a customer everywhere and keeps a receipt without personal data. An earlier erasure is not repeated:
 * the error says when it was.
 * @throws AppError CONFIGURATION when a table states no policy: nothing was erased then
 */
export function eraseUser(
  deps: EraseUserDeps,
): (externalId: string, actor: string) => Promise<Erased> {
  return async (externalId, actor) => {
    const hash = tombstoneHash(await deps.salt(), externalId);
    const traces = await deps.traces(externalId);
    const order = { id: deps.newId(deps.wall()), hash, erasedAt: deps.wall(), actor };
    const receipt = traces && (await eraseTraces(deps, traces, order));
    if (receipt) return { receipt, error: null };
    return { receipt: null, error: notFound(externalId, await deps.erasedAt(hash)) };
  };
}

/** The user error for a key that no customer has (any more). */
export function notFound(externalId: string, erasedAt: Date | null): UserError {
  const message = erasedAt
    ? `the customer was erased at ${erasedAt.toISOString()}`
    : `no customer has the externalId ${externalId.slice(0, 200)}`;
  return userError('NOT_FOUND', message, 'externalId');
}

/** Erases what is held of these traces, under a receipt that is made already; null when nobody is there. */
export async function eraseTraces(
  deps: Pick<
    EraseUserDeps,
    'tables' | 'erase' | 'sweep' | 'salt' | 'keepOutside' | 'publishErased'
  >,
  traces: Traces,
  order: ErasureOrder,
): Promise<ErasureReceipt | null> {
  const tables = await deps.tables();
  const receipt = await deps.erase(tables, traces, order);
  if (!receipt) return null;
  const { id, hash, erasedAt } = order;
  try {
    await deps.keepOutside([{ id, hash, erasedAt, salt: await deps.salt() }]);
  } finally {
    // a full disk must not leave behind what was written meanwhile; the next start writes the tombstone again
    deps.publishErased(id);
    await deps.sweep(tables, traces);
  }
  return receipt;
}
