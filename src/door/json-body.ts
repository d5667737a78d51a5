import { setImmediate } from 'node:timers/promises';
import { AppError } from '../kernel/error.js';
import type { BodyShare } from './body-budget.js';
import { bodyBudget, SMALL_BODY_BYTES } from './body-budget.js';
import type { Exchange } from './http.js';
import { nestsDeeper, readBody } from './http.js';
import type { DoorLimits } from './options.js';

/** A body that was read; it counts as in hand until `release`. */
export interface JsonBody {
  /** Undefined for anything but a JSON POST: Apollo says what is missing. */
  body: unknown;
  release(): void;
}

/**
 * Reads JSON bodies within the bounds of the door, large ones by turns.
 * @throws AppError TOO_LARGE, INVALID, or UNAVAILABLE when the turn does not come in time
 */
export function jsonBodyReader(
  limits: DoorLimits,
): (exchange: Exchange, signal: AbortSignal) => Promise<JsonBody> {
  const budget = bodyBudget({
    maxBytes: Math.max(limits.maxBodyBytesInHand, limits.maxBodyBytes),
    maxBodies: limits.maxBodiesInHand,
    maxWaitMs: limits.bodyTurnMs,
  });
  return async (exchange, signal) => {
    const bytes = announcedBytes(exchange, limits);
    const share = await budget.take(bytes, signal);
    try {
      const body = await jsonBody(exchange, limits, share);
      // reading a large body and checking its rows take their time each: others come in between
      if (bytes > SMALL_BODY_BYTES) await setImmediate();
      return { body, release: () => share.release() };
    } catch (error) {
      share.release();
      throw error;
    }
  };
}

/** What the body may come to: as announced, or the largest where nothing is; what is too large is not read anyway. */
function announcedBytes({ request }: Exchange, { maxBodyBytes }: DoorLimits): number {
  if (request.method !== 'POST') return 0;
  const announced = request.headers['content-length'];
  if (announced !== undefined) return Number(announced) > maxBodyBytes ? 0 : Number(announced);
  return request.headers['transfer-encoding'] === undefined ? 0 : maxBodyBytes;
}

async function jsonBody(
  { request }: Exchange,
  limits: DoorLimits,
  share: BodyShare,
): Promise<unknown> {
  if (request.method !== 'POST') return undefined;
  const bytes = await readBody(request, limits.maxBodyBytes);
  share.shrinkTo(bytes.length);
  const type = /^application\/json\s*(?:;\s*charset="?([\w-]+)"?\s*)?$/i.exec(
    request.headers['content-type'] ?? '',
  );
  if (!type || (type[1] !== undefined && !/^utf-?8$/i.test(type[1]))) return undefined;
  const text = bytes.toString('utf8');
  if (nestsDeeper(text, limits.maxJsonDepth))
    throw new AppError('INVALID', `the JSON body must nest at most ${limits.maxJsonDepth} deep`);
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new AppError('INVALID', `the body is not JSON: ${String(cause)}`, { cause });
  }
}
