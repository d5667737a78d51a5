import { auditServer } from 'graphql-http';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type DoorTest, KEY, startDoor } from '../support/door.js';

let door: DoorTest;
beforeAll(async () => {
  door = await startDoor();
});
afterAll(() => door.close());

it('passes every audit of the GraphQL over HTTP specification', async () => {
  const results = await auditServer({
    url: `${door.server.url}/graphql`,
    fetchFn: (url: string, init: RequestInit = {}) =>
      fetch(url, {
        ...init,
        headers: {
          authorization: `Bearer ${KEY}`,
          // what a browser must send with a GET to show that it is no form of another site
          'apollo-require-preflight': '1',
          ...(init.headers as Record<string, string> | undefined),
        },
      }),
  });
  const failed = results.filter(({ status }) => status !== 'ok');
  expect(
    failed.map((result) => `${result.name}: ${'reason' in result ? result.reason : ''}`),
  ).toEqual([]);
  expect(results).toHaveLength(61);
});
