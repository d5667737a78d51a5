import { extendSchema, isObjectType, parse, type GraphQLSchema } from 'graphql';
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

/** The schema of the door with `extra` in queries and events. */
function withExtra(base: GraphQLSchema): GraphQLSchema {
  const schema = extendSchema(
    base,
    parse('extend type Query { extra: String } extend type Event { extra: String }'),
  );
  for (const name of ['Query', 'Event']) {
    const type = schema.getType(name);
    const field = isObjectType(type) ? type.getFields()['extra'] : undefined;
    if (field) field.resolve = () => 'more';
  }
  return schema;
}

async function overHttp(query: string): Promise<unknown> {
  const { body } = await post(door.server, query);
  return body.errors?.[0]?.message ?? body.data;
}

async function overSocket(query: string): Promise<unknown> {
  for await (const { errors, data } of client.iterate({ query }))
    return errors?.[0]?.message ?? data;
  return null;
}

const unknown = expect.stringMatching(/^Cannot query field "extra" on type "Query"/) as unknown;

describe.each([
  ['HTTP', overHttp],
  ['WebSocket', overSocket],
])('a schema swapped under %s', (_transport, ask) => {
  it('is that of the next operation, and what was checked against another is checked again', async () => {
    const asked = async (): Promise<unknown> =>
      ask('{extra}').catch((errors: unknown) => {
        return (errors as { message: string }[])[0]?.message;
      });
    expect(await asked()).toEqual(unknown);
    door.swap(withExtra(door.base), 'second');
    expect(await asked()).toEqual({ extra: 'more' });
    door.swap(door.base, 'first');
    expect(await asked()).toEqual(unknown);
  });

  it('leaves an operation under way alone', async () => {
    door.swap(withExtra(door.base), 'second');
    const running = ask('{slow extra}');
    await until(() => door.signals.length > 0);
    door.swap(door.base, 'first');
    expect(await running).toEqual({ slow: 'done', extra: 'more' });
  });
});

describe('a schema swapped under a subscription', () => {
  it('is not seen by it: the events keep coming as they were asked for', async () => {
    door.swap(withExtra(door.base), 'second');
    const events: unknown[] = [];
    const taking = (async () => {
      for await (const { data } of client.iterate({ query: 'subscription {event{text extra}}' })) {
        events.push(data);
        if (events.length === 2) break;
      }
    })();
    await until(() => door.subscribers() === 1);
    door.publish({ text: 'before' });
    await until(() => events.length === 1);
    door.swap(door.base, 'first');
    door.publish({ text: 'after' });
    await taking;
    expect(events).toEqual([
      { event: { text: 'before', extra: 'more' } },
      { event: { text: 'after', extra: 'more' } },
    ]);
  });
});

describe('the version of the schema', () => {
  it('is in the header of every answer, and of an introspection it is that of what it shows', async () => {
    const version = async (query: string): Promise<string | null> =>
      (await post(door.server, query)).headers.get('x-augury-schema');
    expect([await version('{who}'), await version('{unknown}')]).toEqual(['first', 'first']);
    door.swap(withExtra(door.base), 'second');
    expect(await version('{__schema{queryType{name}}}')).toBe('second');
    const slow = version('{slow}');
    await until(() => door.signals.length > 0);
    door.swap(door.base, 'third');
    expect(await slow).toBe('second');
  });
});
