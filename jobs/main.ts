import { systemClock } from '../src/kernel/clock.js';
import { loadEnvironment, readConfig } from '../src/plant/env.js';
import { openInstallation } from '../src/plant/installation.js';
import { createLog, surviveClosedOutput } from '../src/plant/log.js';
import { startWorker } from './compose.js';

/**
 * The worker as a process of its own. Says `ready` to the process that forked it, and ends on SIGTERM,
 * on SIGINT, or when that process is gone.
 */
async function main(): Promise<void> {
  const config = readConfig(loadEnvironment());
  const log = createLog(config);
  // from here on, or the end of a parent that dies while this process boots goes unnoticed
  const stopped = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT', 'disconnect'] as const)
    process.on(signal, () => stopped.abort());
  // and it may have died while the modules were loaded, before anybody listened
  if (process.send !== undefined && !process.connected) return;
  const installation = await openInstallation(config);
  const worker = await startWorker({
    databaseUrl: installation.databaseUrl,
    redisUrl: config.redisUrl,
    config,
    log,
    clock: systemClock(config.now),
  });
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    worker
      .close()
      .then(() => installation.stop())
      .then(
        () => process.exit(0),
        (error: unknown) => {
          log.error({ err: error }, 'the worker did not stop cleanly');
          process.exit(1);
        },
      );
  };
  stopped.signal.addEventListener('abort', stop);
  if (stopped.signal.aborted) {
    stop();
    return;
  }
  process.send?.('ready', undefined, {}, () => undefined); // a parent that is gone is told by `disconnect`
  log.debug({ pid: process.pid }, 'the worker is ready');
}

surviveClosedOutput();
main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exit(1);
});
