import { isStorableText } from '../plant/parameters.js';
import { checkExternalId, type Verdict } from '../user/user.js';

/** A customer seen with a device between two instants, milliseconds since 1970; `firstMs` <= `lastMs`. */
export interface SeenDevice {
  userId: number;
  deviceId: number;
  firstMs: number;
  lastMs: number;
}

/** A device and what is known of it over all of its customers. */
export interface Device {
  id: number;
  /** The sender's id of the device. */
  key: string;
  type: string | null;
  osVersion: string | null;
  /** Earliest instant that a sender or a sighting gave; null when none did. */
  firstSeenAt: Date | null;
  /** Latest sighting; null for a device that nobody was seen with. */
  lastSeenAt: Date | null;
  userCount: number;
}

/** From when to when a customer was seen with a device. */
export interface Sighting {
  firstSeenAt: Date;
  lastSeenAt: Date;
}

/** A device to write; an absent part stays as it is, null clears type and osVersion. */
export interface DeviceRow {
  key: string;
  type?: string | null;
  osVersion?: string | null;
  /** Only moves back: the earliest instant ever given stands. */
  firstSeenAt?: Date | null;
  /** External ids of customers, seen with the device at `firstSeenAt`. */
  users?: readonly string[] | null;
}

export const MAX_DEVICE_KEY = 200;
export const MAX_DEVICE_TEXT = 100;
export const MAX_DEVICE_USERS = 100;

/** Why a row cannot be taken, or null; `latest` is the last instant it may carry. Pure. */
export function checkDeviceRow(row: DeviceRow, latest: Date): Verdict {
  return (
    checkDeviceKey(row.key, 'key') ??
    checkText(row.type, 'type') ??
    checkText(row.osVersion, 'osVersion') ??
    checkFirstSeen(row.firstSeenAt, latest) ??
    checkUsers(row)
  );
}

/** Why a text cannot be a device's key, or null; `field` names it in the message. */
export function checkDeviceKey(key: unknown, field: string): Verdict {
  if (typeof key !== 'string' || key === '') return invalid(`${field} is missing`);
  if (key.length > MAX_DEVICE_KEY)
    return invalid(`${field} must be 1..${MAX_DEVICE_KEY} characters, got ${key.length}`);
  return isStorableText(key) ? null : invalid(`${field} holds a character that cannot be stored`);
}

function invalid(message: string): Verdict {
  return { code: 'INVALID', message };
}

function checkText(text: string | null | undefined, field: string): Verdict {
  if (text === null || text === undefined) return null;
  if (text === '' || text.length > MAX_DEVICE_TEXT)
    return invalid(`${field} must be 1..${MAX_DEVICE_TEXT} characters, got ${text.length}`);
  return isStorableText(text) ? null : invalid(`${field} holds a character that cannot be stored`);
}

function checkFirstSeen(at: Date | null | undefined, latest: Date): Verdict {
  if (at === null || at === undefined) return null;
  if (Number.isNaN(at.getTime())) return invalid('firstSeenAt is not an instant');
  if (at.getTime() < 0)
    return invalid(`firstSeenAt must be 1970 or later, got ${at.toISOString()}`);
  return at > latest
    ? invalid(`firstSeenAt must not be after ${latest.toISOString()}, got ${at.toISOString()}`)
    : null;
}

function checkUsers({ users, firstSeenAt }: DeviceRow): Verdict {
  if (!users || users.length === 0) return null;
  if (users.length > MAX_DEVICE_USERS)
    return {
      code: 'TOO_LARGE',
      message: `users must be at most ${MAX_DEVICE_USERS}, got ${users.length}`,
    };
  if (!firstSeenAt) return invalid('firstSeenAt is missing: it is when the users were seen');
  for (const [i, user] of users.entries()) {
    const verdict = checkExternalId(user, `users.${i}`);
    if (verdict) return verdict;
  }
  return null;
}

/** The rows of one key as one: the later one wins part by part, the earliest `firstSeenAt` stands. */
export function mergeDeviceRows(earlier: DeviceRow | undefined, later: DeviceRow): DeviceRow {
  if (!earlier) return later;
  const instants = [earlier.firstSeenAt, later.firstSeenAt].filter((at) => at instanceof Date);
  return {
    ...earlier,
    ...Object.fromEntries(Object.entries(later).filter(([, value]) => value !== undefined)),
    key: later.key,
    firstSeenAt: instants.reduce<Date | null>((a, b) => (a === null || b < a ? b : a), null),
  };
}
