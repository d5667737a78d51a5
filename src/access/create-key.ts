import type { RoleName } from '../graphql/context.js';
import { AppError } from '../kernel/error.js';
import type { Credential } from './access.js';
import { formatKey, hashSecret, MAX_NAME_LENGTH, newSecret } from './access.js';
import type { AuditStore } from './audit.store.js';
import type { CredentialStore } from './credential.store.js';

export interface CreateKeyDeps {
  credentials: Pick<CredentialStore, 'insert'>;
  audit: Pick<AuditStore, 'write'>;
  wall: () => Date;
}

/** Trimmed name of a credential. @throws AppError INVALID when empty or too long */
export function credentialName(name: string): string {
  const trimmed = name.trim();
  if (trimmed.length < 1 || trimmed.length > MAX_NAME_LENGTH)
    throw new AppError(
      'INVALID',
      `name must have 1..${MAX_NAME_LENGTH} characters, got ${trimmed.length}`,
    );
  return trimmed;
}

/**
 * Makes an API key. The key is in the answer and nowhere else: only its hash is kept.
 * @throws AppError INVALID for a name out of bounds or an expiry that is not in the future
 */
export function createKey(deps: CreateKeyDeps) {
  return async (request: {
    role: RoleName;
    name: string;
    createdBy: string;
    expiresAt?: Date | null;
  }): Promise<{ id: string; role: RoleName; name: string; key: string }> => {
    const now = deps.wall();
    const name = credentialName(request.name);
    const expiresAt = request.expiresAt ?? null;
    if (expiresAt !== null && expiresAt <= now)
      throw new AppError(
        'INVALID',
        `expiresAt must be in the future, got ${expiresAt.toISOString()}`,
      );
    const key = formatKey(request.role, newSecret());
    const row: Omit<Credential, 'id' | 'usedAt' | 'revokedAt'> = {
      kind: 'API_KEY',
      name,
      role: request.role,
      secretHash: hashSecret(key),
      createdAt: now,
      createdBy: request.createdBy,
      expiresAt,
    };
    const { id } = await deps.credentials.insert(row);
    await deps.audit.write({
      at: now,
      actor: request.createdBy,
      action: 'created',
      subject: `Credential:${id}`,
      detail: { kind: row.kind, name, role: request.role, expiresAt },
    });
    return { id, role: request.role, name, key };
  };
}
