import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { buildSchema, execute, GraphQLScalarType, parse, type DocumentNode } from 'graphql';
import pg from 'pg';

/** The least that a graph over Postgres costs: graphql-js on node:http, no viewer, no limits, no counts. */
export interface BareGraph {
  url: string;
  close(): Promise<void>;
}

const SDL = `scalar DateTime scalar JSONObject
  type Event { type: String! at: DateTime! value: Float }
  type Events { nodes: [Event!]! }
  type User { externalId: String! name: String registeredAt: DateTime lastActiveAt: DateTime
    attributes: JSONObject! events(first: Int): Events! }
  type Users { nodes: [User!]! }
  type Query { users(first: Int): Users! user(id: ID): User }`;

const USER = `c.id, c.external_id as "externalId", c.name, c.registered_at as "registeredAt",
  c.last_active_at as "lastActiveAt", c.attributes`;

interface UserRow {
  id: string;
  events: () => Promise<{ nodes: object[] }>;
}

/** Opens the floor on a database that the real graph filled; knows the two questions of the bench only. */
export async function openBareGraph(databaseUrl: string): Promise<BareGraph> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 10 });
  const schema = buildSchema(SDL);
  const instant = schema.getType('DateTime');
  if (instant instanceof GraphQLScalarType)
    instant.serialize = (value) => (value instanceof Date ? value.toISOString() : value);
  const rootValue = {
    users: async ({ first }: { first: number }) => {
      const { rows } = await pool.query<UserRow>({
        name: 'page',
        text: `select ${USER} from customer c order by c.id limit $1`,
        values: [first + 1],
      });
      const nodes = rows.slice(0, first);
      let events: Promise<Map<string, object[]>> | null = null;
      for (const node of nodes)
        node.events = async () => ({
          nodes: (await (events ??= latest(nodes))).get(node.id) ?? [],
        });
      return { nodes };
    },
    user: async ({ id }: { id: string }) => {
      const { rows } = await pool.query<UserRow>({
        name: 'one',
        text: `select ${USER} from customer c where c.id = $1`,
        values: [id.slice('User:'.length)],
      });
      return rows[0] ?? null;
    },
  };
  const latest = async (nodes: readonly UserRow[]): Promise<Map<string, object[]>> => {
    const { rows } = await pool.query<{ user: string }>({
      name: 'latest',
      text: `select u.id as user, t.name as type, e.at, e.value from unnest($1::bigint[]) u(id)
        cross join lateral (select type_id, at, value from event where user_id = u.id and at < now()
          order by at desc limit 3) e join event_type t on t.id = e.type_id`,
      values: [nodes.map(({ id }) => id)],
    });
    const byUser = new Map<string, object[]>(nodes.map(({ id }) => [id, []]));
    for (const row of rows) byUser.get(row.user)?.push(row);
    return byUser;
  };
  const documents = new Map<string, DocumentNode>();
  const answer = async (body: string): Promise<string> => {
    const { query, variables } = JSON.parse(body) as {
      query: string;
      variables: Record<string, unknown>;
    };
    let document = documents.get(query);
    if (!document) documents.set(query, (document = parse(query)));
    return JSON.stringify(
      await execute({ schema, document, rootValue, variableValues: variables }),
    );
  };
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      void answer(Buffer.concat(chunks).toString()).then((text) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(text);
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/graphql`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await pool.end();
    },
  };
}
