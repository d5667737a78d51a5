import type { AuditOn } from '../../access/audit.store.js';
import type { Clock } from '../../kernel/clock.js';
import { uuidv7 } from '../../kernel/uuid.js';
import type { Database } from '../../plant/ports.js';
import type { NewPersonaText, PersonaText, PersonaTextKind } from './persona-text.js';

export interface PersonaTextStore {
  /** For loaders: all texts in these languages, in their order; one statement. */
  ofLocales(locales: readonly string[]): Promise<PersonaText[]>;
  /** The languages that have a text. */
  locales(): Promise<string[]>;
  /**
   * Adds texts that were never added before. One that is as it was added takes on what is given now; one that somebody
   * edited stays, and one that somebody deleted does not come back.
   * @returns how many were added or brought up to date
   */
  seed(texts: readonly NewPersonaText[]): Promise<number>;
  /**
   * Writes a text, over the one of its kind, key and language. Audited.
   * @returns null when that would be more than `most` texts of its language
   */
  upsert(text: NewPersonaText, by: string, most: number): Promise<PersonaText | null>;
  /** Audited; the text as it was, or null when there was none. */
  remove(id: string, by: string): Promise<PersonaText | null>;
}

/** Who wrote a text that came with the program and that nobody has touched. */
const SHIPPED = 'shipped';
const SEEDED = 'persona_texts_seeded';

const COLUMNS = `id, kind::text as kind, locale, key, condition, position, text, updated_at as "updatedAt",
  updated_by as "updatedBy"`;

/** A text in the list of what was ever seeded. */
function identity({ kind, locale, key }: Pick<NewPersonaText, 'kind' | 'locale' | 'key'>): string {
  return `${kind} ${locale} ${key}`;
}

/** What is said of personas, in Postgres. */
export function personaTextStore(db: Database, audit: AuditOn, clock: Clock): PersonaTextStore {
  const told = (
    text: { id: string; kind: PersonaTextKind; locale: string; key: string },
    detail: Record<string, unknown>,
  ) => ({
    at: clock.wall(),
    subject: `PersonaText:${text.id}`,
    detail: { kind: text.kind, locale: text.locale, key: text.key, ...detail },
  });
  return {
    ofLocales: (locales) =>
      db.query<PersonaText>(
        `select ${COLUMNS} from persona_text where locale = any($1::text[])
         order by locale, kind, position, key`,
        [locales],
      ),
    locales: async () =>
      (
        await db.query<{ locale: string }>(
          'select distinct locale from persona_text order by locale',
        )
      ).map(({ locale }) => locale),
    seed: (texts) =>
      db.transaction(async (sql) => {
        // two processes may start at the same moment; the first one's row is the lock
        await sql.query(
          `insert into installation_fact (name, value) values ($1, '[]') on conflict (name) do nothing`,
          [SEEDED],
        );
        const [fact] = await sql.query<{ value: string }>(
          'select value from installation_fact where name = $1 for update',
          [SEEDED],
        );
        const before = new Set(JSON.parse(fact?.value ?? '[]') as string[]);
        const at = clock.wall();
        const written = await sql.query<{ id: string }>(
          `insert into persona_text as t
             (id, kind, locale, key, condition, position, text, updated_at, updated_by)
           select s.id, s.kind::persona_text_kind, s.locale, s.key, s.condition, s.position, s.text, $9, $10
           from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::jsonb[], $6::int[], $7::text[],
             $8::boolean[]) as s (id, kind, locale, key, condition, position, text, known)
           where not s.known or exists (
             select from persona_text e where (e.kind::text, e.key, e.locale) = (s.kind, s.key, s.locale))
           on conflict (kind, key, locale) do update
             set condition = excluded.condition, position = excluded.position, text = excluded.text,
               updated_at = excluded.updated_at
             where t.updated_by = $10 and (t.condition, t.position, t.text)
               is distinct from (excluded.condition, excluded.position, excluded.text)
           returning t.id`,
          [
            texts.map(() => uuidv7(at)),
            texts.map(({ kind }) => kind),
            texts.map(({ locale }) => locale),
            texts.map(({ key }) => key),
            texts.map(({ condition }) => JSON.stringify(condition)),
            texts.map(({ position }) => position),
            texts.map(({ text }) => text),
            texts.map((text) => before.has(identity(text))),
            at,
            SHIPPED,
          ],
        );
        const all = [...new Set([...before, ...texts.map(identity)])].sort();
        if (all.length > before.size)
          await sql.query('update installation_fact set value = $2 where name = $1', [
            SEEDED,
            JSON.stringify(all),
          ]);
        return written.length;
      }),
    upsert: (text, by, most) =>
      db.transaction(async (sql) => {
        const [known] = await sql.query<PersonaText>(
          `select ${COLUMNS} from persona_text
           where kind = $1::persona_text_kind and key = $2 and locale = $3 for update`,
          [text.kind, text.key, text.locale],
        );
        const [count] = await sql.query<{ rows: number }>(
          'select count(*) as rows from persona_text where locale = $1',
          [text.locale],
        );
        if (!known && (count?.rows ?? 0) >= most) return null;
        const at = clock.wall();
        const [row] = await sql.query<PersonaText>(
          `insert into persona_text
             (id, kind, locale, key, condition, position, text, updated_at, updated_by)
           values ($1, $2::persona_text_kind, $3, $4, $5, $6, $7, $8, $9)
           on conflict (kind, key, locale) do update
             set condition = excluded.condition, position = excluded.position, text = excluded.text,
               updated_at = excluded.updated_at, updated_by = excluded.updated_by
           returning ${COLUMNS}`,
          [
            uuidv7(at),
            text.kind,
            text.locale,
            text.key,
            JSON.stringify(text.condition),
            text.position,
            text.text,
            at,
            by,
          ],
        );
        if (!row) return null;
        const { condition, position } = text;
        const old = known && {
          condition: known.condition,
          position: known.position,
          text: known.text,
        };
        await audit(sql).write({
          ...told(row, { old: old ?? null, new: { condition, position, text: text.text } }),
          actor: by,
          action: 'persona_text.written',
        });
        return row;
      }),
    remove: (id, by) =>
      db.transaction(async (sql) => {
        const [row] = await sql.query<PersonaText>(
          `delete from persona_text where id = $1 returning ${COLUMNS}`,
          [id],
        );
        if (!row) return null;
        const { condition, position, text } = row;
        await audit(sql).write({
          ...told(row, { old: { condition, position, text } }),
          actor: by,
          action: 'persona_text.deleted',
        });
        return row;
      }),
  };
}
