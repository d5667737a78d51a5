import { uuidv7 } from '../kernel/uuid.js';
import type { Database, Sql } from '../plant/ports.js';
import type { Credential, CredentialKind, CredentialListing } from './access.js';

export interface CredentialStore {
  insert(credential: Omit<Credential, 'id' | 'usedAt' | 'revokedAt'>): Promise<{ id: string }>;
  /** The credential of that kind with that hash, dead or alive, or null. */
  byHash(kind: CredentialKind, secretHash: Uint8Array): Promise<Credential | null>;
  /** Credentials of a kind, oldest first. */
  list(kind: CredentialKind): Promise<CredentialListing[]>;
  /** Marks a login link as used, if it is unused and alive at `at`; of two callers one gets it. */
  useLoginLink(secretHash: Uint8Array, at: Date): Promise<Credential | null>;
  /** Revokes it and the sessions opened with it. Ids that were alive until now; empty when none was. */
  revoke(id: string, at: Date): Promise<string[]>;
  /** Deletes sessions and links that ended before `instant`. */
  deleteEnded(instant: Date): Promise<void>;
}

const COLUMNS = `id, kind, name, role, secret_hash as "secretHash", created_at as "createdAt",
  created_by as "createdBy", expires_at as "expiresAt", used_at as "usedAt", revoked_at as "revokedAt"`;

/** Credentials in Postgres. */
export function credentialStore(sql: Database | Sql): CredentialStore {
  return {
    async insert(row) {
      const id = uuidv7(row.createdAt);
      await sql.query(
        `insert into credential (id, kind, name, role, secret_hash, created_at, created_by, expires_at)
         values ($1, $2::credential_kind, $3, $4::role, $5, $6, $7, $8)`,
        [
          id,
          row.kind,
          row.name,
          row.role,
          row.secretHash,
          row.createdAt,
          row.createdBy,
          row.expiresAt,
        ],
      );
      return { id };
    },
    async byHash(kind, secretHash) {
      const rows = await sql.query<Credential>(
        `select ${COLUMNS} from credential where secret_hash = $1 and kind = $2::credential_kind`,
        [secretHash, kind],
        { name: 'credential_by_hash' },
      );
      return rows[0] ?? null;
    },
    list: (kind) =>
      sql.query<CredentialListing>(
        `select id, kind, name, role, created_at as "createdAt", created_by as "createdBy",
           expires_at as "expiresAt", used_at as "usedAt", revoked_at as "revokedAt"
         from credential where kind = $1::credential_kind order by id`,
        [kind],
      ),
    async useLoginLink(secretHash, at) {
      const rows = await sql.query<Credential>(
        `update credential set used_at = $2
         where secret_hash = $1 and kind = 'LOGIN_LINK' and used_at is null
           and revoked_at is null and expires_at > $2
         returning ${COLUMNS}`,
        [secretHash, at],
      );
      return rows[0] ?? null;
    },
    async revoke(id, at) {
      const rows = await sql.query<{ id: string }>(
        `update credential set revoked_at = $2
         where revoked_at is null and (id = $1::uuid or created_by = 'Credential:' || $1::text)
         returning id`,
        [id, at],
      );
      return rows.map((row) => row.id);
    },
    async deleteEnded(instant) {
      await sql.query(
        `delete from credential where kind <> 'API_KEY' and coalesce(revoked_at, expires_at) < $1`,
        [instant],
      );
    },
  };
}
