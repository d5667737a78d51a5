import { checkDeviceKey } from '../device/device.js';
import type { UserErrorCode } from '../kernel/error.js';
import { isStorableText } from '../plant/parameters.js';
import { checkExternalId, isStorableNumber, type Verdict } from '../user/user.js';

/** An event to record; idempotent by (source, id). */
export interface EventRow {
  /** Where it comes from: `api`, `crm`, `shop` … */
  source: string;
  /** The sender's id, unique within its source. */
  id: string;
  /** External id of the customer. */
  user: string;
  type: string;
  at: Date;
  /** Amount of a purchase, seconds of a session … ; null = none. Finite. */
  value: number | null;
  properties: Record<string, unknown> | null;
  /** The sender's id of the device it came from; absent or null = none named. */
  device?: string | null;
}

/** A stored event. */
export interface Event {
  sourceId: number;
  source: string;
  key: string;
  userId: number;
  type: string;
  at: Date;
  value: number | null;
  properties: Record<string, unknown> | null;
  deviceId: number | null;
}

/** Which instants an event may carry. */
export interface EventBounds {
  /** The last one. */
  latest: Date;
  /** The first one that is still held, and the days of retention that say so; null = any. */
  held: { from: Date; days: number } | null;
}

export const MAX_KEY = 200;
export const MAX_PROPERTIES_BYTES = 8 * 1024;
export const MAX_PROPERTIES_DEPTH = 5;
/** How far an event may lie ahead of our clock: senders' clocks differ. */
export const CLOCK_SKEW_MS = 5 * 60_000;
/** Names of types and sources as senders write them: `purchase`, `Add to Cart`, `订单`. */
export const NAME_PATTERN = /^\p{L}[\p{L}\p{N} _.:/-]{0,63}(?<! )$/u;
export const NAME_RULE = 'a letter and then up to 63 letters, digits, spaces or _ . : / -';

const INVALID: UserErrorCode = 'INVALID';

/** Why an event cannot be taken, or null; the first problem found is the one named. */
export function checkEventRow(row: EventRow, bounds: EventBounds): Verdict {
  return (
    checkKey(row.id) ??
    checkExternalId(row.user, 'user') ??
    checkName(row.type, 'type') ??
    checkName(row.source, 'source') ??
    checkAt(row.at, bounds) ??
    checkValue(row.value) ??
    checkDevice(row.device) ??
    checkProperties(row.properties)
  );
}

function invalid(message: string): Verdict {
  return { code: INVALID, message };
}

function checkKey(key: unknown): Verdict {
  if (typeof key !== 'string' || key === '') return invalid('id is missing');
  if (key.length > MAX_KEY)
    return invalid(`id must be 1..${MAX_KEY} characters, got ${key.length}`);
  return isStorableText(key) ? null : invalid('id holds a character that cannot be stored');
}

function checkDevice(device: unknown): Verdict {
  return device === null || device === undefined ? null : checkDeviceKey(device, 'device');
}

/** Types and sources: they later stand in feature definitions, as parameters. */
function checkName(name: unknown, field: 'type' | 'source'): Verdict {
  if (typeof name !== 'string' || name === '') return invalid(`${field} is missing`);
  if (!NAME_PATTERN.test(name))
    return invalid(`${field} must be ${NAME_RULE}, got ${JSON.stringify(name.slice(0, 80))}`);
  return null;
}

function checkAt(at: unknown, { latest, held }: EventBounds): Verdict {
  if (!(at instanceof Date) || Number.isNaN(at.getTime())) return invalid('at is not an instant');
  if (at.getTime() < 0) return invalid(`at must be 1970 or later, got ${at.toISOString()}`);
  if (at > latest)
    return invalid(`at must not be after ${latest.toISOString()}, got ${at.toISOString()}`);
  if (held && at < held.from)
    return invalid(
      `at must not be before ${held.from.toISOString()}, got ${at.toISOString()}: events are held for ${held.days} days (AUGURY_RETENTION_DAYS)`,
    );
  return null;
}

function checkValue(value: unknown): Verdict {
  if (value === null || value === undefined) return null;
  if (typeof value !== 'number') return invalid(`value must be a number, got a ${typeof value}`);
  if (!Number.isFinite(value)) return invalid(`value must be finite, got ${value}`);
  return isStorableNumber(value)
    ? null
    : invalid(`value must be 0 or of magnitude 1e-15..1e15, got ${value}`);
}

function checkProperties(properties: unknown): Verdict {
  if (properties === null || properties === undefined) return null;
  if (typeof properties !== 'object' || Array.isArray(properties))
    return invalid('properties must be an object');
  if (depthOf(properties, 0) > MAX_PROPERTIES_DEPTH)
    return invalid(`properties must nest at most ${MAX_PROPERTIES_DEPTH} deep`);
  const text = JSON.stringify(properties);
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_PROPERTIES_BYTES)
    return {
      code: 'TOO_LARGE',
      message: `properties must be at most ${MAX_PROPERTIES_BYTES} bytes of JSON, got ${bytes}`,
    };
  // JSON.stringify writes what Postgres refuses as \u escapes; a harmless backslash before `u0000` is refused too
  return /\\u(?:0000|d[89a-f])/i.test(text)
    ? invalid('properties hold a character that cannot be stored')
    : null;
}

function depthOf(value: unknown, depth: number): number {
  if (depth > MAX_PROPERTIES_DEPTH || typeof value !== 'object' || value === null) return depth;
  let deepest = depth + 1;
  for (const child of Object.values(value)) deepest = Math.max(deepest, depthOf(child, depth + 1));
  return deepest;
}
