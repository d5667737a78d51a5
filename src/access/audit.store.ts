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

export interface AuditStore {
  write(entry: AuditEntry): Promise<void>;
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
  return {
    async write(entry) {
      await sql.query(
        `insert into audit_entry (at, actor, action, subject, detail) values ($1, $2, $3, $4, $5::jsonb)`,
        [entry.at, entry.actor, entry.action, entry.subject, JSON.stringify(entry.detail)],
      );
    },
    bySubject: async (subject) => (await bySubjects([subject]))[0] ?? [],
    bySubjects,
  };
}
