import http from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  type Answer,
  type DoorTest,
  KEY,
  post,
  SESSION,
  startDoor,
  until,
} from '../support/door.js';

let door: DoorTest;
beforeAll(async () => {
  door = await startDoor({ config: { allowedOrigins: ['https://crm.example.com'] } });
});
afterAll(() => door.close());
afterEach(() => {
  door.errors.length = 0;
  door.reports.length = 0;
});
const url = (path: string): string => `${door.server.url}${path}`;
const json = { 'content-type': 'application/json' };

describe('who may come in', () => {
  it('nobody without a key: 401 that says how to get one, counts included', async () => {
    for (const headers of [{}, { authorization: 'Bearer wrong' }, { authorization: 'Basic x' }]) {
      const response = await fetch(url('/graphql'), {
        method: 'POST',
        headers: { ...json, ...headers },
        body: '{"query":"{who}"}',
      });
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toContain('Bearer');
      const body = (await response.json()) as Answer['body'];
      expect(body.errors?.[0]?.extensions['code']).toBe('UNAUTHENTICATED');
      expect(body.errors?.[0]?.message).toContain('keys create');
      expect(body.extensions.counts).toMatchObject({ sql: 0, onnxRuns: 0 });
    }
  });

  it('a wrong key hears that it is wrong, no key that one is needed', async () => {
    const wrong = { headers: { authorization: 'Bearer wrong' } };
    const { body } = await post(door.server, '{who}', wrong);
    expect(body.errors?.[0]?.message).toContain('not known here, or was revoked');
    const none = await fetch(url('/graphql'), { method: 'POST', headers: json, body: '{}' });
    expect(await none.text()).toContain('send \\"Authorization: Bearer <key>');
  });

  it('a wrong key is not rescued by a good cookie', async () => {
    const headers = { authorization: 'Bearer wrong', cookie: `augury_session=${SESSION}` };
    expect((await post(door.server, '{who}', { headers })).status).toBe(401);
  });

  it('a key, as the viewer it belongs to', async () => {
    const { status, body } = await post(door.server, '{who}');
    expect([status, body.data]).toEqual([200, { who: 'Ada' }]);
  });

  it('a session only from the own origin, a configured one, but no other and none', async () => {
    const ask = async (origin: string | null): Promise<number> => {
      const response = await fetch(url('/graphql'), {
        method: 'POST',
        headers: {
          ...json,
          cookie: `augury_session=${SESSION}`,
          ...(origin === null ? {} : { origin }),
        },
        body: '{"query":"{who}"}',
      });
      return response.status;
    };
    expect(await ask(door.server.url)).toBe(200);
    expect(await ask('https://crm.example.com')).toBe(200);
    expect(await ask('https://evil.example.com')).toBe(403);
    expect(await ask('null')).toBe(403);
    expect(await ask(null)).toBe(403);
  });

  it('lets a configured origin read the answer and no other', async () => {
    const asked = (origin: string) =>
      fetch(url('/graphql'), { method: 'OPTIONS', headers: { origin } });
    const good = await asked('https://crm.example.com');
    expect(good.headers.get('access-control-allow-origin')).toBe('https://crm.example.com');
    expect(good.headers.get('access-control-allow-headers')).toContain('authorization');
    const bad = await asked('https://evil.example.com');
    expect([bad.status, bad.headers.get('access-control-allow-origin')]).toEqual([403, null]);
  });
});

describe('extensions.counts', () => {
  it('tells what the operation caused, and the metrics hear the same', async () => {
    const { body } = await post(door.server, '{counted}');
    expect(body.extensions.counts).toMatchObject({
      sql: 2,
      onnxRuns: 1,
      onnxRows: 7,
      cacheHits: 0,
    });
    expect(body.extensions.counts['milliseconds']).toBeGreaterThan(0);
    expect(door.reports).toEqual([
      { transport: 'http', kind: 'query', errorCodes: [], counts: body.extensions.counts },
    ]);
  });

  it('is in every answer, good or bad', async () => {
    const bodies = [
      JSON.stringify({ query: '{' }),
      JSON.stringify({ query: '{unknown}' }),
      JSON.stringify({ query: '{secretFailure}' }),
      JSON.stringify({ query: 'subscription {event{text}}' }),
      JSON.stringify({ nothing: 1 }),
      '[]',
      'not json',
      '[' + JSON.stringify({ query: '{who}' }) + ']',
    ];
    for (const body of bodies) {
      const answer = await post(door.server, '', { body });
      expect(answer.body.errors, body).toBeDefined();
      expect(Object.keys(answer.body.extensions.counts), body).toEqual([
        'sql',
        'onnxRuns',
        'onnxRows',
        'cacheHits',
        'milliseconds',
      ]);
    }
  });

  it('does not mix operations that run at the same moment', async () => {
    const both = await Promise.all(
      [1, 2, 3, 4].map(() => post(door.server, '{a:counted b:counted}')),
    );
    expect(both.map(({ body }) => body.extensions.counts['sql'])).toEqual([4, 4, 4, 4]);
  });
});

