import type { IncomingMessage } from 'node:http';
import type { Presented } from '../access/authenticate.js';

export const SESSION_COOKIE = 'augury_session';

/** The key in `Bearer <key>`, or null. */
export function bearerOf(authorization: unknown): string | null {
  if (typeof authorization !== 'string') return null;
  return /^Bearer +(\S+) *$/i.exec(authorization)?.[1] ?? null;
}

function cookie(request: IncomingMessage, name: string): string | null {
  for (const pair of (request.headers.cookie ?? '').split(';')) {
    const [key, value] = pair.split('=', 2);
    if (key?.trim() === name && value !== undefined) return value.trim();
  }
  return null;
}

/**
 * What the request shows to say who it is. An Authorization header that is no bearer key counts as
 * a wrong key: falling back to the cookie would answer as somebody the caller did not mean.
 */
export function presentedBy(request: IncomingMessage): Presented {
  const { authorization } = request.headers;
  if (authorization !== undefined) return { bearer: bearerOf(authorization) ?? '', session: null };
  return { bearer: null, session: cookie(request, SESSION_COOKIE) };
}

/** `Set-Cookie` of a session until `expiresAt`; '' as the secret with the past removes it. */
export function sessionCookie(secret: string, expiresAt: Date, secure: boolean): string {
  const parts = [
    `${SESSION_COOKIE}=${secret}`,
    'Path=/',
    'HttpOnly',
    'SameSite=Strict',
    `Expires=${expiresAt.toUTCString()}`,
  ];
  return (secure ? [...parts, 'Secure'] : parts).join('; ');
}

/**
 * Whether the browser page that sends this may: the own origin or a configured one. A request
 * without Origin comes from no page of another site; with a session it must not change anything.
 */
export function originAllowed(
  request: IncomingMessage,
  allowed: readonly string[],
): 'own' | 'configured' | 'none' | 'refused' {
  const { origin, host } = request.headers;
  if (origin === undefined) return 'none';
  if (allowed.includes(origin)) return 'configured';
  if (host !== undefined && (origin === `http://${host}` || origin === `https://${host}`))
    return 'own';
  return 'refused';
}
