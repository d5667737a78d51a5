import type { AlertSnapshot, AlertStatus } from '../alert.js';

export const DELIVERY_STATUSES = ['QUEUED', 'DELIVERED', 'FAILED'] as const;
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

/** What became of telling a channel of one change of an alert. */
export interface Delivery {
  alertId: string;
  /** Of the alert, at the change. */
  revision: number;
  /** What the alert had become. */
  alertStatus: AlertStatus;
  channel: string;
  status: DeliveryStatus;
  attempts: number;
  lastError: string | null;
  deliveredAt: Date | null;
}

/** A change that waits to be told. */
export interface QueuedChange {
  /** uuid of its row. */
  id: string;
  alertId: string;
  revision: number;
  createdAt: Date;
  snapshot: AlertSnapshot;
}

/** A message that this worker holds: nobody else sends it before the lease is over. */
export interface ClaimedMessage {
  /** uuid v7; the same at every attempt. */
  id: string;
  channel: string;
  /** This one included. */
  attempts: number;
  /** When the oldest of its changes was made. */
  createdAt: Date;
  /** Since when the receiver refuses it; null: it does not. */
  refusedAt: Date | null;
  /** In the order in which they are told. */
  changes: readonly QueuedChange[];
}

/**
 * Changes in the order in which they are told: by time, and those of one alert by revision whatever a clock
 * that was set back wrote.
 */
export function inOrder<T extends Pick<QueuedChange, 'alertId' | 'revision' | 'createdAt'>>(
  changes: readonly T[],
): T[] {
  const latest = new Map<string, number>();
  return [...changes]
    .sort((a, b) => a.revision - b.revision)
    .map((change) => {
      const at = Math.max(latest.get(change.alertId) ?? 0, change.createdAt.getTime());
      latest.set(change.alertId, at);
      return { change, at };
    })
    .sort((a, b) => a.at - b.at || compare(a.change.alertId, b.change.alertId))
    .map(({ change }) => change);
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