describe('errors', () => {
  it('that nobody expected are masked with the request id, and logged once', async () => {
    const { body } = await post(door.server, '{secretFailure internalFailure badResult}', {
      headers: { 'x-request-id': 'my-request-1' },
    });
    expect(JSON.stringify(body)).not.toMatch(/hunter2|srv|corrupt|no number|stack/);
    expect(body.errors?.map(({ extensions }) => extensions['code'])).toEqual(
      Array(3).fill('INTERNAL'),
    );
    expect(body.errors?.[0]?.message).toContain('my-request-1');
    expect(door.errors).toHaveLength(3);
    expect(door.errors[0]?.fields).toMatchObject({
      requestId: 'my-request-1',
      path: 'secretFailure',
      err: { message: 'password=hunter2 at /srv/app.js' },
    });
  });

  it('of the catalogue and deliberate ones pass with their code', async () => {
    const { body } = await post(door.server, '{appFailure deliberate}');
    expect(body.errors?.map(({ message, extensions }) => [message, extensions['code']])).toEqual([
      ['the scorer is full: 100 rows wait', 'UNAVAILABLE'],
      ['as meant', 'MEANT'],
    ]);
    expect(body.errors?.[0]?.extensions['retryable']).toBe(true);
    expect(door.errors).toEqual([]);
  });

  it('of the request name what is wrong with it', async () => {
    const answers = await Promise.all([
      post(door.server, '{needs(n: "x")}'),
      post(door.server, 'query($n: Int!){needs(n:$n)}', { variables: { n: 'x' } }),
      post(door.server, 'query($n: Int){needs(n:$n)}', { variables: { n: null } }),
    ]);
    for (const { body } of answers) expect(body.errors?.[0]?.message).toMatch(/Int|null/);
    expect(door.errors).toEqual([]);
  });

  it('echo the request id in a header', async () => {
    const given = await post(door.server, '{requestId}', {
      headers: { 'x-request-id': 'abcdefgh' },
    });
    expect(given.headers.get('x-request-id')).toBe('abcdefgh');
    expect(given.body.data).toEqual({ requestId: 'abcdefgh' });
    const odd = await post(door.server, '{requestId}', {
      headers: { 'x-request-id': 'a b<script>' },
    });
    expect(odd.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe('limits', () => {
  const nested = (depth: number): string =>
    '{item' + '{items'.repeat(depth - 2) + '{name}' + '}'.repeat(depth - 1);

  it('take an operation as deep as the bound and refuse a deeper one by name', async () => {
    expect((await post(door.server, nested(12))).body.errors).toBeUndefined();
    const { body } = await post(door.server, nested(13));
    expect(body.errors?.[0]).toMatchObject({
      message: 'depth of the operation must be at most 12, got 13',
      extensions: { code: 'TOO_LARGE' },
    });
  });

  it('see through fragments and named operations', async () => {
    const query = `query Deep {item{...A}} fragment A on Item {items{items{items{items{items{...B}}}}}}
      fragment B on Item {items{items{items{items{items{items{name}}}}}}}`;
    expect((await post(door.server, query)).body.errors?.[0]?.message).toBe(
      'depth of the operation "Deep" must be at most 12, got 13',
    );
  });

  it('bound aliases and repeated fields, also when fragments multiply them', async () => {
    const aliases = `{${Array.from({ length: 1_001 }, (_, i) => `a${i}:who`).join(' ')}}`;
    expect((await post(door.server, aliases)).body.errors?.[0]?.message).toContain(
      'number of fields of the operation must be at most 1000, got 1001',
    );
    const doubling = Array.from(
      { length: 30 },
      (_, i) => `fragment F${i} on Item {a:items{...F${i + 1}} b:items{...F${i + 1}}}`,
    ).join(' ');
    const bomb = `{item{...F0}} ${doubling} fragment F30 on Item {name}`;
    const started = performance.now();
    expect((await post(door.server, bomb)).body.errors?.length).toBeGreaterThan(0);
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  it('bound the tokens of a document, and ten thousand equal fields cost little', async () => {
    const started = performance.now();
    const { body } = await post(door.server, `{${'who '.repeat(10_000)}}`);
    expect(body.errors?.[0]?.message).toMatch(/more tha[nt] 4000 tokens/);
    const repeated = await post(door.server, `{${'who '.repeat(3_990)}}`);
    expect(repeated.body.errors?.[0]?.message).toContain('must be at most 1000, got 3990');
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  it('bound what lists multiply to, variables included', async () => {
    const query = 'query($n: Int!){item{items(first:$n){items(first:$n){items(first:10){name}}}}}';
    const good = await post(door.server, query, { variables: { n: 10 } });
    expect(good.body.errors).toBeUndefined();
    const { body } = await post(door.server, query, { variables: { n: 1_000 } });
    expect(body.errors?.[0]?.message).toMatch(
      /possible list items .* at most 250000, got 11001000/,
    );
  });

  it('refuse a body over sixteen mebibytes, announced or streamed', async () => {
    const large = JSON.stringify({ query: '{who}', variables: { x: 'y'.repeat(16_777_216) } });
    const { status, body } = await post(door.server, '', { body: large });
    expect(status).toBe(413);
    expect(body.errors?.[0]).toMatchObject({
      message: 'the body must be at most 16777216 bytes',
      extensions: { code: 'TOO_LARGE' },
    });
    const streamed = await new Promise<number | undefined>((resolve, reject) => {
      const request = http.request(
        url('/graphql'),
        { method: 'POST', headers: { ...json, authorization: `Bearer ${KEY}` } },
        (response) => {
          response.resume();
          resolve(response.statusCode);
        },
      );
      request.on('error', reject);
      for (let i = 0; i < 17; i += 1) request.write('y'.repeat(1_048_576));
      request.end();
    });
    expect(streamed).toBe(413);
  });

  it('refuse bad JSON, JSON without end, and a wrong content type, with a sentence each', async () => {
    const bad = await post(door.server, '', { body: '{"query":' });
    expect([bad.status, bad.body.errors?.[0]?.message]).toEqual([
      400,
      expect.stringContaining('the body is not JSON'),
    ]);
    const deep = await post(door.server, '', {
      body: `{"query":"{who}","variables":{"x":${'['.repeat(100_000)}${']'.repeat(100_000)}}}`,
    });
    expect([deep.status, deep.body.errors?.[0]?.message]).toEqual([
      400,
      'the JSON body must nest at most 100 deep',
    ]);
    const text = await post(door.server, '{who}', { headers: { 'content-type': 'text/plain' } });
    expect(text.status).toBe(400);
    const selections = await post(
      door.server,
      `${'{item'.repeat(1_900)}{name}${'}'.repeat(1_900)}`,
    );
    expect(selections.body.errors?.length).toBeGreaterThan(0);
  });
});

describe('transport', () => {
  it('sends subscriptions to the WebSocket', async () => {
    const { body } = await post(door.server, 'subscription {event{text}}');
    expect(body.errors?.[0]?.message).toContain('needs the WebSocket transport');
  });

  it('answers queries by GET, of a session only with the preflight header; refuses mutations there', async () => {
    const get = (query: string, headers: Record<string, string>) =>
      fetch(url(`/graphql?query=${encodeURIComponent(query)}`), { headers });
    const key = { authorization: `Bearer ${KEY}` };
    const session = { cookie: `augury_session=${SESSION}` };
    const preflight = { 'apollo-require-preflight': '1' };
    expect(await (await get('{who}', key)).json()).toMatchObject({ data: { who: 'Ada' } });
    expect((await get('mutation{change}', key)).status).toBe(405);
    expect((await get('{who}', { ...session, ...preflight })).status).toBe(200);
    expect((await get('{who}', session)).status).toBe(400);
  });

  it('lets an authenticated caller introspect', async () => {
    const { body } = await post(door.server, '{__schema{queryType{name}}}');
    expect(body.data).toEqual({ __schema: { queryType: { name: 'Query' } } });
  });

  it('tells the resolvers when the client has gone', async () => {
    const before = door.signals.length;
    const aborter = new AbortController();
    const gone = fetch(url('/graphql'), {
      method: 'POST',
      headers: { ...json, authorization: `Bearer ${KEY}` },
      body: '{"query":"{slow}"}',
      signal: aborter.signal,
    }).catch(() => 'gone');
    await until(() => door.signals.length > before);
    aborter.abort();
    expect(await gone).toBe('gone');
    await until(() => door.signals[before]?.aborted === true);
  });

  it('leaves the signal alone when the answer went out', async () => {
    const before = door.signals.length;
    expect((await post(door.server, '{slow}')).body.data).toEqual({ slow: 'done' });
    expect(door.signals[before]?.aborted).toBe(false);
  });
});
