import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { auditStore } from '../../src/access/audit.store.js';
import { eventCatalogue } from '../../src/event/event-catalogue.store.js';
import { eventStore } from '../../src/event/event.store.js';
import { recordEvents } from '../../src/event/record-events.js';
import type { Clock } from '../../src/kernel/clock.js';
import { DAY_MS } from '../../src/kernel/clock.js';
import type { Database } from '../../src/plant/ports.js';
import { userStore } from '../../src/user/user.store.js';

/** A customer whose every text occurs nowhere else. */
export const CANARY = {
  externalId: 'CANARY-key-4711',
  name: 'Canariensis Serinus',
  email: 'canary.4711@example.com',
  attribute: 'canary attribute text',
  eventKey: 'CANARY-event-1',
  property: 'CANARY property of an event',
  device: 'CANARY-phone',
  ticketKey: 'CANARY-ticket',
  ticketText: 'the canary complained about its cage',
};

/** What must be nowhere after an erasure, in any case. */
export const CANARIES: readonly string[] = ['canary', 'canariensis', 'serinus'];

/** Fills every kind of place that can hold something of a customer; `neighbour` shares a device with the canary. */
export async function plantCanary(db: Database, clock: Clock): Promise<{ userId: number }> {
  const at = (days: number): Date => new Date(clock.wall().getTime() - days * DAY_MS);
  const users = userStore(db, auditStore);
  await users.upsert(
    [
      {
        externalId: CANARY.externalId,
        name: CANARY.name,
        email: CANARY.email,
        attributes: { note: CANARY.attribute, membership: 'gold-member' },
      },
      {
        externalId: 'neighbour',
        name: 'Some Neighbour',
        attributes: { membership: 'gold-member' },
      },
    ],
    clock.wall(),
  );
  const types = eventCatalogue(db, 'event_type');
  const sources = eventCatalogue(db, 'event_source');
  const record = recordEvents({
    clock,
    resolveUsers: users.resolve,
    typeIds: types.idsOf,
    sourceIds: sources.idsOf,
    insert: eventStore(db, { types, sources }).insert,
  });
  const event = { type: 'purchase', value: 5, source: 'api' };
  await record([
    {
      ...event,
      id: CANARY.eventKey,
      user: CANARY.externalId,
      at: at(3),
      properties: { note: CANARY.property },
    },
    { ...event, id: 'CANARY-event-2', user: CANARY.externalId, at: at(800), properties: null },
    { ...event, id: 'other-1', user: 'neighbour', at: at(2), properties: null },
  ]);
  const [canary] = await users.byExternalIds([CANARY.externalId]);
  const [neighbour] = await users.byExternalIds(['neighbour']);
  if (!canary || !neighbour) throw new Error('not planted');
  await plantAround(db, canary.id, neighbour.id, clock.wall());
  return { userId: canary.id };
}

