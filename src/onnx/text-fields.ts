import type { Encoding } from '../numeric/classifier.js';

// Fields of artifacts kept as JSON in a model file: read with their kind checked, every failure a RangeError that names it.

/** An encoding as JSON holds it; whether it contradicts itself is not looked at. */
export function readEncoding(value: Record<string, unknown>): Encoding {
  const lists = value['categories'];
  if (!Array.isArray(lists)) return fail('encoding.categories must be a list');
  return {
    numericNames: strings(value['numericNames'], 'encoding.numericNames'),
    categoricalNames: strings(value['categoricalNames'], 'encoding.categoricalNames'),
    categories: lists.map((list: unknown) => strings(list, 'encoding.categories')),
  };
}

/** The field as doubles. @throws RangeError when it is not base64 of whole doubles */
export function doubles(from: Record<string, unknown>, key: string): Float64Array {
  return new Float64Array(decode(from, key, 8));
}

/** The bytes of an array, little-endian, as base64. */
export function base64(values: Int32Array | Float32Array | Float64Array | Uint8Array): string {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64');
}

/** The bytes of a field, copied; `width` is the size of one value. @throws RangeError when they do not fit */
export function decode(from: Record<string, unknown>, key: string, width: number): ArrayBuffer {
  const text = from[key];
  if (typeof text !== 'string') return fail(`${key} must be base64, got ${show(text)}`);
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length % width !== 0)
    return fail(`${key} is ${String(bytes.length)} bytes long, not a multiple of ${String(width)}`);
  return new Uint8Array(bytes).buffer;
}

/** The first double of a field. */
export function single(from: Record<string, unknown>, key: string): number {
  const [value] = new Float64Array(decode(from, key, 8));
  return value ?? fail(`${key} is empty`);
}

/** A whole number >= 0. */
export function integer(from: Record<string, unknown>, key: string): number {
  const value = from[key];
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
    ? value
    : fail(`${key} must be an integer >= 0, got ${show(value)}`);
}

/** A list of strings. */
export function strings(value: unknown, name: string): string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
    ? value
    : fail(`${name} must be a list of strings`);
}

/** A JSON object. */
export function record(value: unknown, name: string): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : fail(`${name} must be an object, got ${show(value)}`);
}

/** A value as a message shows it, cut short. */
export function show(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 40);
}

/** @throws RangeError always */
export function fail(message: string): never {
  throw new RangeError(message);
}
