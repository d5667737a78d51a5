import pg from 'pg';
import { reconnectDelayMs, sessionOptions } from './connection.js';
import type { Log } from './ports.js';

export interface PresenceOptions {
  url: string;
  /** Makes the server run again on the same address; called when the connection was lost. */
  restart: () => Promise<void>;
  log: Log;
}

/**
 * Keeps one connection to the private server for the lifetime of a process. Idle pools close theirs; this one
 * tells the `stop` of other processes that the server is in use. When it breaks, the server died (or was
 * killed): it is started again, as often as it takes. Returns what ends the presence.
 */
export async function openPresence(options: PresenceOptions): Promise<() => Promise<void>> {
  const { url, restart, log } = options;
  let leaving = false;
  const isLeaving = (): boolean => leaving;
  let timer: NodeJS.Timeout | undefined;
  let mending: Promise<void> | null = null;
  let client = await connect();

  async function connect(): Promise<pg.Client> {
    const opened = new pg.Client({
      ...sessionOptions(url),
      keepAlive: true,
      connectionTimeoutMillis: 10_000,
      application_name: 'augury presence',
    });
    const held = { yes: false };
    const onLost = (): void => {
      if (!held.yes || isLeaving()) return;
      held.yes = false;
      log.warn({}, 'the private PostgreSQL is gone: starting it again');
      mend(1);
    };
    opened.on('error', onLost);
    opened.on('end', onLost);
    await opened.connect();
    held.yes = true;
    return opened;
  }

  function mend(attempt: number): void {
    timer = setTimeout(() => {
      mending = tryToMend(attempt);
    }, reconnectDelayMs(attempt));
  }

  async function tryToMend(attempt: number): Promise<void> {
    if (isLeaving()) return;
    try {
      await restart();
      client = await connect();
      log.info({ attempt }, 'the private PostgreSQL runs again');
    } catch (error) {
      if (isLeaving()) return;
      log.error({ err: error, attempt }, 'the private PostgreSQL cannot be started again');
      mend(attempt + 1);
    }
  }

  return async () => {
    leaving = true;
    clearTimeout(timer);
    await mending;
    await client.end().catch(() => undefined);
  };
}
