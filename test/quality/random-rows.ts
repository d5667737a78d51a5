import { seededRandom } from '../../src/kernel/random.js';
import type { Sql } from '../../src/plant/ports.js';
import type { Row } from './reference.js';

export const NOW = new Date('2026-06-01T00:00:00Z');
export const DAY = 86_400_000;
const random = seededRandom(11);
const pick = <T>(...values: T[]): T => values[random.int(values.length)] as T;
export const before = (days: number): Date => new Date(NOW.getTime() - Math.floor(days * DAY));

export interface Customer extends Row {
  externalId: string;
  email: string | null;
  attributes: string;
}
export const attributesOf = Array.from({ length: 400 }, (_, i) => {
  const some: Record<string, unknown> = {};
  if (random.next() < 0.9) some['age'] = random.next() < 0.03 ? 900 + i : 30 + random.int(30);
  if (random.next() < 0.8) some['gender'] = pick('f', 'm');
  if (random.next() < 0.5) some['vip'] = random.next() < 0.5;
  if (random.next() < 0.2) some['mixed'] = pick<unknown>('a', 1, null, '', 'b');
  return some;
});
export const customers: Customer[] = attributesOf.map((attributes, i) => ({
  externalId: `u${i}`,
  name: random.next() < 0.6 ? `Name ${random.int(50)}` : null,
  email: random.next() < 0.7 ? `${pick('A', 'a')}${random.int(150)}@example.com` : null,
  registeredAt: random.next() < 0.95 ? before(random.next() * 60) : null,
  lastActiveAt: random.next() < 0.9 ? before(random.next() * 70) : null,
  attributes: JSON.stringify(attributes),
}));

export interface Told {
  source: string;
  key: string;
  user: number;
  type: string;
  at: Date;
  value: number | null;
  device: number | null;
  receivedAt: Date;
}
export const events: Told[] = Array.from({ length: 3000 }, (_, i) => {
  const at = before(Math.floor(random.next() * 45 * 24) / 24 + 1 / 1024);
  const type = pick('purchase', 'session_end', 'page_view');
  const amount = type === 'purchase' ? Math.exp(random.normal()) * 20 : 60 + random.int(600);
  return {
    source: pick('shop', 'crm'),
    key: `k${i}`,
    user: 1 + random.int(40),
    type,
    at,
    value: type === 'page_view' ? null : pick(amount, Math.round(amount), 50),
    device: random.next() < 0.3 ? 1 + random.int(9) : null,
    receivedAt: new Date(at.getTime() + random.int(40 * 3_600_000)),
  };
});
// some are told twice, by the same source or by the other, with the same value or another
for (const event of events.slice(0, 120))
  events.push({
    ...event,
    key: `${event.key}-again`,
    source: pick('shop', 'crm'),
    value: pick(event.value, 77),
  });
export const tickets = Array.from({ length: 200 }, (_, i) => ({
  source: pick('crm', 'mail'),
  key: `t${i}`,
  user: 1 + random.int(40),
  issue: pick('refund', 'late'),
  text: pick(null, 'x', ''),
  opened: before(1 + random.int(50)),
  satisfaction: pick(null, 1, 2, 3, 4, 5, 5, 5, 5),
}));
const devices = Array.from({ length: 60 }, (_, i) => ({
  key: `${pick('D', 'd')}${random.int(20)}${' '.repeat(i % 2)}${i % 2 ? '' : `-${i}`}`,
  type: pick(null, 'phone', 'till'),
}));
export const distinctDevices = [...new Map(devices.map((device) => [device.key, device])).values()];

/** Writes all of it, and the parts of `event` that it needs. */
export async function plantRows(db: Sql): Promise<void> {
  await db.query(
    `insert into customer (external_id, name, email, registered_at, last_active_at, attributes)
     select x->>'externalId', x->>'name', x->>'email', (x->>'registeredAt')::timestamptz,
       (x->>'lastActiveAt')::timestamptz, (x->>'attributes')::jsonb
     from jsonb_array_elements($1::jsonb) with ordinality as a(x, n) order by n`,
    [JSON.stringify(customers)],
  );
  await db.query(
    `insert into event_type (name) values ('purchase'), ('session_end'), ('page_view')`,
  );
  await db.query(`insert into event_source (name) values ('shop'), ('crm')`);
  await db.query(
    `select ensure_event_partition(m, $1, $1) from generate_series($1::timestamptz - interval '3 months',
       $1::timestamptz + interval '2 months', interval '1 month') m`,
    [NOW],
  );
  await plantEvents(db, events);
  await db.query(
    `insert into ticket (source, key, user_id, issue_type, text, opened_at, satisfaction, rated_at, created_at, updated_at)
     select x->>'source', x->>'key', (x->>'user')::bigint, x->>'issue', x->>'text',
       (x->>'opened')::timestamptz, (x->>'satisfaction')::float8, (x->>'opened')::timestamptz,
       (x->>'opened')::timestamptz, (x->>'opened')::timestamptz
     from jsonb_array_elements($1::jsonb) with ordinality as a(x, n) order by n`,
    [JSON.stringify(tickets)],
  );
  await db.query(
    `insert into device (key, type) select x->>'key', x->>'type' from jsonb_array_elements($1::jsonb) x`,
    [JSON.stringify(distinctDevices)],
  );
}

/** Adds events as they are, past every check of ingest. */
export async function plantEvents(db: Sql, rows: readonly Told[]): Promise<void> {
  await db.query(
    `insert into event (source_id, key, user_id, type_id, at, value, device_id, received_at)
     select s.id, x->>'key', (x->>'user')::bigint, t.id, (x->>'at')::timestamptz, (x->>'value')::float8,
       (x->>'device')::bigint, (x->>'receivedAt')::timestamptz
     from jsonb_array_elements($1::jsonb) x join event_type t on t.name = x->>'type'
     join event_source s on s.name = x->>'source'`,
    [JSON.stringify(rows)],
  );
}