async function plantAround(db: Database, id: number, neighbour: number, now: Date): Promise<void> {
  const run = (text: string, values: unknown[] = []) => db.query(text, values);
  await run(
    `insert into device (key, type) values ('${CANARY.device}', 'phone'), ('shared-till', 'till')`,
  );
  await run(
    `insert into user_device (user_id, device_id, first_seen_at, last_seen_at)
     select u.id, d.id, now(), now() from device d cross join unnest($1::bigint[]) u(id)
     where u.id = $2 or d.key = 'shared-till'`,
    [[id, neighbour], id],
  );
  await run(
    `insert into ticket (source, key, user_id, issue_type, text, opened_at, created_at, updated_at)
     values ('crm', '${CANARY.ticketKey}', $1, 'delivery', '${CANARY.ticketText}', $2, $2, $2)`,
    [id, now],
  );
  const modelId = '00000000-0000-7000-8000-000000000001';
  const versionId = '00000000-0000-7000-8000-000000000002';
  await run(
    `insert into model (id, name, task, description, spec, created_at)
     values ($1, 'churn', 'BINARY_CLASSIFICATION', 'd', '{}', $2)`,
    [modelId, now],
  );
  await run(
    `insert into artifact (sha256, bytes, opset, created_at) values ('a', '\\x00', 21, $1)`,
    [now],
  );
  await run(
    `insert into model_version (id, model_id, version, algorithm, hyperparameters, seed, feature_names, training_rows,
       test_rows, data_hash, report, artifact_sha256, trained_at, trained_on)
     values ($1, $2, 1, 'LOGISTIC', '{}', 1, '{amount,note}', 1, 1, 'h', $3, 'a', $4, $5)`,
    [
      versionId,
      modelId,
      JSON.stringify({ largest: { note: CANARY.attribute, rows: 17 } }),
      now,
      bitmap([id, neighbour]),
    ],
  );
  await run(
    `insert into prediction (user_id, model_id, model_version_id, probability, threshold, source, as_of, scored_at,
       latency_ms, numeric, categorical)
     select u, $2, $3, 0.5, 0.5, 'MODEL', $4, $4, 1, '\\x0000803f', array['${CANARY.attribute}']
     from unnest($1::bigint[]) u`,
    [[id], modelId, versionId, now],
  );
  await run(
    `insert into outcome (model_id, user_id, at, source, positive, recorded_at)
     values ($1, $2, $4, 'crm', true, $4), ($1, $3, $4, 'crm', false, $4)`,
    [modelId, id, neighbour, now],
  );
  await run(
    `insert into rejected_row (source, user_key, line, code, message, row, at) values
       ('users.csv', $1, 7, 'INVALID', 'age must be a number', '{"age": "old"}', $2),
       ('users.csv', null, 8, 'INVALID', 'email is not an e-mail address: ${CANARY.email}', '{}', $2),
       ('users.csv', null, 9, 'INVALID', 'x', '{"who": "${CANARY.name}"}', $2),
       ('users.csv', 'neighbour', 10, 'INVALID', 'age must be a number', '{"age": "young"}', $2)`,
    [CANARY.externalId, now],
  );
  const audit = auditStore(db);
  const entry = { at: now, actor: 'test', action: 'consent set' };
  await audit.write({ ...entry, subject: `User:${id}`, detail: { note: CANARY.externalId } });
  await audit.write({ ...entry, subject: `User:${neighbour}`, detail: { profiling: true } });
  await audit.write({
    ...entry,
    subject: 'Feature:x@1',
    detail: { why: `asked by ${CANARY.name}` },
  });
  await run(
    `insert into job (id, kind, input, result, error, created_at, created_by) values
       (gen_random_uuid(), 'IMPORT', $1, $2, $3, $4, 'test')`,
    [
      JSON.stringify({ files: [`${CANARY.externalId}.csv`], rows: 17 }),
      JSON.stringify({ last: `User:${id}`, rows: 17 }),
      `no place for ${CANARY.email}, line 3`,
      now,
    ],
  );
  await run(
    `insert into feature_statistics (feature_id, day, as_of, computed_at, rows, missing, report)
     values (gen_random_uuid(), now(), $1, $1, 2, 0, $2)`,
    [now, JSON.stringify({ categories: [{ value: CANARY.attribute, count: 1 }] })],
  );
  await run(
    `insert into quality_scan (id, table_name, as_of, scanned_at, rows, status, report)
     values (gen_random_uuid(), 'customer', $1, $1, 2, 'OK', $2)`,
    [
      now,
      JSON.stringify({
        checks: [
          {
            name: 'ages',
            note: CANARY.externalId,
            sampleIds: [`User:${id}`, `Event:api:${CANARY.eventKey}`, 'Event:api:other-1'],
          },
        ],
      }),
    ],
  );
}

/** What alerts, logs of changes, experiments and reports hold of the customer, and of a neighbour that stays. */
export async function plantWatched(db: Database, id: number, clock: Clock): Promise<void> {
  const [rule, alert, model] = ['a', 'b', 'c'].map(
    (end) => `0195a000-0000-7000-8000-00000000000${end}`,
  );
  const now = clock.wall();
  const told = JSON.stringify({ summary: `about ${CANARY.name}`, user: `User:${id}`, revision: 1 });
  const both = `(select u.id from customer u where u.id = $2 or u.external_id = 'neighbour') c`;
  const run = (text: string, ...values: unknown[]) => db.query(text, [now, ...values]);
  await run(
    `insert into alert_rule (id, name, description, metric, comparison, threshold, for_seconds, keep_firing_seconds,
       severity, enabled, created_at, created_by, updated_at)
     values ($2, 'r', '', 'risk_crossings', 'GT', 0, 0, 0, 'LOW', true, $1, 'me', $1)`,
    rule,
  );
  await run(
    `insert into alert (id, rule_id, dedup_key, status, severity, summary, value, threshold, labels, started_at, held_at)
     values ($2, $3, 'r ${CANARY.externalId}', 'FIRING', 'LOW', 'of ${CANARY.name}', 1, 0, $4, $1, $1)`,
    ...[alert, rule, JSON.stringify({ note: CANARY.email })],
  );
  await run(
    `insert into alert_user select $3::uuid, c.id from ${both} where $1::timestamptz is not null`,
    id,
    alert,
  );
  await run(
    `insert into alert_delivery (id, alert_id, revision, channel, snapshot, last_error, created_at, next_at)
     values (gen_random_uuid(), $2, 1, 'ops', $3, 'no ${CANARY.name} here', $1, $1)`,
    ...[alert, told],
  );
  await run(
    `insert into feed_entry (topic, at, subject, user_id, keys, payload) select 'risk', $1, '1', c.id, '{}', null
     from ${both}`,
    id,
  );
  await run(
    `insert into feed_entry (topic, at, subject, keys, payload) values ('alert', $1, 'b', $2, $3)`,
    ...[JSON.stringify({ note: CANARY.externalId }), told],
  );
  await run(
    `insert into risk_level select $3::uuid, c.id, 'HIGH', 1 from ${both} where $1::timestamptz is not null`,
    ...[id, model],
  );
  await run(
    `insert into assignment select $3::uuid, c.id, 'a', 'HASH', $1, 1, $1 from ${both}`,
    ...[id, model],
  );
  await run(
    `insert into daily_report (id, date, report, markdown, created_at)
     values ($2, $1::timestamptz::date, $3, '# ${CANARY.name}', $1)`,
    ...[alert, told],
  );
}

