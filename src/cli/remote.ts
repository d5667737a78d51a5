import { AppError } from '../kernel/error.js';

/** A server to talk to, and the key to show it. */
export interface Remote {
  url: string;
  key: string;
}

export interface GraphqlAnswer<Data> {
  data?: Data | null;
  errors?: { message: string; path?: (string | number)[]; extensions?: { code?: string } }[];
  extensions?: Record<string, unknown>;
}

/**
 * One operation over HTTP.
 * @throws AppError UNAVAILABLE when nothing answers, UNAUTHENTICATED when the key is refused
 */
export async function postGraphql<Data>(
  remote: Remote,
  query: string,
  variables: Record<string, unknown> = {},
): Promise<GraphqlAnswer<Data>> {
  const endpoint = new URL('/graphql', remote.url).toString();
  let response: Response;
  try {
    response = await fetch(endpoint, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        authorization: `Bearer ${remote.key}`,
      },
      body: JSON.stringify({ query, variables }),
    });
  } catch (cause) {
    throw new AppError(
      'UNAVAILABLE',
      `no server answers at ${remote.url}: start one with \`npm start\`, or pass --url and --key`,
      { cause },
    );
  }
  if (response.status === 401)
    throw new AppError(
      'UNAUTHENTICATED',
      `${remote.url} refused the key: make one with \`npm run augury -- keys create --role ADMIN --name me\``,
    );
  const text = await response.text();
  try {
    return JSON.parse(text) as GraphqlAnswer<Data>;
  } catch (cause) {
    throw new AppError('UNAVAILABLE', `${endpoint} answered ${response.status} and no JSON`, {
      cause,
    });
  }
}

/** Codes of the graph that decide how a command exits. */
const PASSED_ON = ['UNAVAILABLE', 'INVALID', 'NOT_FOUND'] as const;

/** The data of an operation that must not fail. @throws AppError with the first error's message */
export async function ask<Data>(
  remote: Remote,
  query: string,
  variables: Record<string, unknown> = {},
): Promise<Data> {
  const answer = await postGraphql<Data>(remote, query, variables);
  const [error] = answer.errors ?? [];
  if (error) {
    const code = PASSED_ON.find((known) => known === error.extensions?.code) ?? 'INTERNAL';
    throw new AppError(code, error.message);
  }
  if (!answer.data) throw new AppError('INTERNAL', 'the answer holds no data');
  return answer.data;
}

interface Payload {
  userErrors: { code: string; message: string; path: string[] }[];
}

/** Turns the first `userErrors` entry of a mutation into an exception. @throws AppError INVALID, NOT_FOUND or CONFLICT */
export function must<P extends Payload>(payload: P): P {
  const [error] = payload.userErrors;
  if (!error) return payload;
  const { message, path } = error;
  // a sentence that names its field needs no path before it
  const field = path.at(-1);
  const named = field === undefined || message.toLowerCase().includes(field.toLowerCase());
  const code = error.code === 'NOT_FOUND' || error.code === 'CONFLICT' ? error.code : 'INVALID';
  throw new AppError(code, named ? message : `${path.join('.')}: ${message}`);
}
