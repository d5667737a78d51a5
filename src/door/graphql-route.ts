import type { GraphQLFormattedError } from 'graphql';
import { countsExtension } from '../graphql/counts-extension.js';
import { zeroCounts } from '../kernel/count.js';
import { AppError } from '../kernel/error.js';
import type { GraphqlOverHttp } from './graphql-over-http.js';
import { WWW_AUTHENTICATE } from './health-routes.js';
import type { Exchange } from './http.js';
import { redirect, reply, replyJson } from './http.js';
import { originAllowed, presentedBy } from './identity.js';
import type { ServerOptions } from './options.js';

/** `/graphql` over HTTP: who may come in, and what is answered to who may not. */
export interface GraphqlRoute {
  handle(exchange: Exchange): Promise<void>;
}

const HOW_TO_GET_A_KEY =
  'an operator makes keys with "npm run augury -- keys create --role ANALYST --name NAME"';
const NO_KEY = `unauthenticated: send "Authorization: Bearer <key>"; ${HOW_TO_GET_A_KEY}`;
const WRONG_KEY = `unauthenticated: this key is not known here, or was revoked; ${HOW_TO_GET_A_KEY}`;

/** The gate before the operations. */
export function graphqlRoute(options: ServerOptions, overHttp: GraphqlOverHttp): GraphqlRoute {
  /** Refusals have the form of every other answer, counts included. */
  const refuse = (
    exchange: Exchange,
    status: number,
    error: GraphQLFormattedError,
    headers: Record<string, string> = {},
  ): void => {
    const counts = countsExtension(zeroCounts(), 0);
    replyJson(exchange, status, { errors: [error], extensions: { counts } }, headers);
  };
  const code = (name: string, message: string, requestId: string): GraphQLFormattedError => ({
    message,
    extensions: { code: name, requestId },
  });

  const answer = async (exchange: Exchange): Promise<void> => {
    const { request, requestId, url } = exchange;
    const origin = originAllowed(request, options.config.allowedOrigins);
    if (origin === 'refused') {
      const message = `Origin ${request.headers.origin ?? ''} is not allowed; see AUGURY_ALLOWED_ORIGINS`;
      refuse(exchange, 403, code('FORBIDDEN', message, requestId));
      return;
    }
    if (origin === 'configured') allowReading(exchange);
    if (request.method === 'OPTIONS') {
      reply(exchange, 204, { allow: 'GET, POST, OPTIONS' }, '');
      return;
    }
    const wantsPage = (request.headers.accept ?? '').includes('text/html');
    if (request.method === 'GET' && wantsPage && !url.searchParams.has('query')) {
      redirect(exchange, '/explorer');
      return;
    }
    const presented = presentedBy(request);
    const viewer = await options.authenticate(presented);
    if (viewer === null) {
      const message = presented.bearer === null || presented.bearer === '' ? NO_KEY : WRONG_KEY;
      refuse(exchange, 401, code('UNAUTHENTICATED', message, requestId), WWW_AUTHENTICATE);
      return;
    }
    if (presented.session !== null && request.method === 'POST' && origin === 'none') {
      const message = 'a session is for browsers, which send Origin; programs send a Bearer key';
      refuse(exchange, 403, code('FORBIDDEN', message, requestId));
      return;
    }
    await overHttp.handle(exchange, viewer);
  };

  return {
    async handle(exchange) {
      try {
        await answer(exchange);
      } catch (error) {
        if (!(error instanceof AppError) || error.code === 'INTERNAL') throw error;
        const { message, retryable, status } = error;
        // a body that is too large, or did not come to its turn, is not read: the line cannot be used again
        const headers: Record<string, string> = {
          ...(status === 413 || status === 503 ? { connection: 'close' } : {}),
          ...(status === 503 ? { 'retry-after': '1' } : {}),
        };
        refuse(
          exchange,
          status,
          {
            message,
            extensions: { code: error.code, retryable, requestId: exchange.requestId },
          },
          headers,
        );
      }
    },
  };
}

/** CORS for a configured origin: keys in headers, no cookies. */
function allowReading({ request, response }: Exchange): void {
  response.setHeader('access-control-allow-origin', request.headers.origin ?? '');
  response.setHeader('vary', 'Origin');
  response.setHeader('access-control-allow-methods', 'GET, POST, OPTIONS');
  response.setHeader(
    'access-control-allow-headers',
    'authorization, content-type, x-request-id, apollo-require-preflight',
  );
  response.setHeader('access-control-expose-headers', 'x-request-id');
  response.setHeader('access-control-max-age', '600');
}
