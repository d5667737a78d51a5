import { createHmac } from 'node:crypto';

/** Headers by which a receiver knows who sent a body, and that it is no repeat of an old one. */
export interface SignedHeaders extends Record<string, string> {
  'Augury-Id': string;
  'Augury-Timestamp': string;
  'Augury-Signature': string;
}

/**
 * Signs a body: HMAC-SHA256 of `<seconds since 1970>.<body>`, in hexadecimal, once for each secret, so that a receiver
 * may hold the old one or the new one while it is changed. docs/alerts.md shows how it is verified.
 */
export function signedHeaders(
  id: string,
  body: string,
  secrets: readonly string[],
  at: Date,
): SignedHeaders {
  const t = String(Math.floor(at.getTime() / 1_000));
  const signatures = secrets.map(
    (secret) => `v1=${createHmac('sha256', secret).update(`${t}.${body}`).digest('hex')}`,
  );
  return {
    'Augury-Id': id,
    'Augury-Timestamp': t,
    'Augury-Signature': [`t=${t}`, ...signatures].join(','),
  };
}
