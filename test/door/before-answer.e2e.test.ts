import { createClient, type Client } from 'graphql-ws';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { type DoorTest, KEY, post, startDoor, until } from '../support/door.js';

let door: DoorTest;
let client: Client;
beforeEach(async () => {
  door = await startDoor();
  client = createClient({
    url: `${door.server.url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    connectionParams: { authorization: `Bearer ${KEY}` },
    onNonLazyError: () => undefined,
  });
});
afterEach(async () => {
  await client.dispose();
  await door.close();
});

/** The first `want` answers over WebSocket, and how many notes there were when each came. */
async function take(query: string, want = 1) {
  const answers = [];
  for await (const answer of client.iterate({ query })) {
    answers.push({ answer, notes: door.notes.length });
    if (answers.length >= want) break;
  }
  return answers;
}

const masked = {
  message: expect.stringMatching(/^internal error; the log tells more under request id/),
  extensions: { code: 'INTERNAL' },
};

describe('what must be done before an answer leaves', () => {
  it('is done when it arrives by HTTP, all of it', async () => {
    const { body } = await post(door.server, '{a: noted b: noted}');
    expect(door.notes).toHaveLength(2);
    expect(body.data).toEqual({ a: 'Ada Lovelace', b: 'Ada Lovelace' });
  });

  it('is done when it arrives by WebSocket', async () => {
    expect(await take('{noted}')).toMatchObject([
      { answer: { data: { noted: 'Ada Lovelace' } }, notes: 1 },
    ]);
  });

  it('is done for each event of a subscription by itself', async () => {
    const taking = take('subscription {event{noted}}', 3);
    await until(() => door.subscribers() === 1);
    for (let i = 0; i < 3; i += 1) door.publish({ text: 'x' });
    const taken = await taking;
    expect(taken.every(({ notes }, index) => notes > index)).toBe(true);
    expect(door.notes).toHaveLength(3);
  });

  it('lets nothing out by HTTP when it fails, and the log tells why', async () => {
    const { status, body } = await post(door.server, '{who unnoted}');
    expect(status).toBe(500);
    expect(body.data ?? null).toBeNull();
    expect(body.errors).toMatchObject([masked]);
    expect(JSON.stringify(body)).not.toMatch(/Lovelace|audit/);
    expect(body.extensions.counts).toBeDefined();
    expect(door.reports.at(-1)?.errorCodes).toEqual(['INTERNAL']);
    expect(door.errors[0]?.fields['err']).toMatchObject({
      cause: { message: 'the audit table is gone' },
    });
  });

  it('lets nothing out by WebSocket when it fails', async () => {
    const [taken] = await take('{who unnoted}');
    expect(taken?.answer.data ?? null).toBeNull();
    expect(taken?.answer.errors).toMatchObject([masked]);
    expect(JSON.stringify(taken)).not.toMatch(/Lovelace|audit/);
  });

  it('keeps back the one event for which it fails, and the stream goes on', async () => {
    const taking = take('subscription {event{text unnoted}}', 2);
    await until(() => door.subscribers() === 1);
    for (const text of ['first', 'second']) door.publish({ text });
    for (const { answer } of await taking) {
      expect(answer.data ?? null).toBeNull();
      expect(answer.errors).toMatchObject([masked]);
    }
  });

  it('opens no stream when it fails while the stream is opened, and leaves its source', async () => {
    const answers = await take('subscription {unnotedSource{text}}', 2);
    expect(answers).toMatchObject([{ answer: { errors: [masked] } }]);
    await until(() => door.subscribers() === 0);
  });
});
