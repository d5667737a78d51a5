import type { UserErrorCode } from '../kernel/error.js';
import { isStorableText } from '../plant/parameters.js';

/** A customer. `id` is our own number; `externalId` the key in the CRM. */
export interface User {
  id: number;
  externalId: string;
  name: string | null;
  email: string | null;
  attributes: Record<string, AttributeValue>;
  registeredAt: Date | null;
  /** Greatest event time seen. */
  lastActiveAt: Date | null;
  consentProfiling: boolean;
  consentMarketing: boolean;
  consentUpdatedAt: Date | null;
}

export type AttributeValue = string | number | boolean | null;

/** A profile to write; an absent part stays as it is, null clears it. Attributes are merged name by name. */
export interface UserRow {
  externalId: string;
  name?: string | null;
  email?: string | null;
  registeredAt?: Date | null;
  attributes?: Record<string, unknown> | null;
}

/** A row of a call that was not taken, and why; `index` counts from 0. */
export interface RowRejection {
  index: number;
  code: UserErrorCode;
  message: string;
}

export type Verdict = { code: UserErrorCode; message: string } | null;

export const MAX_EXTERNAL_ID = 200;
export const MAX_ATTRIBUTES = 200;
export const MAX_ATTRIBUTE_BYTES = 16 * 1024;
/** Numbers are 0 or of this magnitude, so that no feature arithmetic can overflow. */
export const MIN_MAGNITUDE = 1e-15;
export const MAX_MAGNITUDE = 1e15;

const EMAIL = /^[^\s@]{1,64}@[^\s@]+\.[^\s@.]+$/;
const EARLIEST_REGISTRATION = Date.UTC(1900, 0, 1);

/** Whether a finite number is inside the bounds that stored numbers keep. */
export function isStorableNumber(value: number): boolean {
  if (value === 0) return true;
  const magnitude = Math.abs(value);
  return magnitude >= MIN_MAGNITUDE && magnitude <= MAX_MAGNITUDE;
}

/** Why a text cannot be a customer's key; null when it can. `field` names it in the message. */
export function checkExternalId(value: unknown, field: string): Verdict {
  if (typeof value !== 'string' || value === '') return invalid(`${field} is missing`);
  if (value.length > MAX_EXTERNAL_ID)
    return invalid(`${field} must be 1..${MAX_EXTERNAL_ID} characters, got ${value.length}`);
  if (!isStorableText(value)) return invalid(`${field} holds a character that cannot be stored`);
  return null;
}

/** Why a row cannot be taken, or null. Pure; the first problem found is the one named. */
export function checkUserRow(row: UserRow): Verdict {
  return (
    checkExternalId(row.externalId, 'externalId') ??
    checkName(row.name) ??
    checkEmail(row.email) ??
    checkRegisteredAt(row.registeredAt) ??
    checkAttributes(row.attributes)
  );
}

function invalid(message: string): Verdict {
  return { code: 'INVALID', message };
}

function checkName(name: string | null | undefined): Verdict {
  if (name === null || name === undefined) return null;
  if (name.length > 200) return invalid(`name must be at most 200 characters, got ${name.length}`);
  return isStorableText(name) ? null : invalid('name holds a character that cannot be stored');
}

function checkEmail(email: string | null | undefined): Verdict {
  if (email === null || email === undefined) return null;
  if (email.length > 254 || !EMAIL.test(email) || !isStorableText(email))
    return invalid(`email is not an e-mail address: ${email.slice(0, 80)}`);
  return null;
}

function checkRegisteredAt(at: Date | null | undefined): Verdict {
  if (at === null || at === undefined) return null;
  const ms = at.getTime();
  if (Number.isNaN(ms)) return invalid('registeredAt is not an instant');
  if (ms < EARLIEST_REGISTRATION || ms > Date.UTC(2100, 0, 1))
    return invalid(`registeredAt must be in 1900..2099, got ${at.toISOString()}`);
  return null;
}

function checkAttributes(attributes: Record<string, unknown> | null | undefined): Verdict {
  if (attributes === null || attributes === undefined) return null;
  if (typeof attributes !== 'object' || Array.isArray(attributes))
    return invalid('attributes must be an object');
  const entries = Object.entries(attributes);
  if (entries.length > MAX_ATTRIBUTES)
    return {
      code: 'TOO_LARGE',
      message: `attributes must be at most ${MAX_ATTRIBUTES}, got ${entries.length}`,
    };
  for (const [name, value] of entries) {
    const verdict = checkAttribute(name, value);
    if (verdict) return verdict;
  }
  const bytes = Buffer.byteLength(JSON.stringify(attributes));
  if (bytes > MAX_ATTRIBUTE_BYTES)
    return {
      code: 'TOO_LARGE',
      message: `attributes must be at most ${MAX_ATTRIBUTE_BYTES} bytes of JSON, got ${bytes}`,
    };
  return null;
}

function checkAttribute(name: string, value: unknown): Verdict {
  const field = `attributes.${name.slice(0, 100)}`;
  if (name === '' || name.length > 100 || !isStorableText(name))
    return invalid(`${field}: a name must be 1..100 storable characters`);
  if (value === null || typeof value === 'boolean') return null;
  if (typeof value === 'string')
    return isStorableText(value)
      ? null
      : invalid(`${field} holds a character that cannot be stored`);
  if (typeof value !== 'number')
    return invalid(`${field} must be a text, number, boolean or null, got ${kindOf(value)}`);
  if (!Number.isFinite(value)) return invalid(`${field} must be finite, got ${value}`);
  return isStorableNumber(value)
    ? null
    : invalid(`${field} must be 0 or of magnitude 1e-15..1e15, got ${value}`);
}

function kindOf(value: unknown): string {
  return Array.isArray(value) ? 'a list' : `an ${typeof value}`;
}
