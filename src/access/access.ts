import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { RoleName } from '../graphql/context.js';

/** Every role, weakest reach first; the order of `keys create --role` and of the docs. */
export const ROLES = ['CRM', 'ANALYST', 'OPERATOR', 'ADMIN'] as const satisfies RoleName[];

export type CredentialKind = 'API_KEY' | 'SESSION' | 'LOGIN_LINK';

/** A key, a browser session or a one-time link, as kept: of the secret only the SHA-256. */
export interface Credential {
  id: string;
  kind: CredentialKind;
  name: string;
  role: RoleName;
  secretHash: Uint8Array;
  createdAt: Date;
  /** Who made it: a name (`command line`) or `Credential:<id>` for a session. */
  createdBy: string;
  expiresAt: Date | null;
  usedAt: Date | null;
  revokedAt: Date | null;
}

/** What a credential may show to people: everything but the hash. */
export type CredentialListing = Omit<Credential, 'secretHash'>;

/** How long a one-time login link may wait to be opened. */
export const LOGIN_LINK_MINUTES = 15;
/** How long a browser stays signed in. */
export const SESSION_HOURS = 12;

/** Longest name of a credential, in characters. */
export const MAX_NAME_LENGTH = 80;

/** 256 random bits as 43 base64url characters. */
export function newSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** An API key as given out once: `augury_<role>_<43 characters>`; the role in it is for people, the row decides. */
export function formatKey(role: RoleName, secret: string): string {
  return `augury_${role.toLowerCase()}_${secret}`;
}

const KEY = /^augury_(?:crm|analyst|operator|admin)_[A-Za-z0-9_-]{43}$/;
const BARE_SECRET = /^[A-Za-z0-9_-]{43}$/;

/** Whether the text has the form of a secret of that kind; what has not is refused without asking the database. */
export function hasSecretForm(kind: CredentialKind, text: string): boolean {
  return (kind === 'API_KEY' ? KEY : BARE_SECRET).test(text);
}

/** SHA-256 of the secret as presented; 256 random bits need no salt and no stretching. */
export function hashSecret(presented: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(createHash('sha256').update(presented, 'utf8').digest());
}

/** Equality in constant time; false when the lengths differ. */
export function sameHash(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && timingSafeEqual(left, right);
}

/** Whether the credential opens anything at that instant. */
export function isLive(
  credential: Pick<Credential, 'expiresAt' | 'revokedAt'>,
  instant: Date,
): boolean {
  if (credential.revokedAt !== null && credential.revokedAt <= instant) return false;
  return credential.expiresAt === null || credential.expiresAt > instant;
}

/** An instant so many minutes later. */
export function minutesLater(instant: Date, minutes: number): Date {
  return new Date(instant.getTime() + minutes * 60_000);
}
