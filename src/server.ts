import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { explorerRoutes } from './door/explorer-routes.js';
import { openGraphqlOverHttp } from './door/graphql-over-http.js';
import { graphqlRoute } from './door/graphql-route.js';
import { openGraphqlOverWebSocket } from './door/graphql-over-websocket.js';
import { healthRoutes } from './door/health-routes.js';
import type { Exchange } from './door/http.js';
import { redirect, replyJson, requestIdOf } from './door/http.js';
import { originAllowed } from './door/identity.js';
import { loginRoutes, replyPage } from './door/login-routes.js';
import type { DoorLimits, ServerOptions } from './door/options.js';
import { DEFAULT_DOOR_LIMITS } from './door/options.js';
import { messagePage } from './door/pages.js';
import { AppError } from './kernel/error.js';
import { listenError } from './plant/port.js';

/** A server that answers. */
export interface RunningServer {
  /** `http://host:port`, without a slash at the end. */
  readonly url: string;
  readonly port: number;
  /** WebSocket connections now. */
  connections(): number;
  /** Not ready, no new requests, running ones get `drainMs`, sockets a goodbye; resolves when all are gone. */
  close(): Promise<void>;
}

/**
 * Opens the door: GraphQL over HTTP and WebSocket, the explorer, sign-in, health and metrics.
 * @throws AppError CONFIGURATION when the port is taken or the address is not ours
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { config, log } = options;
  const limits: DoorLimits = { ...DEFAULT_DOOR_LIMITS, ...config.limits };
  const overHttp = await openGraphqlOverHttp(options, limits);
  const overWebSocket = openGraphqlOverWebSocket(options, limits);
  const graphql = graphqlRoute(options, overHttp);
  const explorer = explorerRoutes(options);
  const login = loginRoutes(options);
  const health = healthRoutes(options);
  let draining = false;

  const route = async (exchange: Exchange): Promise<void> => {
    const { pathname } = exchange.url;
    if (pathname === '/graphql') return graphql.handle(exchange);
    const methods = METHODS[pathname] ?? ['GET', 'HEAD'];
    const method = exchange.request.method ?? 'GET';
    if (!methods.includes(method)) {
      const message = `${pathname} takes ${methods.join(', ')}, got ${method}`;
      replyJson(exchange, 405, { error: { message } }, { allow: methods.join(', ') });
      return;
    }
    switch (pathname) {
      case '/':
        redirect(exchange, '/explorer');
        return;
      case '/login':
        return login.login(exchange);
      case '/logout':
        return login.logout(exchange);
      case '/healthz':
        health.alive(exchange);
        return;
      case '/readyz':
        return health.ready(exchange, draining);
      case '/metrics':
        return health.metrics(exchange);
    }
    if (pathname === '/explorer' || pathname.startsWith('/explorer/'))
      return explorer.handle(exchange);
    replyPage(exchange, 404, messagePage('Not found', `There is no ${pathname} here.`));
  };

  const server = createServer({
    requestTimeout: 60_000,
    headersTimeout: 15_000,
    // longer than callers and proxies keep a connection: whoever closes first must not be us, or a request on its way is lost
    keepAliveTimeout: 75_000,
  });
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    if (draining) response.setHeader('connection', 'close');
    const requestId = requestIdOf(request);
    const url = parseUrl(request);
    const exchange: Exchange = { request, response, requestId, url: url ?? new URL('http://_/') };
    if (!url) {
      replyJson(exchange, 400, { error: { code: 'INVALID', message: 'the path cannot be read' } });
      return;
    }
    route(exchange).catch((error: unknown) => replyError(exchange, error, log));
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', (err) => log.debug({ err }, 'an upgrade failed'));
    if (draining) refuseUpgrade(socket, 503, 'shutting down');
    else if (parseUrl(request)?.pathname !== '/graphql')
      refuseUpgrade(socket, 404, 'WebSocket is spoken at /graphql only');
    else if (originAllowed(request, config.allowedOrigins) === 'refused')
      refuseUpgrade(socket, 403, 'this Origin is not allowed; see AUGURY_ALLOWED_ORIGINS');
    else overWebSocket.upgrade(request, socket, head);
  });

  try {
    await listen(server, config.host, config.port);
  } catch (error) {
    await Promise.all([overHttp.stop(), overWebSocket.close()]);
    throw error;
  }
  const { port } = server.address() as AddressInfo;
  const host = config.host.includes(':') ? `[${config.host}]` : config.host;
  let closing: Promise<void> | null = null;
  const close = async (): Promise<void> => {
    draining = true;
    const gone = new Promise<void>((resolve) => server.close(() => resolve()));
    // again and again: a connection becomes idle when the answer that was under way is out
    server.closeIdleConnections();
    const idle = setInterval(() => server.closeIdleConnections(), 50);
    const cut = setTimeout(() => server.closeAllConnections(), limits.drainMs);
    await Promise.all([gone, overWebSocket.close()]);
    clearTimeout(cut);
    clearInterval(idle);
    await overHttp.stop();
  };
  return {
    url: `http://${host === '0.0.0.0' || host === '[::]' ? '127.0.0.1' : host}:${port}`,
    port,
    connections: () => overWebSocket.connections(),
    close: () => (closing ??= close()),
  };
}

const METHODS: Readonly<Record<string, readonly string[]>> = {
  '/login': ['GET', 'HEAD', 'POST'],
  '/logout': ['GET', 'HEAD', 'POST'],
};

function parseUrl(request: IncomingMessage): URL | null {
  try {
    return new URL(request.url ?? '/', 'http://_');
  } catch {
    return null;
  }
}

function refuseUpgrade(socket: Duplex, status: number, message: string): void {
  socket.end(
    `HTTP/1.1 ${status} Refused\r\ncontent-type: text/plain; charset=utf-8\r\nconnection: close\r\ncontent-length: ${Buffer.byteLength(message)}\r\n\r\n${message}`,
  );
}

/** What went wrong outside of an operation: told when it is the caller's, masked and logged when it is ours. */
function replyError(exchange: Exchange, error: unknown, log: ServerOptions['log']): void {
  const { requestId, request } = exchange;
  if (request.destroyed && !request.complete) return; // nobody is left to be told
  if (error instanceof AppError && error.code !== 'INTERNAL' && error.code !== 'CONFIGURATION') {
    const { code, message, status, retryable } = error;
    replyJson(exchange, status, { error: { code, message, retryable, requestId } });
    return;
  }
  log.error({ err: error, requestId }, 'a request failed unexpectedly');
  const message = `internal error; the log tells more under request id ${requestId}`;
  replyJson(exchange, 500, { error: { code: 'INTERNAL', message, requestId } });
}

function listen(
  server: ReturnType<typeof createServer>,
  host: string,
  port: number,
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(listenError(error, host, port)));
    server.listen(port, host, () => resolve());
  });
}
