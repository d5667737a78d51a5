import { AppError } from '../kernel/error.js';
import { openPostgresWire } from './bus-postgres.js';
import { openRedisWire } from './bus-redis.js';
import { createOutbox } from './outbox.js';
import type { Bus, Log } from './ports.js';
import { createSubscription, type Subscription } from './subscription.js';

/** The backend of a bus: carries lines of text to every process, this one included. */
export interface Wire {
  /** Lines arrive in this order. Waits while the connection is down. */
  send(lines: string[]): Promise<void>;
  close(): Promise<void>;
}

/** How a backend is opened: `onLine` gets every line of every process. */
export interface WireOptions {
  url: string;
  channel: string;
  onLine: (line: string) => void;
  log: Log;
}

/** What happened on the bus, for the metrics. */
export type BusEvent = 'published' | 'delivered' | 'slow' | 'dropped';

export interface BusOptions {
  databaseUrl: string;
  /** With it Redis carries the messages, else PostgreSQL's LISTEN/NOTIFY. */
  redisUrl: string | null;
  log: Log;
  /** Start of the Redis channel's name. */
  redisPrefix?: string;
  /** Undelivered messages a subscriber may have, 1 or more. */
  bufferSize?: number;
  onEvent?: (event: BusEvent, amount: number) => void;
}

/** PostgreSQL refuses 8,000; the same bound on Redis keeps the two alike. */
export const MAX_PAYLOAD_BYTES = 7_900;

/**
 * Opens publish and subscribe across processes; reconnects by itself.
 * @throws AppError UNAVAILABLE when the backend cannot be reached now
 */
export async function openBus(options: BusOptions): Promise<Bus> {
  const { log, bufferSize = 1_024, onEvent = () => undefined } = options;
  const topics = new Map<string, Set<Subscription>>();
  let closed = false;

  const onLine = (line: string): void => {
    const parsed = parseLine(line);
    if (!parsed) {
      log.warn({ bytes: line.length }, 'a message on the bus is not ours: ignored');
      return;
    }
    const subscriptions = topics.get(parsed.topic);
    if (!subscriptions) return;
    onEvent('delivered', subscriptions.size);
    for (const subscription of subscriptions) subscription.push(parsed.message);
  };
  const wire = await (options.redisUrl === null
    ? openPostgresWire({ url: options.databaseUrl, channel: 'augury_bus', onLine, log })
    : openRedisWire({
        url: options.redisUrl,
        channel: `${options.redisPrefix ?? 'augury'}:bus`,
        onLine,
        log,
      }));
  const outbox = createOutbox(
    (lines) => wire.send(lines),
    (lines, reason) => {
      onEvent('dropped', lines);
      log.warn({ err: reason, lines }, 'messages of the bus were dropped');
    },
  );
  // PostgreSQL delivers equal payloads of one transaction once: the number keeps them apart.
  let number = 0;

  return {
    publish(topic, message) {
      if (closed) throw new AppError('UNAVAILABLE', 'the bus is closed');
      number += 1;
      const line = JSON.stringify([topic, message ?? null, number]);
      const bytes = Buffer.byteLength(line);
      if (bytes > MAX_PAYLOAD_BYTES)
        throw new AppError(
          'TOO_LARGE',
          `a message of "${topic}" must be at most ${MAX_PAYLOAD_BYTES} bytes, got ${bytes}: publish the id only`,
        );
      onEvent('published', 1);
      outbox.put(line);
    },
    subscribe(topic) {
      const subscription = createSubscription(topic, bufferSize, (reason) => {
        const subscriptions = topics.get(topic);
        subscriptions?.delete(subscription);
        if (subscriptions?.size === 0) topics.delete(topic);
        if (reason !== 'slow') return;
        onEvent('slow', 1);
        log.warn({ topic, bufferSize }, 'a slow subscriber was dropped');
      });
      if (closed) {
        subscription.end();
        return subscription;
      }
      const subscriptions = topics.get(topic) ?? new Set();
      topics.set(topic, subscriptions.add(subscription));
      return subscription;
    },
    flush: () => outbox.flush(),
    async close() {
      if (closed) return;
      closed = true;
      await Promise.race([outbox.flush(), new Promise((resolve) => setTimeout(resolve, 1_000))]);
      outbox.close();
      for (const subscriptions of [...topics.values()])
        for (const subscription of [...subscriptions]) subscription.end();
      await wire.close();
    },
  };
}

function parseLine(line: string): { topic: string; message: unknown } | null {
  try {
    const parsed: unknown = JSON.parse(line);
    if (!Array.isArray(parsed)) return null;
    const [topic, message] = parsed as unknown[];
    return typeof topic === 'string' ? { topic, message } : null;
  } catch {
    return null;
  }
}
