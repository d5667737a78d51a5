import type { AlertSnapshot } from '../alert.js';

/** What a channel is told in one message: changes of alerts, oldest first. */
export interface ChannelMessage {
  /** The same for every attempt, as is what it holds: receivers that saw it drop the repeat. */
  id: string;
  /** When the newest of the changes was made. */
  at: Date;
  alerts: readonly AlertSnapshot[];
  /** A test by a person: there is no alert. */
  test?: boolean;
}

/** The message got there; `note` is what a person should know all the same. */
export interface Delivered {
  ok: true;
  note?: string;
}

/** The message did not get there, or nobody said so. */
export interface NotDelivered {
  ok: false;
  /** Without secrets, at most 300 characters. */
  error: string;
  /** false: the receiver will never take this message. */
  retry: boolean;
  /** The receiver's owner has to mend something first (a key, an address): tried slowly, and not for ever. */
  refused?: boolean;
  /** What the receiver asked for. */
  retryAfterMs?: number;
}

/** How an attempt went. */
export type Attempt = Delivered | NotDelivered;

export const CHANNEL_KINDS = ['WEBHOOK', 'SLACK', 'EMAIL', 'PAGERDUTY'] as const;
export type ChannelKind = (typeof CHANNEL_KINDS)[number];

/** A way to tell people or programs. */
export interface Channel {
  name: string;
  kind: ChannelKind;
  /** For people: where it leads, without secrets. */
  target: string;
  /** Changes that one message can hold. */
  most: number;
  /** Never throws; gives up after `signal`. */
  send(message: ChannelMessage, signal: AbortSignal): Promise<Attempt>;
}
