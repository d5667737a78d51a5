import { AppError } from '../kernel/error.js';
import {
  arrayLength,
  eachElement,
  fieldsOfRows,
  float8At,
  instantAt,
  int8At,
} from '../plant/binary-rows.js';
import { float64Array } from '../plant/binary-array.js';
import type { Copy, Database, Sql } from '../plant/ports.js';
import type { AttributeDefinition } from './definition.js';
import type { FeatureDefinition } from './feature.js';
import { profileReader, type ProfileColumn } from './profile-text.js';
import type { People } from './people.js';
import type { FeatureColumn, ReadAny } from './read-features.js';
import type { FirstEventMatters, ReadStretch, StretchRequest, StretchRows } from './stretch.js';

/**
 * Reads customers from table to table: a model of attributes alone takes the profiles as they are stored, by COPY, and
 * finds its numbers in their text; every other set of features is one compiled statement over the stretch, and so is one that
 * takes little of profiles that turned out to hold much. The values are those of `readFeatures`.
 */
export function stretchReader(db: Database, read: ReadAny): ReadStretch {
  const memory: Memory = { buffers: [], blocks: [] };
  const wide = new WeakSet<readonly FeatureDefinition[]>();
  return async (request, matters) => {
    const { features, asOf, after, until } = request;
    if (!isOfProfiles(features) || wide.has(features))
      return read({ features, users: { after, until }, asOf, people: true });
    const { rows, bytes } = await readProfiles(db, memory, request, matters);
    if (bytes > rows.rows * features.length * MOST_BYTES_A_FEATURE) wide.add(features);
    return rows;
  };
}

/** Looking an attribute up in SQL costs as much CPU time as writing and reading so much text; measured. */
const MOST_BYTES_A_FEATURE = 80;

const SINCE_REGISTRATION = 'registration';

function isOfProfiles(features: readonly FeatureDefinition[]): boolean {
  return features.every(
    ({ definition }) =>
      definition.kind === 'attribute' ||
      (definition.kind === 'daysSince' && definition.of === SINCE_REGISTRATION),
  );
}

/** What one read lends to the next: bytes as they came, and numbers of columns. */
interface Memory {
  buffers: Buffer[];
  blocks: Float64Array[];
}

/** Profiles and first events of one moment. */
async function readProfiles(
  db: Database,
  memory: Memory,
  request: StretchRequest,
  matters: FirstEventMatters,
): Promise<{ rows: StretchRows; bytes: number }> {
  return db.transaction(async (sql) => {
    await sql.query('set transaction isolation level repeatable read, read only');
    const data = profileData(sql, request);
    const { rows, bytes } = await throughBuffer(memory.buffers, data, (copied) => ({
      rows: decode(copied, request.features, memory.blocks),
      bytes: copied.length,
    }));
    const asked: number[] = [];
    for (let row = 0; row < rows.rows; row += 1) if (matters(rows, row)) asked.push(row);
    if (asked.length === 0) return { rows, bytes };
    const firstOf = await firstEvents(sql, request);
    const firstEventAt = rows.people.firstEventAt;
    for (const row of asked) firstEventAt[row] = firstOf.get(rows.userIds[row] ?? NaN) ?? NaN;
    return { rows, bytes };
  });
}

const FIRST_BUFFER_BYTES = 1 << 20;

/** Gathers the data in a buffer that the next reads use again. `work` keeps no view of it. */
async function throughBuffer<T>(
  buffers: Buffer[],
  data: AsyncIterable<Buffer>,
  work: (bytes: Buffer) => T,
): Promise<T> {
  let buffer = buffers.pop() ?? Buffer.allocUnsafeSlow(FIRST_BUFFER_BYTES);
  let length = 0;
  for await (const part of data) {
    if (length + part.length > buffer.length) {
      const larger = Buffer.allocUnsafeSlow(2 * (length + part.length));
      buffer.copy(larger, 0, 0, length);
      buffer = larger;
    }
    length += part.copy(buffer, length);
  }
  const result = work(buffer.subarray(0, length));
  buffers.push(buffer);
  return result;
}

/** Ids of one message, and messages of one stretch at most. */
const [MESSAGE_IDS, MOST_MESSAGES] = [125, 64];

/**
 * Rows of arrays, each over the customers of a part of the stretch, in ascending id: a message a customer costs this process
 * three times as much, one message for all spills PostgreSQL's caches. COPY takes no parameters: ids and an instant are all
 * that is written into it.
 */
