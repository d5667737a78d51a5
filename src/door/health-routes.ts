import type { Exchange } from './http.js';
import { isLocal, reply, replyJson } from './http.js';
import { presentedBy } from './identity.js';
import type { ReadinessCheck, ServerOptions } from './options.js';

const READINESS_MS = 3_000;

/** `/healthz`, `/readyz` and `/metrics`. */
export interface HealthRoutes {
  alive(exchange: Exchange): void;
  ready(exchange: Exchange, draining: boolean): Promise<void>;
  metrics(exchange: Exchange): Promise<void>;
}

/** What machines ask: they get no session and no data of customers. */
export function healthRoutes(
  options: Pick<ServerOptions, 'clock' | 'log' | 'readiness' | 'metricsText' | 'authenticate'>,
): HealthRoutes {
  const startedMs = options.clock.monotonicMs();

  const checks = async (): Promise<ReadinessCheck[]> => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<ReadinessCheck[]>((resolve) => {
      const detail = `the checks did not answer within ${READINESS_MS} ms`;
      timer = setTimeout(() => resolve([{ name: 'checks', ok: false, detail }]), READINESS_MS);
    });
    try {
      return await Promise.race([options.readiness(), late]);
    } catch (err) {
      options.log.error({ err }, 'a readiness check threw');
      return [{ name: 'checks', ok: false, detail: 'a check failed; the log tells more' }];
    } finally {
      clearTimeout(timer);
    }
  };

  return {
    alive(exchange) {
      const uptimeSeconds = Math.round((options.clock.monotonicMs() - startedMs) / 1000);
      replyJson(exchange, 200, { status: 'alive', uptimeSeconds });
    },
    async ready(exchange, draining) {
      const found = draining
        ? [{ name: 'server', ok: false, detail: 'shutting down' }]
        : await checks();
      const ready = found.every(({ ok }) => ok);
      replyJson(exchange, ready ? 200 : 503, { ready, checks: found });
    },
    async metrics(exchange) {
      if (
        !isLocal(exchange.request) &&
        !(await options.authenticate(presentedBy(exchange.request)))
      ) {
        const message = 'metrics are given to this machine, or to a caller with an API key';
        replyJson(exchange, 401, { error: { code: 'UNAUTHENTICATED', message } }, WWW_AUTHENTICATE);
        return;
      }
      const type = 'text/plain; version=0.0.4; charset=utf-8';
      reply(
        exchange,
        200,
        { 'content-type': type, 'cache-control': 'no-store' },
        await options.metricsText(),
      );
    },
  };
}

export const WWW_AUTHENTICATE = { 'www-authenticate': 'Bearer realm="augury"' };
