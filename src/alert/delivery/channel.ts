import type { AlertSnapshot } from '../alert.js';

/** What a channel is told in one message: changes of alerts, oldest first. */
export interface ChannelMessage {
  /** The same for every attempt: receivers that saw it drop the repeat. */
  id: string;
  at: Date;
  alerts: readonly AlertSnapshot[];
  /** A test by a person: there is no alert. */
  test?: boolean;
}

/** How an attempt went; `retryAfterMs` is what the receiver asked for. */
export type Attempt =
  { ok: true } | { ok: false; error: string; retry: boolean; retryAfterMs?: number };

/** A way to tell people or programs. */
export interface Channel {
  name: string;
  kind: 'WEBHOOK' | 'SLACK' | 'EMAIL';
  /** For people: where it leads, without secrets. */
  target: string;
  /** Never throws; gives up after `signal`. */
  send(message: ChannelMessage, signal: AbortSignal): Promise<Attempt>;
}
