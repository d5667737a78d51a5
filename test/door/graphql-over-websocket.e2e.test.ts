import { createClient, type Client, type ClientOptions } from 'graphql-ws';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type RawData, WebSocket } from 'ws';
import type { DoorLimits } from '../../src/door/options.js';
import { type DoorTest, KEY, SESSION, startDoor, until } from '../support/door.js';

let door: DoorTest;
const clients: Client[] = [];
beforeEach(async () => {
  door = await startDoor({ config: { allowedOrigins: ['https://crm.example.com'] } });
});
afterEach(async () => {
  for (const client of clients.splice(0)) await client.dispose();
  await door.close();
});

const wsUrl = (): string => `${door.server.url.replace('http', 'ws')}/graphql`;

function connect(options: Partial<ClientOptions> = {}): Client {
  const client = createClient({
    url: wsUrl(),
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    connectionParams: { authorization: `Bearer ${KEY}` },
    onNonLazyError: () => undefined,
    ...options,
  });
  clients.push(client);
  return client;
}

async function restart(limits: Partial<DoorLimits>): Promise<void> {
  await door.close();
  door = await startDoor({ config: { limits } });
}

/** Everything that an operation answers, until it completes or `want` answers are there. */
async function take(client: Client, query: string, want = Infinity, variables = {}) {
  const answers = [];
  for await (const answer of client.iterate({ query, variables })) {
    answers.push(answer);
    if (answers.length >= want) break;
  }
  return answers;
}

interface Failure {
  message: string;
  extensions: Record<string, unknown>;
}
const text = (data: RawData): string => (data as Buffer).toString();
const counts = (extensions: unknown): { sql: number } =>
  (extensions as { counts: { sql: number } }).counts;

interface Closed {
  code: number;
  reason: string;
}
/** A bare socket that speaks the protocol by hand. */
function bare(
  headers: Record<string, string> = {},
): Promise<{ socket: WebSocket; closed: Promise<Closed> }> {
  const socket = new WebSocket(wsUrl(), 'graphql-transport-ws', { headers });
  const closed = new Promise<Closed>((resolve) =>
    socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() })),
  );
  return new Promise((resolve, reject) => {
    socket.on('open', () => resolve({ socket, closed }));
    socket.on('error', reject);
  });
}
/** Says who it is and waits to be let in. */
async function letIn(socket: WebSocket): Promise<void> {
  const acknowledged = new Promise((resolve) => socket.once('message', resolve));
  socket.send(init);
  await acknowledged;
}
const init = JSON.stringify({
  type: 'connection_init',
  payload: { authorization: `Bearer ${KEY}` },
});

describe('who may come in', () => {
  it('a key in connection_init, for queries and subscriptions alike', async () => {
    const client = connect();
    expect(await take(client, '{who}')).toMatchObject([{ data: { who: 'Ada' } }]);
  });

  it('a session cookie at the upgrade, without a key', async () => {
    const { socket } = await bare({
      cookie: `augury_session=${SESSION}`,
      origin: door.server.url,
    });
    const acknowledged = new Promise((resolve) =>
      socket.once('message', (data) => resolve(text(data))),
    );
    socket.send(JSON.stringify({ type: 'connection_init' }));
    expect(await acknowledged).toContain('connection_ack');
    socket.close();
  });

  it('nobody else: the socket closes and says what to send', async () => {
    for (const payload of [undefined, { authorization: 'Bearer wrong' }, { authorization: 7 }]) {
      const { socket, closed } = await bare();
      socket.send(JSON.stringify({ type: 'connection_init', payload }));
      expect(await closed).toEqual({
        code: 4401,
        reason: 'unauthenticated: send {"authorization":"Bearer <key>"} with connection_init',
      });
    }
  });

  it('no page of another site, no other path, and nobody who stays silent', async () => {
    await expect(bare({ origin: 'https://evil.example.com' })).rejects.toThrow('403');
    (await bare({ origin: 'https://crm.example.com' })).socket.close();
    const elsewhere = new WebSocket(wsUrl().replace('graphql', 'other'), 'graphql-transport-ws');
    await expect(new Promise((_, reject) => elsewhere.on('error', reject))).rejects.toThrow('404');
    await restart({ connectionInitMs: 50 });
    expect((await (await bare()).closed).code).toBe(4408);
  });

  it('a revoked key ends its stream at the next event', async () => {
    const { socket, closed } = await bare();
    await letIn(socket);
    socket.send(subscribeTo('1', 'subscription{event{text}}'));
    await until(() => door.subscribers() === 1);
    door.revoke();
    door.publish({ text: 'for nobody' });
    const messages: string[] = [];
    socket.on('message', (data) => messages.push(text(data)));
    expect((await closed).code).toBe(4401);
    expect(messages.join()).not.toContain('for nobody');
    expect(door.subscribers()).toBe(0);
  });

  it('a revoked key ends its stream at the next ping although nothing happens', async () => {
    await restart({ pingMs: 50 });
    const { socket, closed } = await bare();
    await letIn(socket);
    socket.send(subscribeTo('1', 'subscription{event{text}}'));
    await until(() => door.subscribers() === 1);
    door.revoke();
    expect((await closed).code).toBe(4401);
  });
});

const subscribeTo = (id: string, query: string): string =>
  JSON.stringify({ type: 'subscribe', id, payload: { query } });

