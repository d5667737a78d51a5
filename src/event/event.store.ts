import type { Database, Sql } from '../plant/ports.js';
import { numberArray, sqlParameters } from '../plant/parameters.js';
import { statementNames } from '../plant/statement-names.js';
import type { Event } from './event.js';
import type { Catalogue } from './event-catalogue.store.js';
import { eventInserter, type EventInsertHooks, type StoredEvents } from './event-insert.store.js';

/** Which events of each user: newest first, `since <= at < until`. */
export interface EventsRequest {
  typeIds: readonly number[] | null;
  since: Date | null;
  until: Date;
  after: EventPosition | null;
  limit: number;
}

/** Sort key of an event: at descending, then source and key descending. */
export interface EventPosition {
  at: Date;
  sourceId: number;
  key: string;
}

/** The two catalogues that turn ids back into names. */
export interface EventNames {
  types: Pick<Catalogue, 'namesOf'>;
  sources: Pick<Catalogue, 'namesOf'>;
}

export interface EventStore {
  /** Inserts what is new and moves last_active_at in one transaction; answers how many were new. */
  insert: (events: StoredEvents) => Promise<number>;
  /** For each user, in order: at most `limit` events. One statement for all of them. */
  latestOf: (userIds: readonly number[], request: EventsRequest) => Promise<Event[][]>;
}

/** Events in Postgres. */
export function eventStore(
  db: Database,
  names: EventNames,
  hooks: EventInsertHooks = {},
): EventStore {
  const named = statementNames('events');
  return {
    insert: eventInserter(db, hooks),
    latestOf: (userIds, request) => latestOf(db, names, named, userIds, request),
  };
}

interface StoredRow {
  user_id: number;
  source_id: number;
  key: string;
  type_id: number;
  at: Date;
  value: number | null;
  properties: Record<string, unknown> | null;
  device_id: number | null;
}

const COLUMNS =
  'e.user_id, e.source_id, e.key, e.type_id, e.at, e.value, e.properties, e.device_id';
const ORDER = 'e.at desc, e.source_id desc, e.key collate "C" desc';

/**
 * One lateral a user. With types, an index-only scan finds the instants of the page first (type_id is an
 * included column, which a plain index scan cannot test without the heap); then only those rows are read.
 */
function compileLatest(
  userIds: readonly number[],
  request: EventsRequest,
): { text: string; values: unknown[] } {
  const { after } = request;
  const parameters = sqlParameters();
  const users = parameters.add(numberArray(userIds), 'bigint[]');
  const limit = parameters.add(request.limit, 'int');
  const until = parameters.add(request.until, 'timestamptz');
  const conditions = [`e.user_id = u.id and e.at < ${until}`];
  if (request.since) conditions.push(`e.at >= ${parameters.add(request.since, 'timestamptz')}`);
  if (request.typeIds)
    conditions.push(`e.type_id = any(${parameters.add(numberArray(request.typeIds), 'int2[]')})`);
  const instant = after ? parameters.add(after.at, 'timestamptz') : null;
  const instants = `select e.at from event e where ${conditions.join(' and ')}
      ${instant ? `and e.at < ${instant}` : ''} order by e.at desc limit ${limit}`;
  const narrowing = request.typeIds
    ? `cross join lateral (select array(${instants}) ${instant ? `|| ${instant}` : ''} as at offset 0) k`
    : '';
  if (narrowing) conditions.push('e.at = any(k.at)');
  if (after && instant) {
    const source = parameters.add(after.sourceId, 'int2');
    const key = parameters.add(after.key, 'text');
    conditions.push(`e.at <= ${instant}`);
    conditions.push(`(e.at, e.source_id, e.key collate "C") < (${instant}, ${source}, ${key})`);
  }
  return {
    text: `select p.* from unnest(${users}) as u(id) ${narrowing} cross join lateral (
       select ${COLUMNS} from event e where ${conditions.join(' and ')}
       order by ${ORDER} limit ${limit}) p`,
    values: parameters.values,
  };
}

async function latestOf(
  db: Sql,
  names: EventNames,
  named: (text: string) => { name?: string },
  userIds: readonly number[],
  request: EventsRequest,
): Promise<Event[][]> {
  const { text, values } = compileLatest(userIds, request);
  const rows = await db.query<StoredRow>(text, values, named(text));
  const types = await names.types.namesOf(new Set(rows.map((row) => row.type_id)));
  const sources = await names.sources.namesOf(new Set(rows.map((row) => row.source_id)));
  const byUser = new Map<number, Event[]>(userIds.map((id) => [id, []]));
  for (const row of rows)
    byUser.get(row.user_id)?.push({
      sourceId: row.source_id,
      source: sources.get(row.source_id) ?? '',
      key: row.key,
      userId: row.user_id,
      type: types.get(row.type_id) ?? '',
      at: row.at,
      value: row.value,
      properties: row.properties,
      deviceId: row.device_id,
    });
  return userIds.map((id) => (byUser.get(id) ?? []).sort(newestFirst));
}

/** The order of a page; the lateral gives it already, but a join above it need not keep it. */
function newestFirst(a: Event, b: Event): number {
  return (
    b.at.getTime() - a.at.getTime() ||
    b.sourceId - a.sourceId ||
    Buffer.compare(Buffer.from(b.key), Buffer.from(a.key))
  );
}
