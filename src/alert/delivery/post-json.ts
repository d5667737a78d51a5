import http from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';
import { ForbiddenAddressError, type AddressGuard } from './address-guard.js';
import type { Attempt, NotDelivered } from './channel.js';
import { oneLine } from './one-line.js';

export interface PostDeps {
  guard: AddressGuard;
  /** Real time: what a date in Retry-After is held against. */
  wall(): Date;
  /** From the first packet to the status of the answer. */
  timeoutMs?: number;
}

/** Sends a body to a URL, once, and says how that went; never throws. */
export type PostJson = (
  url: URL,
  body: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
) => Promise<Attempt>;

const TIMEOUT_MS = 10_000;
/** Of an answer that is an error; what is longer is not read. */
const READ_BYTES = 2_048;
const MENDABLE = new Set([401, 403, 404, 410]);
const PASSING = new Set([408, 425, 429]);

interface Answer {
  status: number;
  retryAfter: string | undefined;
  text: string;
}

/** Posts JSON over HTTP to addresses that the guard allows. A redirect is an answer like any other and not followed. */
export function postJson(deps: PostDeps): PostJson {
  const { guard, wall, timeoutMs = TIMEOUT_MS } = deps;
  return async (url, body, headers, signal) => {
    const timeout = AbortSignal.timeout(timeoutMs);
    const both = AbortSignal.any([signal, timeout]);
    try {
      return judge(await request(url, body, headers, guard, both), wall());
    } catch (error) {
      if (error instanceof ForbiddenAddressError)
        return { ok: false, error: error.message, retry: true, refused: true };
      if (timeout.aborted) {
        const seconds = timeoutMs / 1_000;
        return { ok: false, error: `no answer within ${seconds} s`, retry: true };
      }
      return { ok: false, error: reasonOf(error), retry: true };
    }
  };
}

/**
 * What an answer means: 2xx is delivered. 408, 425, 429, 5xx pass by themselves; 3xx, 401, 403, 404 and 410 have to be
 * mended by somebody; with any other 4xx the receiver says that the message is wrong, and it will stay wrong.
 */
export function judge({ status, retryAfter, text }: Answer, now: Date): Attempt {
  if (status >= 200 && status < 300) return { ok: true };
  const said = text === '' ? '' : `: ${text}`;
  const failure: NotDelivered = { ok: false, error: `HTTP ${status}${said}`, retry: true };
  if (status >= 500 || PASSING.has(status)) {
    const retryAfterMs = waitOf(retryAfter, now);
    return retryAfterMs === null ? failure : { ...failure, retryAfterMs };
  }
  if (status < 400 || MENDABLE.has(status)) return { ...failure, refused: true };
  return { ...failure, retry: false };
}

/** Retry-After (RFC 9110, 10.2.3): seconds or a date; null when there is none that can be read. */
function waitOf(header: string | undefined, now: Date): number | null {
  const text = header?.trim() ?? '';
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1_000;
  const at = text.includes(' ') ? Date.parse(text) : NaN;
  return Number.isNaN(at) ? null : Math.max(0, at - now.getTime());
}

function request(
  url: URL,
  body: string,
  headers: Readonly<Record<string, string>>,
  guard: AddressGuard,
  signal: AbortSignal,
): Promise<Answer> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  // a connection to a literal address asks no lookup
  if (isIP(host) !== 0 && !guard.allows(host))
    return Promise.reject(new ForbiddenAddressError(host, host));
  return new Promise((resolve, reject) => {
    const client = url.protocol === 'https:' ? https : http;
    const sent = client.request(url, {
      method: 'POST',
      agent: false, // a connection of its own, so that every one is checked
      lookup: guard.lookup,
      signal,
      headers: {
        'content-type': 'application/json; charset=utf-8',
        'content-length': String(Buffer.byteLength(body)),
        'user-agent': 'Augury',
        ...headers,
      },
    });
    sent.on('error', reject);
    sent.on('response', (response) => {
      readAnswer(response).then(resolve, reject);
    });
    sent.end(body);
  });
}

/** The status, and of an error its first words; whatever more the receiver sends is cut off. */
async function readAnswer(response: http.IncomingMessage): Promise<Answer> {
  const status = response.statusCode ?? 0;
  const parts: Buffer[] = [];
  let bytes = 0;
  response.on('error', () => undefined); // the status is known: how the rest ends does not matter
  if (status >= 300)
    try {
      for await (const part of response as AsyncIterable<Buffer>) {
        parts.push(part);
        bytes += part.length;
        if (bytes >= READ_BYTES) break;
      }
    } catch {
      // cut short by the receiver or by the time: the status counts
    }
  response.destroy();
  const text = Buffer.concat(parts).toString('utf8', 0, READ_BYTES);
  return { status, retryAfter: response.headers['retry-after'], text: oneLine(text) };
}

/** What went wrong with a connection, in a line; of several addresses the first. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  return oneLine(error instanceof Error ? error.message || error.name : String(error));
}
