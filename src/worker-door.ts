import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { healthRoutes } from './door/health-routes.js';
import { replyJson, requestIdOf, type Exchange } from './door/http.js';
import type { ServerOptions } from './door/options.js';
import { listenError } from './plant/port.js';

export type WorkerDoorOptions = Pick<
  ServerOptions,
  'clock' | 'log' | 'readiness' | 'metricsText' | 'authenticate'
> & { host: string; port: number };

/**
 * `/healthz`, `/readyz` and `/metrics` of a worker, which has no other door. A port that is taken is told and is no
 * reason to stop: the work matters more than its figures. Null then.
 */
export async function openWorkerDoor(
  options: WorkerDoorOptions,
): Promise<{ port: number; close(): Promise<void> } | null> {
  const { log } = options;
  const health = healthRoutes(options);
  const route = async (exchange: Exchange): Promise<void> => {
    const method = exchange.request.method ?? 'GET';
    if (method !== 'GET' && method !== 'HEAD') {
      replyJson(exchange, 405, { error: { message: `GET or HEAD, got ${method}` } });
      return;
    }
    switch (exchange.url.pathname) {
      case '/healthz':
        health.alive(exchange);
        return;
      case '/readyz':
        return health.ready(exchange, false);
      case '/metrics':
        return health.metrics(exchange);
      default:
        replyJson(exchange, 404, {
          error: { message: 'a worker has /healthz, /readyz and /metrics' },
        });
    }
  };
  const server = createServer((request, response) => {
    const pathname = (request.url ?? '/').split('?')[0] ?? '/';
    const url = new URL('http://_/');
    url.pathname = pathname;
    const exchange = { request, response, requestId: requestIdOf(request), url };
    route(exchange).catch((err: unknown) => {
      log.error({ err }, 'a question to the worker failed unexpectedly');
      replyJson(exchange, 500, { error: { message: 'internal error' } });
    });
  });
  const opened = await new Promise<boolean>((resolve) => {
    server.once('error', (error) => {
      log.warn(
        { reason: listenError(error, options.host, options.port).message },
        'the worker tells no figures: AUGURY_METRICS_PORT cannot be opened',
      );
      resolve(false);
    });
    server.listen(options.port, options.host, () => resolve(true));
  });
  if (!opened) return null;
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