/** As `get_bit` counts: the lowest bit of a byte first. */
function bitmap(ids: readonly number[]): Buffer {
  const bits = Buffer.alloc(Math.floor(Math.max(...ids) / 8) + 1);
  for (const id of ids) bits[id >> 3] = (bits[id >> 3] ?? 0) | (1 << (id & 7));
  return bits;
}

/** Where a word stands: every column of every table of every schema, bytes decoded too; parts under their parent. */
export async function placesOf(
  db: Database,
  words: readonly string[],
): Promise<{ table: string; word: string }[]> {
  const tables = await tablesOf(db);
  const places: { table: string; word: string }[] = [];
  for (const { name, parent, bytes } of tables)
    for (const word of words) {
      const inBytes = bytes.map(
        (column) => `encode(t."${column}", 'escape') ilike '%' || $1 || '%'`,
      );
      const where = ["t::text ilike '%' || $1 || '%'", ...inBytes].join(' or ');
      const [row] = await db.query<{ rows: number }>(
        `select count(*) as rows from ${name} t where ${where}`,
        [word],
      );
      if (row && row.rows > 0) places.push({ table: parent ?? name, word });
    }
  return places;
}

async function tablesOf(
  db: Database,
): Promise<{ name: string; parent: string | null; bytes: string[] }[]> {
  return db.query(
    `select c.oid::regclass::text as name,
       (select i.inhparent::regclass::text from pg_inherits i where i.inhrelid = c.oid) as parent,
       array(select a.attname::text from pg_attribute a
             where a.attrelid = c.oid and a.atttypid = 'bytea'::regtype and a.attnum > 0) as bytes
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'm') and n.nspname not like 'pg\\_%' and n.nspname <> 'information_schema'
     order by 1`,
  );
}

/** Everything that a full dump would hold, as one lower-case text. */
export async function dumpOf(db: Database): Promise<string> {
  const parts: Buffer[] = [];
  for (const { name } of await tablesOf(db))
    for await (const part of db.copyTo(`copy ${name} to stdout`)) parts.push(part);
  return Buffer.concat(parts).toString('utf8').toLowerCase();
}

/** A place for tombstones of this test's own. */
export function temporaryTombstones(): { file: string; text(): string; remove(): void } {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'augury-tombstones-'));
  const file = path.join(folder, 'kept', 'tombstones.ndjson');
  return {
    file,
    text: () => (fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : ''),
    remove: () => fs.rmSync(folder, { recursive: true, force: true }),
  };
}

/** A copy of every row of every table of the installation, to be put back as a restore would. */
export async function backupOf(db: Database): Promise<() => Promise<void>> {
  const tables = (await tablesOf(db)).filter(({ name }) => !name.includes('.'));
  const copies: { name: string; data: Buffer }[] = [];
  for (const { name } of tables) {
    const parts: Buffer[] = [];
    for await (const part of db.copyTo(`copy ${name} to stdout`)) parts.push(part);
    copies.push({ name, data: Buffer.concat(parts) });
  }
  return () =>
    db.transaction(async (sql) => {
      await sql.query('set local session_replication_role = replica');
      await sql.query(`truncate ${tables.map(({ name }) => name).join(', ')}`);
      for (const { name, data } of copies) await sql.copyFrom(`copy ${name} from stdin`, [data]);
    });
}
