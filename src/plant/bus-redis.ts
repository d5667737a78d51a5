import { Redis } from 'ioredis';
import type { Wire, WireOptions } from './bus.js';
import { reconnectDelayMs, cannotReach } from './connection.js';

/** Connects once and fails with the reason; afterwards the client reconnects by itself. */
export async function connectRedis(client: Redis, url: string): Promise<void> {
  const reasons: Error[] = [];
  const keep = (error: Error): void => {
    reasons.push(error);
  };
  client.on('error', keep);
  try {
    await client.connect();
  } catch (error) {
    client.disconnect();
    throw cannotReach('Redis', url, reasons.at(-1) ?? error, 'start it or correct REDIS_URL');
  } finally {
    client.off('error', keep);
  }
}

/** Redis publish/subscribe: one connection listens, another publishes. */
export async function openRedisWire(options: WireOptions): Promise<Wire> {
  const { url, channel, onLine, log } = options;
  let closed = false;
  const open = async (connectionName: string): Promise<Redis> => {
    const client = new Redis(url, {
      lazyConnect: true,
      connectionName,
      connectTimeout: 10_000,
      keepAlive: 10_000,
      // Wait for the connection instead of failing; but what was in flight is not sent twice.
      maxRetriesPerRequest: null,
      autoResendUnfulfilledCommands: false,
      retryStrategy: reconnectDelayMs,
    });
    let down = false;
    await connectRedis(client, url);
    let reason: Error | null = null;
    client.on('error', (error) => {
      reason = error;
    });
    client.on('close', () => {
      if (!down && !closed) log.warn({ err: reason }, 'the bus lost its connection: reconnecting');
      down = true;
    });
    client.on('ready', () => {
      if (down) log.info({}, 'the bus is connected again');
      down = false;
    });
    return client;
  };
  const listener = await open('augury-bus-listen');
  listener.on('message', (_channel, line) => onLine(line));
  await listener.subscribe(channel);
  const publisher = await open('augury-bus-publish').catch((error: unknown) => {
    listener.disconnect();
    throw error;
  });

  return {
    async send(lines) {
      const pipeline = publisher.pipeline();
      for (const line of lines) pipeline.publish(channel, line);
      const results = await pipeline.exec();
      const failed = results?.find(([error]) => error);
      if (failed?.[0]) throw failed[0];
    },
    close() {
      closed = true;
      listener.disconnect();
      publisher.disconnect();
      return Promise.resolve();
    },
  };
}
