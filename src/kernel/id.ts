import { AppError } from './error.js';

/** Opaque ids of the graph carry their type: `User:42`, `Job:0197…`, so that one of another kind is refused. */
export function encodeId(type: string, key: string | number | bigint): string {
  return `${type}:${String(key)}`;
}

/** The key inside an id of the given type, or null when the id is of another type. */
export function decodeId(type: string, id: string): string | null {
  return id.startsWith(`${type}:`) && id.length > type.length + 1
    ? id.slice(type.length + 1)
    : null;
}

/** A positive safe integer key, or null. */
export function decodeNumericId(type: string, id: string): number | null {
  const key = decodeId(type, id);
  if (key === null || !/^[1-9]\d{0,15}$/.test(key)) return null;
  const value = Number(key);
  return Number.isSafeInteger(value) ? value : null;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Whether the text is a uuid in lower case, as ours are written. */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/** A uuid key, or null. */
export function decodeUuid(type: string, id: string): string | null {
  const key = decodeId(type, id);
  return key !== null && isUuid(key) ? key : null;
}

/** Throws where a switch forgot a case. */
export function unreachable(value: never): never {
  throw new AppError('INTERNAL', `unreachable case: ${JSON.stringify(value)}`);
}