describe('a subscription', () => {
  it('answers each event with counts of its own and loaders of its own', async () => {
    const answers = take(connect(), 'subscription{event{text viewer fresh}}', 3);
    await until(() => door.subscribers() === 1);
    for (const text of ['a', 'b', 'c']) door.publish({ text });
    const got = await answers;
    expect(got.map(({ data }) => data)).toEqual(
      ['a', 'b', 'c'].map((text) => ({ event: { text, viewer: 'Ada', fresh: 'fresh' } })),
    );
    expect(got.map(({ extensions }) => counts(extensions).sql)).toEqual([1, 1, 1]);
    expect(new Set(door.loaderKeys).size).toBe(3);
    expect(door.reports.filter(({ kind }) => kind === 'subscription')).toHaveLength(3);
  });

  it('goes on after an event that failed, whose error is masked', async () => {
    const answers = take(connect(), 'subscription{event{text broken}}', 2);
    await until(() => door.subscribers() === 1);
    door.publish({ text: 'a' });
    door.publish({ text: 'b' });
    const got = await answers;
    expect(got.map(({ data }) => (data?.['event'] as { text: string }).text)).toEqual(['a', 'b']);
    expect(JSON.stringify(got)).not.toContain('secret of an event');
    expect(got[0]?.errors?.[0]?.extensions?.['code']).toBe('INTERNAL');
    expect(door.errors).toHaveLength(2);
  });

  it('leaves nothing behind when the client completes or goes away', async () => {
    const client = connect();
    const stream = client.iterate({ query: 'subscription{event{text}}' });
    const first = stream.next();
    await until(() => door.subscribers() === 1);
    door.publish({ text: 'a' });
    await first;
    await stream.return?.();
    await until(() => door.subscribers() === 0);
    void take(client, 'subscription{event{text}}').catch(() => undefined);
    await until(() => door.subscribers() === 1);
    client.terminate();
    await until(() => door.subscribers() === 0 && door.server.connections() === 0);
  });

  it('that is refused answers the reason and leaves the socket open', async () => {
    const client = connect();
    const [refused] = await take(client, 'subscription{refused}');
    expect(refused).toMatchObject({
      errors: [{ message: 'role CRM may not job:read', extensions: { code: 'FORBIDDEN' } }],
      extensions: { counts: { sql: 0 } },
    });
    expect(await take(client, '{who}')).toHaveLength(1);
  });

  it('whose source overflowed closes its socket as a slow subscriber, and only that one', async () => {
    const other = take(connect(), 'subscription{event{text}}', 1);
    await until(() => door.subscribers() === 1);
    const { socket, closed } = await bare();
    await letIn(socket);
    socket.send(subscribeTo('1', 'subscription{overflowing{text}}'));
    expect(await closed).toEqual({
      code: 4290,
      reason: expect.stringMatching(/^slow subscriber: more than 2 undelivered messages/),
    });
    door.publish({ text: 'still here' });
    expect(await other).toMatchObject([{ data: { event: { text: 'still here' } } }]);
  });
});

describe('limits', () => {
  it('are those of HTTP, told as errors of the operation, counts included', async () => {
    const client = connect();
    const failure = async (query: string, variables = {}) =>
      take(client, query, Infinity, variables).then(
        () => null,
        (errors: unknown) => (errors as Failure[])[0],
      );
    const deep = `{item${'{items'.repeat(11)}{name}${'}'.repeat(12)}`;
    expect(await failure(deep)).toMatchObject({
      message: 'depth of the operation must be at most 12, got 13',
      extensions: { code: 'TOO_LARGE', counts: { sql: 0 } },
    });
    expect((await failure(`{${'who '.repeat(5_000)}}`))?.extensions['code']).toBe(
      'GRAPHQL_PARSE_FAILED',
    );
    expect((await failure('{unknown}'))?.extensions['code']).toBe('GRAPHQL_VALIDATION_FAILED');
    const wide = 'query($n: Int!){item{items(first:$n){items(first:$n){name}}}}';
    expect((await failure(wide, { n: 1_000 }))?.message).toContain('got 1001000');
    expect(await failure(`${'{item'.repeat(900)}{name}${'}'.repeat(901)}`)).not.toBeNull();
    expect(await take(client, '{who}')).toHaveLength(1);
  });

  it('bound the operations open on one socket; the rest go on', async () => {
    await restart({ maxSubscriptions: 3 });
    const { socket } = await bare();
    const messages: { type: string }[] = [];
    socket.on('message', (data) => messages.push(JSON.parse(text(data)) as { type: string }));
    await letIn(socket);
    for (const id of ['1', '2', '3', '4'])
      socket.send(subscribeTo(id, 'subscription{event{text}}'));
    await until(() => messages.some(({ type }) => type === 'error'));
    expect(messages.filter(({ type }) => type === 'error')).toMatchObject([
      { id: '4', payload: [{ message: 'operations open on one WebSocket must be at most 3' }] },
    ]);
    expect(door.subscribers()).toBe(3);
    socket.close();
  });

  it('close the socket for messages that are too big or nest without end', async () => {
    const big = await bare();
    big.socket.send('x'.repeat(262_145));
    expect((await big.closed).code).toBe(1009);
    const deep = await bare();
    deep.socket.send('['.repeat(10_000));
    expect((await deep.closed).code).toBe(4400);
    expect(door.errors).toEqual([]);
  });
});

it('a query whose client goes away tells its resolvers', async () => {
  const { socket } = await bare();
  await letIn(socket);
  socket.send(subscribeTo('1', '{slow}'));
  await until(() => door.signals.length === 1);
  socket.terminate();
  await until(() => door.signals[0]?.aborted === true);
});

describe('shutdown', () => {
  it('says goodbye to every socket and leaves none', async () => {
    const { socket, closed } = await bare();
    await letIn(socket);
    socket.send(subscribeTo('1', 'subscription{event{text}}'));
    await until(() => door.subscribers() === 1);
    await door.server.close();
    expect((await closed).code).toBe(1001);
    expect([door.server.connections(), door.subscribers()]).toEqual([0, 0]);
  });
});
