import { numberArray, sqlParameters, textArray } from '../plant/parameters.js';
import type { Database, Sql } from '../plant/ports.js';
import { statementNames } from '../plant/statement-names.js';
import type { ResolvedTicketRow } from './record-tickets.js';
import { applyTicketRow, type Ticket, type TicketChange, type TicketState } from './ticket.js';

/** Which tickets of each customer: newest first, opened before `until`. */
export interface TicketsRequest {
  /** As known before `until`: true = not resolved, false = resolved, null = both. */
  open: boolean | null;
  until: Date;
  after: TicketPosition | null;
  limit: number;
}

/** Sort key of a ticket: openedAt descending, then id descending. */
export interface TicketPosition {
  openedAt: Date;
  id: number;
}

export interface TicketStore {
  /**
   * Applies checked rows in their order, in one transaction; one change a row. Overlapping parallel calls cannot
   * deadlock: new tickets first, then the known ones, both in the order of (source, key) collate "C".
   */
  write: (rows: readonly ResolvedTicketRow[], at: Date) => Promise<TicketChange[]>;
  /** One answer an id, in order; unknown is null. One statement. */
  byIds: (ids: readonly number[]) => Promise<(Ticket | null)[]>;
  /** For each customer, in order: at most `limit` tickets. One statement for all of them. */
  pagesOf: (userIds: readonly number[], request: TicketsRequest) => Promise<Ticket[][]>;
}

const COLUMNS = `t.id, t.source, t.key, t.user_id as "userId", t.issue_type as "issueType", t.text,
  t.opened_at as "openedAt", t.resolved_at as "resolvedAt", t.satisfaction, t.rated_at as "ratedAt"`;

/** Tickets in Postgres. */
export function ticketStore(db: Database): TicketStore {
  const named = statementNames('tickets');
  return {
    write: (rows, at) => db.transaction((sql) => write(sql, rows, at)),
    byIds: async (ids) => {
      const rows = await db.query<Ticket>(
        `select ${COLUMNS} from ticket t where t.id = any($1::int8[])`,
        [numberArray(ids)],
        { name: 'ticket_by_ids' },
      );
      const byId = new Map(rows.map((row) => [row.id, row]));
      return ids.map((id) => byId.get(id) ?? null);
    },
    pagesOf: (userIds, request) => pagesOf(db, named, userIds, request),
  };
}

async function pagesOf(
  db: Sql,
  named: (text: string) => { name?: string },
  userIds: readonly number[],
  { open, until, after, limit }: TicketsRequest,
): Promise<Ticket[][]> {
  const parameters = sqlParameters();
  const users = parameters.add(numberArray(userIds), 'int8[]');
  const before = parameters.add(until, 'timestamptz');
  const conditions = [`t.user_id = u.id and t.opened_at < ${before}`];
  if (open !== null)
    conditions.push(`(t.resolved_at < ${before}) is ${open ? 'not true' : 'true'}`);
  if (after)
    conditions.push(
      `(t.opened_at, t.id) < (${parameters.add(after.openedAt, 'timestamptz')}, ${parameters.add(after.id, 'int8')})`,
    );
  const text = `select p.* from unnest(${users}) as u(id) cross join lateral (
    select ${COLUMNS} from ticket t where ${conditions.join(' and ')}
    order by t.opened_at desc, t.id desc limit ${parameters.add(limit, 'int')}) p
    order by p."openedAt" desc, p.id desc`;
  const rows = await db.query<Ticket>(text, parameters.values, named(text));
  const byUser = new Map<number, Ticket[]>(userIds.map((id) => [id, []]));
  for (const row of rows) byUser.get(row.userId)?.push(row);
  return userIds.map((id) => byUser.get(id) ?? []);
}

function nameOf({ source, key }: Pick<TicketState, 'source' | 'key'>): string {
  return JSON.stringify([source, key]);
}

/** Rows applied one after the other on what is held. */
function apply(
  rows: readonly ResolvedTicketRow[],
  held: ReadonlyMap<string, TicketState>,
): { changes: TicketChange[]; states: Map<string, TicketState>; changed: TicketState[] } {
  const states = new Map(held);
  const touched = new Set<string>();
  const changes = rows.map(({ row, userId }) => {
    const name = nameOf(row);
    const change = applyTicketRow(states.get(name) ?? null, row, userId);
    if (change.kind === 'CREATED' || change.kind === 'UPDATED') {
      states.set(name, change.state);
      touched.add(name);
    }
    return change;
  });
  return { changes, states, changed: [...touched].flatMap((name) => states.get(name) ?? []) };
}

