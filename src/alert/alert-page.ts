import { decodeCursor, encodeCursor, Page, pageSize } from '../graphql/cursor.js';
import { AppError } from '../kernel/error.js';
import { isUuid } from '../kernel/id.js';
import type { Alert } from './alert.js';
import { alertNode } from './alert-node.js';
import type { AlertPage, AlertPlace } from './alert.store.js';
import type { AlertType } from './alert.type.js';

/** Arguments of a connection of alerts, as given. */
export interface AlertPageWish extends Partial<Pick<AlertPage, 'minSeverity' | 'since'>> {
  status: AlertPage['statuses'];
  first: number | null;
  after: string | null;
}

/**
 * The page to read, with one row more to see whether others follow.
 * @throws AppError INVALID for a page size outside its bounds, or a cursor of another connection
 */
export function alertPageOf(wish: AlertPageWish): { page: AlertPage; first: number } {
  const first = pageSize(wish.first);
  const after = wish.after ? placeOf(wish.after) : null;
  const { status, minSeverity = null, since = null } = wish;
  return { first, page: { statuses: status, minSeverity, since, after, limit: first + 1 } };
}

/** Rows as a page of nodes. */
export function pageOfAlerts(rows: readonly Alert[], first: number): Page<Alert, AlertType> {
  return new Page(
    rows,
    first,
    ({ startedAt, id }) => encodeCursor([startedAt.toISOString(), id]),
    (alert) => alertNode(alert),
  );
}

function placeOf(cursor: string): AlertPlace {
  const [at, id] = decodeCursor(cursor, 2);
  const startedAt = new Date(typeof at === 'string' ? at : NaN);
  if (typeof id === 'string' && isUuid(id) && !Number.isNaN(startedAt.getTime()))
    return { startedAt, id };
  throw new AppError('INVALID', `after is not a cursor of this connection: ${cursor.slice(0, 80)}`);
}
