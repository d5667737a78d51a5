import http from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import type { DoorLimits } from '../../src/door/options.js';
import { type DoorTest, KEY, post, startDoor } from '../support/door.js';

let door: DoorTest;
afterEach(() => door.close());

async function start(limits: Partial<DoorLimits> = {}): Promise<void> {
  door = await startDoor({ config: { limits } });
}

const bodyOf = (bytes: number, query = '{who}'): string =>
  JSON.stringify({ query, variables: { unused: 'y'.repeat(bytes) } });

/** A POST whose body is sent piece by piece; `length` announces it. */
function open(length: number | null): { request: http.ClientRequest; status: Promise<number> } {
  const request = http.request(`${door.server.url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${KEY}`,
      ...(length === null ? {} : { 'content-length': length }),
    },
  });
  const status = new Promise<number>((resolve, reject) => {
    request.on('response', (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.on('error', reject);
  });
  return { request, status };
}

describe('large bodies', () => {
  it('are read up to sixteen mebibytes', async () => {
    await start();
    const { status, body } = await post(door.server, '', { body: bodyOf(16_000_000) });
    expect([status, body.data]).toEqual([200, { who: 'Ada' }]);
  });

  it('by turns: one that is held up makes the next one wait, be refused and told when to come again', async () => {
    await start({ maxBodyBytes: 1_000_000, maxBodyBytesInHand: 1_000_000, bodyTurnMs: 50 });
    const slow = open(900_000);
    slow.request.write('{');
    await post(door.server, '{slow}'); // by now the door has seen the head of the slow one
    const refused = await post(door.server, '', { body: bodyOf(200_000) });
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(refused.body.errors?.[0]).toMatchObject({
      message: expect.stringContaining('1 of at most 6 hold 900000 of 1000000 bytes'),
      extensions: { code: 'UNAVAILABLE', retryable: true },
    });
    const small = await post(door.server, '{who}');
    expect(small.body.data).toEqual({ who: 'Ada' });
    slow.status.catch(() => undefined);
    slow.request.destroy();
    await expect
      .poll(async () => (await post(door.server, '', { body: bodyOf(200_000) })).status)
      .toBe(200);
  });

  it('whose length is not announced count as the largest until they are there', async () => {
    await start({ maxBodyBytes: 1_000_000, maxBodyBytesInHand: 1_000_000, bodyTurnMs: 50 });
    const slow = open(null);
    slow.request.write('{"query":"{who}"');
    await post(door.server, '{slow}');
    expect((await post(door.server, '', { body: bodyOf(200_000) })).status).toBe(503);
    slow.request.end('}');
    expect(await slow.status).toBe(200);
    expect((await post(door.server, '', { body: bodyOf(200_000) })).status).toBe(200);
  });

  it('wait for the answers of those before them, and all are answered', async () => {
    await start({ maxBodyBytes: 1_000_000, maxBodyBytesInHand: 1_000_000 });
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => post(door.server, '', { body: bodyOf(400_000) })),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
  });

  it('may hold ten thousand rows; far more are refused before they are looked at', async () => {
    await start();
    const ask = (rows: number) =>
      post(door.server, 'query ($of: [Int]) {rows(of: $of)}', {
        variables: { of: Array(rows).fill(1) },
      });
    expect((await ask(10_000)).body.data).toEqual({ rows: 10_000 });
    const { status, body } = await ask(300_000);
    expect(status).toBe(400);
    expect(body.errors?.[0]).toMatchObject({
      message: 'items of $of of the operation must be at most 20000, got 300000',
      extensions: { code: 'TOO_LARGE' },
    });
  });
});