function profileData(
  sql: Copy,
  { after, until, asOf, features }: StretchRequest,
): AsyncIterable<Buffer> {
  const instant = `'${asOf.toISOString()}'::timestamptz`;
  const age = `case when c.registered_at < ${instant} then date_part('epoch', ${instant} - c.registered_at) / 86400 end`;
  const step = Math.max(MESSAGE_IDS, Math.ceil((until - after) / MOST_MESSAGES));
  const last = `${whole(until)}::bigint`;
  return sql.copyTo(
    `copy (select part.* from generate_series(${whole(after)}::bigint, ${last} - 1, ${step}) s(after)
     cross join lateral (
       select array_agg(c.id), array_agg(c.consent_profiling), array_agg(c.registered_at),
         ${asksForAge(features) ? `array_agg(${age})` : 'null::float8[]'}, array_agg(c.attributes::text)
       from (select * from customer where id > s.after and id <= least(s.after + ${step}, ${last}) order by id) c) part)
     to stdout (format binary)`,
  );
}

function whole(id: number): string {
  if (!Number.isSafeInteger(id)) throw new RangeError(`an id must be a whole number, got ${id}`);
  return String(id);
}

function asksForAge(features: readonly FeatureDefinition[]): boolean {
  return features.some(({ definition }) => definition.kind === 'daysSince');
}

const FIELDS = 5;

function decode(
  bytes: Buffer,
  features: readonly FeatureDefinition[],
  blocks: Float64Array[],
): StretchRows & { people: People } {
  const parts = fieldsOfRows(bytes, FIELDS);
  const rows = parts.reduce((sum, [id = -1]) => sum + arrayLength(bytes, id), 0);
  const { numbers, release } = lent(blocks, rows * (features.length + 4));
  const userIds = new Float64Array(rows);
  const [consentProfiling, registeredAt, ages] = [numbers(rows), numbers(rows), numbers(rows)];
  const definitions = features
    .map(({ definition }) => definition)
    .filter((definition): definition is AttributeDefinition => definition.kind === 'attribute');
  const profiles = profileReader(definitions, rows, numbers);
  let first = 0;
  for (const [id = -1, consent = -1, registered = -1, age = -1, profile = -1] of parts) {
    eachElement(bytes, id, (i, at) => void (userIds[first + i] = int8At(bytes, at)));
    eachElement(
      bytes,
      consent,
      (i, at) => void (consentProfiling[first + i] = at < 0 ? NaN : (bytes[at] ?? NaN)),
    );
    eachElement(
      bytes,
      registered,
      (i, at) => void (registeredAt[first + i] = instantAt(bytes, at)),
    );
    eachElement(bytes, age, (i, at) => void (ages[first + i] = float8At(bytes, at)));
    eachElement(bytes, profile, (i, at, size) => {
      if (at >= 0) profiles.read(bytes, at, at + size, first + i);
    });
    first += arrayLength(bytes, id);
  }
  if (!isAscending(userIds)) throw new AppError('INTERNAL', 'customers came in no order');
  return {
    ...{ userIds, rows, release },
    columns: columnsOf(features, profiles.columns, ages),
    people: { consentProfiling, registeredAt, firstEventAt: numbers(rows) },
  };
}

/** Columns of NaN out of one block, until it is released. */
function lent(
  blocks: Float64Array[],
  size: number,
): { numbers: (rows: number) => Float64Array; release: () => void } {
  const kept = blocks.pop();
  const block = kept && kept.length >= size ? kept : new Float64Array(size);
  block.fill(NaN, 0, size);
  let used = 0;
  return {
    numbers: (rows) => block.subarray(used, (used += rows)),
    release: once(() => blocks.push(block)),
  };
}

/** The same block lent twice would be read while it is written. */
function once(work: () => void): () => void {
  let done = false;
  return () => {
    if (!done) work();
    done = true;
  };
}

function isAscending(ids: Float64Array): boolean {
  for (let row = 1; row < ids.length; row += 1)
    if (!((ids[row - 1] ?? NaN) < (ids[row] ?? NaN))) return false;
  return true;
}

function columnsOf(
  features: readonly FeatureDefinition[],
  attributes: readonly ProfileColumn[],
  ages: Float64Array,
): Map<string, FeatureColumn> {
  let next = 0;
  return new Map(
    features.map(({ name, definition }) => [
      name,
      (definition.kind === 'attribute' ? attributes[next++] : null) ?? ages,
    ]),
  );
}

/** Of whoever has one in the stretch: milliseconds since 1970. */
async function firstEvents(
  sql: Sql,
  { after, until, asOf }: StretchRequest,
): Promise<Map<number, number>> {
  const [row] = await sql.query<{ users: Buffer | null; firsts: Buffer | null }>(
    `select array_send(array_agg(f.user_id)) as users, array_send(array_agg(date_part('epoch', f.at) * 1000)) as firsts
     from (select e.user_id, min(e.at) as at from event e where e.user_id > $1 and e.user_id <= $2 and e.at < $3
       group by e.user_id) f`,
    [after, until, asOf],
    { name: 'stretch-first-events' },
  );
  const firsts = float64Array(row?.firsts ?? null);
  return new Map(
    Array.from(float64Array(row?.users ?? null), (id, i) => [id, firsts[i] ?? NaN] as const),
  );
}
