import { eachBinaryRow, float8At, instantAt, int8At } from '../plant/binary-rows.js';
import { float64Array } from '../plant/binary-array.js';
import type { Copy, Database, Sql } from '../plant/ports.js';
import type { AttributeDefinition } from './definition.js';
import type { FeatureDefinition } from './feature.js';
import { profileReader, type ProfileColumn } from './profile-text.js';
import type { People } from './people.js';
import type { FeatureColumn, FeatureRows, ReadAny } from './read-features.js';
import type { FirstEventMatters, ReadStretch, StretchRequest } from './stretch.js';

/**
 * Reads customers from table to table: a model of attributes alone takes the profiles as they are stored, by COPY, and
 * finds its numbers in their text; every other set of features is one compiled statement over the stretch, and so is one that
 * takes little of profiles that turned out to hold much. The values are those of `readFeatures`.
 */
export function stretchReader(db: Database, read: ReadAny): ReadStretch {
  const buffers: Buffer[] = [];
  const wide = new WeakSet<readonly FeatureDefinition[]>();
  return async (request, matters) => {
    const { features, asOf, after, until } = request;
    if (!isOfProfiles(features) || wide.has(features))
      return read({ features, users: { after, until }, asOf, people: true });
    const { rows, bytes } = await readProfiles(db, buffers, request, matters);
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

/** Profiles and first events of one moment. */
async function readProfiles(
  db: Database,
  buffers: Buffer[],
  request: StretchRequest,
  matters: FirstEventMatters,
): Promise<{ rows: FeatureRows; bytes: number }> {
  return db.transaction(async (sql) => {
    await sql.query('set transaction isolation level repeatable read, read only');
    const { rows, bytes } = await throughBuffer(buffers, profileData(sql, request), (data) => ({
      rows: decode(data, request.features),
      bytes: data.length,
    }));
    const asked = [...rows.userIds.keys()].filter((row) => matters(rows, row));
    if (asked.length === 0) return { rows, bytes };
    const firstOf = await firstEvents(sql, request);
    const firstEventAt = rows.people.firstEventAt;
    for (const row of asked) firstEventAt[row] = firstOf.get(rows.userIds[row] ?? NaN) ?? NaN;
    return { rows, bytes };
  });
}

const FIELDS = 5;

const FIRST_BUFFER_BYTES = 1 << 20;

/**
 * Gathers the data in a buffer that the next reads use again: what every read lets go of outside the heap is what the garbage
 * collector runs for. `work` keeps no view of it.
 */
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

/** COPY takes no parameters: ids and an instant are all that is written into it. */
function profileData(sql: Copy, { after, until, asOf }: StretchRequest): AsyncIterable<Buffer> {
  const instant = `'${asOf.toISOString()}'::timestamptz`;
  return sql.copyTo(
    `copy (select c.id, c.consent_profiling, c.registered_at,
       case when c.registered_at < ${instant} then date_part('epoch', ${instant} - c.registered_at) / 86400 end,
       c.attributes
     from customer c where c.id > ${whole(after)} and c.id <= ${whole(until)} order by c.id) to stdout (format binary)`,
  );
}

function whole(id: number): string {
  if (!Number.isSafeInteger(id)) throw new RangeError(`an id must be a whole number, got ${id}`);
  return String(id);
}

function decode(
  bytes: Buffer,
  features: readonly FeatureDefinition[],
): FeatureRows & { people: People } {
  let rows = 0;
  eachBinaryRow(bytes, FIELDS, () => (rows += 1));
  const numbers = (): Float64Array => new Float64Array(rows);
  const [userIds, consentProfiling, registeredAt, sinceRegistration] = [
    ...[numbers(), numbers(), numbers(), numbers()],
  ] as [Float64Array, Float64Array, Float64Array, Float64Array];
  const definitions = features
    .map(({ definition }) => definition)
    .filter((definition): definition is AttributeDefinition => definition.kind === 'attribute');
  const profiles = profileReader(definitions, rows);
  eachBinaryRow(bytes, FIELDS, (starts, ends, row) => {
    const [id = -1, consent = -1, registered = -1, since = -1, profile = -1] = starts;
    userIds[row] = int8At(bytes, id);
    consentProfiling[row] = bytes[consent] ?? NaN;
    registeredAt[row] = instantAt(bytes, registered);
    sinceRegistration[row] = float8At(bytes, since);
    // the first byte is the version of jsonb's binary form
    if (profile >= 0) profiles.read(bytes, profile + 1, ends[FIELDS - 1] ?? 0, row);
  });
  return {
    ...{ userIds, rows },
    columns: columnsOf(features, profiles.columns, sinceRegistration),
    people: { consentProfiling, registeredAt, firstEventAt: numbers().fill(NaN) },
  };
}

function columnsOf(
  features: readonly FeatureDefinition[],
  attributes: readonly ProfileColumn[],
  sinceRegistration: Float64Array,
): Map<string, FeatureColumn> {
  let next = 0;
  return new Map(
    features.map(({ name, definition }) => [
      name,
      (definition.kind === 'attribute' ? attributes[next++] : null) ?? sinceRegistration,
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
