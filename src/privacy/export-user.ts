import type { AuditEntry } from '../access/audit.store.js';
import type { UserError } from '../kernel/error.js';
import { encodeId } from '../kernel/id.js';
import { notFound } from './erase-user.js';
import { tombstoneHash } from './erasure.js';
import type { JsonRow } from './export.js';
import type { TellRow } from './export.store.js';
import type { Traces } from './mentions.js';

export interface ExportUserDeps {
  tell: (externalId: string, limit: number | null, tellRow: TellRow) => Promise<boolean>;
  traces: (externalId: string) => Promise<Traces | null>;
  salt: () => Promise<string>;
  erasedAt: (hash: string) => Promise<Date | null>;
  audit: (entry: AuditEntry) => Promise<void>;
  wall: () => Date;
}

/** Rows of a table in one answer; the command line knows no bound. */
export const MAX_EXPORTED_ROWS = 10_000;

/** Everything held about a customer, by table. */
export interface UserExport {
  externalId: string;
  exportedAt: string;
  /** Tables of which only the newest 10,000 rows are here. */
  truncated: string[];
  tables: Record<string, JsonRow[]>;
}

export type Exported = { data: UserExport; error: null } | { data: null; error: UserError };

/**
 * Collects everything held about a customer, at most 10,000 rows a table, and writes into the audit trail that
 * it was done.
 * @throws AppError CONFIGURATION when a table states no privacy policy: an export would miss it
 */
export function exportUser(
  deps: ExportUserDeps,
): (externalId: string, actor: string) => Promise<Exported> {
  return async (externalId, actor) => {
    const data: UserExport = {
      externalId,
      exportedAt: deps.wall().toISOString(),
      truncated: [],
      tables: {},
    };
    const error = await streamUser(deps)(externalId, actor, MAX_EXPORTED_ROWS, (table, row) => {
      const rows = (data.tables[table] ??= []);
      if (rows.length < MAX_EXPORTED_ROWS) rows.push(row);
      else if (!data.truncated.includes(table)) data.truncated.push(table);
    });
    return error ? { data: null, error } : { data, error: null };
  };
}

/** As `exportUser`, row by row, with a limit a table or none; the user error when no customer has the key. */
export function streamUser(
  deps: ExportUserDeps,
): (
  externalId: string,
  actor: string,
  limit: number | null,
  tellRow: TellRow,
) => Promise<UserError | null> {
  return async (externalId, actor, limit, tellRow) => {
    const traces = await deps.traces(externalId);
    const found = traces !== null && (await deps.tell(externalId, limit, tellRow));
    if (!found)
      return notFound(
        externalId,
        await deps.erasedAt(tombstoneHash(await deps.salt(), externalId)),
      );
    const subject = encodeId('User', traces.id);
    await deps.audit({ at: deps.wall(), actor, action: 'exported', subject, detail: {} });
    return null;
  };
}
