import { gather } from '../plant/gather.js';
import { numberArray, textArray } from '../plant/parameters.js';
import type { Database, Sql } from '../plant/ports.js';

/** Who did what to which thing, when. */
export interface AuditEntry {
  /** Wall time. */
  at: Date;
  /** Name of the viewer or of the part of the program that did it. */
  actor: string;
  /** A verb in the past or a code of the room: `created`, `promoted`, `moved`. */
  action: string;
  /** Typed id of the thing, such as `Feature:purchase_count_30d@1`. */
  subject: string;
  detail: Record<string, unknown>;
}

/** An entry with its place in the trail. */
export type AuditRow = AuditEntry & { id: number };

/** A page of the entries about one thing. */
export interface SubjectPage {
  subject: string;
  /** Id after which the page begins. */
  after: number | null;
  limit: number;
}

/** Which entries, newest first; null parts do not narrow. */
export interface AuditPage {
  subject: string | null;
  actor: string | null;
  action: string | null;
  since: Date | null;
  /** Id after which the page begins. */
  after: number | null;
  limit: number;
}

export interface AuditStore {
  write(entry: AuditEntry): Promise<void>;
  /**
   * One statement however many entries, shared by the calls of a moment, committed without waiting for the disk:
   * after a crash of the database the last fraction of a second of them may be missing. For reads, which are
   * many and change nothing.
   */
  writeReads(entries: readonly AuditEntry[]): Promise<void>;
  page(page: AuditPage): Promise<AuditRow[]>;
  /** For loaders: at most `limit` entries of each subject, newest first, in the order asked; one statement. */
  pagesOf(pages: readonly SubjectPage[]): Promise<AuditRow[][]>;
  /** Newest first. */
  bySubject(subject: string): Promise<AuditEntry[]>;
  /** For loaders: one answer a subject in the order asked, each newest first; one statement. */
  bySubjects(subjects: readonly string[]): Promise<AuditEntry[][]>;
}

/** Writes the audit trail on a transaction of the caller's; `auditStore` is one. */
export type AuditOn = (sql: Sql) => Pick<AuditStore, 'write'>;

/** The audit trail in Postgres. Built on a transaction, an entry stands or falls with the change it tells of. */
export function auditStore(sql: Database | Sql): AuditStore {
  const bySubjects = async (subjects: readonly string[]): Promise<AuditEntry[][]> => {
    const rows = await sql.query<AuditEntry>(
      `select at, actor, action, subject, detail from audit_entry
       where subject = any($1::text[]) order by id desc`,
      [[...new Set(subjects)]],
      { name: 'audit_by_subjects' },
    );
    const groups = new Map<string, AuditEntry[]>(subjects.map((subject) => [subject, []]));
    for (const row of rows) groups.get(row.subject)?.push(row);
    return subjects.map((subject) => groups.get(subject) ?? []);
  };
  const writeReads = async (entries: readonly AuditEntry[]): Promise<void> => {
    await sql.query(
      `with relaxed as materialized (select set_config('synchronous_commit', 'off', true))
       insert into audit_entry (at, actor, action, subject, detail)
       select to_timestamp(e.ms / 1000), e.actor, e.action, e.subject, e.detail
       from unnest($1::float8[], $2::text[], $3::text[], $4::text[], $5::jsonb[])
         as e(ms, actor, action, subject, detail), relaxed`,
      [
        numberArray(entries.map(({ at }) => at.getTime())),
        textArray(entries.map(({ actor }) => actor)),
        textArray(entries.map(({ action }) => action)),
        textArray(entries.map(({ subject }) => subject)),
        textArray(entries.map(({ detail }) => JSON.stringify(detail))),
      ],
      { name: 'audit_write_reads' },
    );
  };
  const writeGathered = gather(
    async (calls: readonly (readonly AuditEntry[])[]) => {
      await writeReads(calls.flat());
      return calls.map(() => undefined);
    },
    { lanes: 2, most: 128 },
  );
  return {
    async write(entry) {
      await sql.query(
        `insert into audit_entry (at, actor, action, subject, detail) values ($1, $2, $3, $4, $5::jsonb)`,
        [entry.at, entry.actor, entry.action, entry.subject, JSON.stringify(entry.detail)],
      );
    },
    writeReads: (entries) => writeGathered(entries),
    page: ({ subject, actor, action, since, after, limit }) =>
      sql.query<AuditRow>(
        `select id, at, actor, action, subject, detail from audit_entry
         where ($1::text is null or subject = $1) and ($2::text is null or actor = $2)
           and ($3::text is null or action = $3) and ($4::timestamptz is null or at >= $4)
           and ($5::bigint is null or id < $5)
         order by id desc limit $6`,
        [subject, actor, action, since, after, limit],
      ),
    async pagesOf(pages) {
      const rows = await sql.query<AuditRow & { ord: number }>(
        `select k.ord::int as ord, a.* from unnest($1::text[], $2::bigint[], $3::int[]) with ordinality
           as k(subject, after, most, ord)
         cross join lateral (
           select id, at, actor, action, subject, detail from audit_entry a
           where a.subject = k.subject and (k.after is null or a.id < k.after)
           order by a.id desc limit k.most) a
         order by k.ord, a.id desc`,
        [
          pages.map((page) => page.subject),
          pages.map((page) => page.after),
          pages.map((page) => page.limit),
        ],
        { name: 'audit_pages_of' },
      );
      const answers: AuditRow[][] = pages.map(() => []);
      for (const { ord, ...row } of rows) answers[ord - 1]?.push(row);
      return answers;
    },
    bySubject: async (subject) => (await bySubjects([subject]))[0] ?? [],
    bySubjects,
  };
}
