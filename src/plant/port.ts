import net from 'node:net';
import { AppError } from '../kernel/error.js';
import { reasonOf } from './connection.js';

/** What to throw when a server cannot listen: one sentence with the way out. */
export function listenError(error: unknown, host: string, port: number): AppError {
  const { code } = error as NodeJS.ErrnoException;
  const sentence =
    code === 'EADDRINUSE'
      ? `port ${port} is in use by another program: stop it or choose another with --port`
      : code === 'EACCES'
        ? `port ${port} may not be used by this user: choose one above 1023 with --port`
        : code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND'
          ? `${host} is no address of this machine: correct AUGURY_HOST`
          : `cannot listen on ${host}:${port} (${reasonOf(error)}): choose another with --port`;
  return new AppError('CONFIGURATION', sentence, { cause: error });
}

/**
 * Resolves when `port` can be listened on now; port 0 always can.
 * @throws AppError CONFIGURATION with a sentence that says what to do
 */
export function checkPortFree(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once('error', (error) => reject(listenError(error, host, port)));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve()));
  });
}