async function write(
  sql: Sql,
  rows: readonly ResolvedTicketRow[],
  at: Date,
): Promise<TicketChange[]> {
  const known = await readHeld(sql, rows, '');
  const fresh = rows.filter(({ row }) => !known.has(nameOf(row)));
  const made = apply(fresh, new Map());
  const inserted = await insert(sql, made.changed, at);
  // what another call inserted meanwhile is committed by now, and changed like the rest
  const old = rows.filter(({ row }) => !inserted.has(nameOf(row)));
  const held = old.length > 0 ? await readHeld(sql, old, LOCK) : new Map<string, TicketState>();
  const moved = apply(old, held);
  await update(sql, moved.changed, at);
  const changes = new Map<ResolvedTicketRow, TicketChange | undefined>([
    ...fresh.map((row, i) => [row, made.changes[i]] as const),
    ...old.map((row, i) => [row, moved.changes[i]] as const),
  ]);
  return rows.flatMap((row) => changes.get(row) ?? []);
}

const LOCK = `order by t.source collate "C", t.key collate "C" for no key update of t`;

async function readHeld(
  sql: Sql,
  rows: readonly ResolvedTicketRow[],
  lock: typeof LOCK | '',
): Promise<Map<string, TicketState>> {
  const names = new Map(rows.map(({ row }) => [nameOf(row), row]));
  const held = await sql.query<TicketState>(
    `select ${COLUMNS} from ticket t
     where (t.source, t.key) in (select * from unnest($1::text[], $2::text[])) ${lock}`,
    [
      textArray([...names.values()].map(({ source }) => source)),
      textArray([...names.values()].map(({ key }) => key)),
    ],
  );
  return new Map(held.map((state) => [nameOf(state), state]));
}

const GIVEN = `unnest($1::text[], $2::text[], $3::int8[], $4::text[], $5::text[], $6::float8[],
  $7::float8[], $8::float8[], $9::float8[])
  as i(source, key, user_id, issue_type, text, opened_ms, resolved_ms, satisfaction, rated_ms)`;

function arrays(states: readonly TicketState[]): string[] {
  return [
    textArray(states.map(({ source }) => source)),
    textArray(states.map(({ key }) => key)),
    numberArray(states.map(({ userId }) => userId)),
    textArray(states.map(({ issueType }) => issueType)),
    textArray(states.map(({ text }) => text)),
    numberArray(states.map(({ openedAt }) => openedAt.getTime())),
    numberArray(states.map(({ resolvedAt }) => resolvedAt?.getTime() ?? null)),
    numberArray(states.map(({ satisfaction }) => satisfaction)),
    numberArray(states.map(({ ratedAt }) => ratedAt?.getTime() ?? null)),
  ];
}

/** Of who was erased since they were resolved nothing is written: who reads `erasure` waits for one under way. */
async function insert(sql: Sql, states: readonly TicketState[], at: Date): Promise<Set<string>> {
  if (states.length === 0) return new Set();
  const inserted = await sql.query<{ source: string; key: string }>(
    `insert into ticket (source, key, user_id, issue_type, text, opened_at, resolved_at, satisfaction,
       rated_at, created_at, updated_at)
     select i.source, i.key, i.user_id, i.issue_type, i.text, to_timestamp(i.opened_ms / 1000),
       to_timestamp(i.resolved_ms / 1000), i.satisfaction, to_timestamp(i.rated_ms / 1000), $10, $10
     from ${GIVEN}
     where exists (select from customer c where c.id = i.user_id)
       and (select count(*) from (select 1 from erasure limit 1) g) >= 0
     order by i.source collate "C", i.key collate "C"
     on conflict do nothing returning source, key`,
    [...arrays(states), at],
  );
  return new Set(inserted.map(nameOf));
}

/** Of tickets that this transaction holds locked. */
async function update(sql: Sql, states: readonly TicketState[], at: Date): Promise<void> {
  if (states.length === 0) return;
  await sql.query(
    `update ticket t set issue_type = i.issue_type, text = i.text,
       resolved_at = to_timestamp(i.resolved_ms / 1000), satisfaction = i.satisfaction,
       rated_at = to_timestamp(i.rated_ms / 1000), updated_at = $10
     from ${GIVEN} where t.source = i.source and t.key = i.key`,
    [...arrays(states), at],
  );
}
