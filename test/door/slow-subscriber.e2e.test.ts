import { randomBytes } from 'node:crypto';
import net from 'node:net';
import { createClient } from 'graphql-ws';
import { afterEach, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { type DoorTest, KEY, startDoor, until } from '../support/door.js';

let door: DoorTest;
afterEach(() => door.close());

const EVENTS = 50_000;
const TEXT = 'x'.repeat(1_000);

/** A client that is a plain TCP socket: it subscribes and can stop reading, which no library does. */
async function rawSubscriber(port: number) {
  const socket = net.connect(port, '127.0.0.1');
  await new Promise((resolve) => socket.once('connect', resolve));
  const received: Buffer[] = [];
  let keep = true;
  socket.on('data', (chunk) => {
    if (keep) received.push(chunk);
    else received.splice(0, received.length, Buffer.concat([...received, chunk]).subarray(-300));
  });
  const text = (): string => Buffer.concat(received).toString('latin1');
  socket.write(
    `GET /graphql HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\nSec-WebSocket-Version: 13\r\n` +
      `Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n`,
  );
  const send = (message: unknown): void => {
    const payload = Buffer.from(JSON.stringify(message));
    const mask = randomBytes(4);
    const head = Buffer.from([0x81, 0x80 | 126, payload.length >> 8, payload.length & 255]);
    socket.write(Buffer.concat([head, mask, payload.map((byte, i) => byte ^ (mask[i % 4] ?? 0))]));
  };
  await until(() => text().includes('\r\n\r\n'));
  send({ type: 'connection_init', payload: { authorization: `Bearer ${KEY}` } });
  await until(() => text().includes('connection_ack'));
  send({ type: 'subscribe', id: '1', payload: { query: 'subscription{event{text}}' } });
  return {
    stopReading: () => {
      keep = false;
      socket.pause();
    },
    /** Reads on until the close frame, the last thing on the line. */
    lastWords: async (): Promise<string> => {
      socket.resume();
      await until(() => text().includes('subscribe again'), 20_000);
      socket.destroy();
      return text();
    },
  };
}

/** Publishes like a busy backend: in bursts, letting the event loop turn between them. */
async function publishAll(): Promise<number> {
  let worstBytes = 0;
  for (let i = 0; i < EVENTS; i += 1) {
    door.publish({ text: `${i} ${TEXT}` });
    if (i % 100 === 99) await new Promise((resolve) => setImmediate(resolve));
    if (i % 1_000 === 0) worstBytes = Math.max(worstBytes, process.memoryUsage().rss);
  }
  return worstBytes;
}

/** A subscriber that reads; `count` is how many events came, in order. */
function goodSubscriber(): { count(): number; dispose(): void } {
  let count = 0;
  const client = createClient({
    url: `${door.server.url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    connectionParams: { authorization: `Bearer ${KEY}` },
  });
  client.subscribe<{ event: { text: string } }>(
    { query: 'subscription{event{text}}' },
    {
      next: ({ data }) => {
        if (data?.event.text.startsWith(`${count} `)) count += 1;
      },
      error: () => undefined,
      complete: () => undefined,
    },
  );
  return { count: () => count, dispose: () => void client.dispose() };
}

it('a subscriber that stops reading is closed with a reason; memory stays bounded and another gets all 50,000', async () => {
  door = await startDoor({ config: { limits: { maxUndelivered: 2_000, closeGraceMs: 30_000 } } });
  const good = goodSubscriber();
  const slow = await rawSubscriber(door.server.port);
  await until(() => door.subscribers() === 2);
  slow.stopReading();
  const before = process.memoryUsage().rss;
  const worst = await publishAll();
  await until(() => door.subscribers() === 1, 10_000);
  await until(() => good.count() === EVENTS, 20_000);
  expect((worst - before) / 2 ** 20).toBeLessThan(200);
  const last = await slow.lastWords();
  expect(last).toContain('\x10\xc2slow subscriber: more than 2000 undelivered messages of "event"');
  good.dispose();
}, 60_000);

it('a subscriber that takes one message and no more is noticed by the time it takes', async () => {
  door = await startDoor({ config: { limits: { stallMs: 300, closeGraceMs: 300 } } });
  const slow = await rawSubscriber(door.server.port);
  await until(() => door.subscribers() === 1);
  slow.stopReading();
  // more than the buffers of the line, less than the bound of events
  for (let i = 0; i < 20; i += 1) door.publish({ text: 'y'.repeat(1_000_000) });
  await until(() => door.subscribers() === 0, 10_000);
  await until(() => door.server.connections() === 0, 10_000);
}, 30_000);
