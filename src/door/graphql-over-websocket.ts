import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { handleProtocols, makeServer } from 'graphql-ws';
import type { WebSocket } from 'ws';
import { WebSocketServer } from 'ws';
import { AppError } from '../kernel/error.js';
import type { Log } from '../plant/ports.js';
import { nestsDeeper } from './http.js';
import { bearerOf, presentedBy } from './identity.js';
import type { DoorLimits, ServerOptions } from './options.js';
import type { SocketLink } from './socket-link.js';
import { CLOSE, openSocketLink } from './socket-link.js';
import { openSocketOperations } from './socket-operations.js';

/** The graphql-transport-ws protocol at the path of GraphQL. */
export interface GraphqlOverWebSocket {
  /** Takes over an upgrade whose path and Origin were found good. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Connections now. */
  connections(): number;
  /** Tells every client that the server goes away; resolves when all are gone. */
  close(): Promise<void>;
}

interface Connection {
  socket: WebSocket;
  link: SocketLink;
  alive: boolean;
}

/** Opens the protocol; rules, limits and the check of keys are those of HTTP. */
export function openGraphqlOverWebSocket(
  options: ServerOptions,
  limits: DoorLimits,
): GraphqlOverWebSocket {
  const { log } = options;
  const connections = new Set<Connection>();
  const wss = new WebSocketServer({
    noServer: true,
    maxPayload: limits.maxMessageBytes,
    perMessageDeflate: false,
    clientTracking: false,
    handleProtocols: (protocols) => handleProtocols(protocols),
  });
  const protocol = makeServer<Record<string, unknown>, SocketLink>({
    connectionInitWaitTimeout: limits.connectionInitMs,
    async onConnect({ connectionParams, extra: link }) {
      const authorization =
        connectionParams?.['authorization'] ?? connectionParams?.['Authorization'];
      if (authorization !== undefined)
        link.present({ bearer: bearerOf(authorization) ?? '', session: null });
      if ((await link.viewer()) !== null) return true;
      link.close(
        CLOSE.unauthorized,
        'unauthenticated: send {"authorization":"Bearer <key>"} with connection_init',
      );
      return false;
    },
    ...openSocketOperations(options, limits),
  });

  const accept = (socket: WebSocket, request: IncomingMessage): void => {
    const link = openSocketLink(socket, presentedBy(request), options.authenticate, limits);
    const connection: Connection = { socket, link, alive: true };
    connections.add(connection);
    const closed = protocol.opened(
      {
        protocol: socket.protocol,
        send: (data) => link.send(data),
        close: (code, reason) => link.close(code ?? CLOSE.internal, reason ?? ''),
        onMessage: (take) =>
          socket.on('message', (data: Buffer) => {
            takeMessage(data.toString(), take, limits).catch((error: unknown) =>
              closeFor(error, link, log),
            );
          }),
      },
      link,
    );
    socket.on('error', (err) => log.debug({ err }, 'a WebSocket failed'));
    socket.on('pong', () => (connection.alive = true));
    socket.on('ping', () => link.boundBuffer());
    socket.once('close', (code, reason) => {
      connections.delete(connection);
      closed(code, reason.toString()).catch((err: unknown) =>
        log.error({ err }, 'cleaning up after a WebSocket failed'),
      );
    });
  };

  const watch = setInterval(() => {
    for (const connection of connections) {
      if (!connection.alive) {
        connection.socket.terminate();
        continue;
      }
      connection.alive = false;
      connection.socket.ping();
      if (connection.link.running.size > 0) void closeIfNobody(connection.link, log);
    }
  }, limits.pingMs);
  watch.unref();

  return {
    upgrade: (request, socket, head) =>
      wss.handleUpgrade(request, socket, head, (webSocket) => accept(webSocket, request)),
    connections: () => connections.size,
    async close() {
      clearInterval(watch);
      const goodbyes = [...connections].map(
        ({ socket, link }) =>
          new Promise<void>((resolve) => {
            socket.once('close', () => resolve());
            link.close(CLOSE.goingAway, 'the server is going away');
          }),
      );
      await Promise.all(goodbyes);
      wss.close();
    },
  };
}

async function takeMessage(
  text: string,
  take: (text: string) => Promise<void>,
  limits: DoorLimits,
): Promise<void> {
  if (nestsDeeper(text, limits.maxJsonDepth))
    throw new AppError('INVALID', `a message must nest at most ${limits.maxJsonDepth} deep`);
  await take(text);
}

async function closeIfNobody(link: SocketLink, log: Log): Promise<void> {
  try {
    if ((await link.viewer()) === null)
      link.close(CLOSE.unauthorized, 'unauthenticated: the key was revoked or has expired');
  } catch (err) {
    log.warn({ err }, 'the key of a WebSocket could not be looked at; next time again');
  }
}

function closeFor(error: unknown, link: SocketLink, log: Log): void {
  if (error instanceof AppError && error.code !== 'INTERNAL') {
    const code = error.retryable ? CLOSE.tryAgainLater : CLOSE.badRequest;
    link.close(code, `${error.code}: ${error.message}`);
    return;
  }
  const requestId = randomUUID();
  log.error({ err: error, requestId }, 'a WebSocket message failed unexpectedly');
  link.close(CLOSE.internal, `internal error; the log tells more under request id ${requestId}`);
}
