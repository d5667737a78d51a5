import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Environment } from './plant/env.js';
import { workerFile } from './plant/paths.js';
import type { Log } from './plant/ports.js';

const READY_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 15_000;
const LONGEST_PAUSE_MS = 30_000;

export interface WorkerProcess {
  /** Resolves when it takes jobs; rejects when it ends before that, or takes too long. */
  readonly ready: Promise<void>;
  /** Asks it to finish and waits; kills it when it does not. */
  stop(): Promise<void>;
}

/**
 * Starts the worker as a process of its own (its own group, so that Ctrl-C reaches only the parent,
 * which stops it in order) and starts it again when it dies. It ends by itself when the parent is gone.
 */
export function startWorkerProcess(environment: Environment, log: Log): WorkerProcess {
  let stopping = false;
  let pauseMs = 500;
  let child: ChildProcess;
  const launch = (): ChildProcess => {
    const process = fork(workerFile(import.meta.url, '../jobs/main.js'), [], {
      env: environment,
      detached: true,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    process.once('exit', (code, signal) => {
      if (stopping) return;
      log.error({ code, signal, pauseMs }, 'the worker ended: starting it again');
      setTimeout(() => {
        if (!stopping) child = launch();
      }, pauseMs);
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    });
    return process;
  };
  child = launch();
  return {
    ready: ready(child),
    stop: async () => {
      stopping = true;
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
      await ended;
      clearTimeout(timer);
    },
  };
}

function ready(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`the worker was not ready after ${READY_TIMEOUT_MS / 1000} s`)),
      READY_TIMEOUT_MS,
    );
    child.once('message', () => {
      clearTimeout(timer);
      resolve();
    });
    child.once('exit', (code) => {
      clearTimeout(timer);
      reject(new Error(`the worker ended with ${code} before it was ready`));
    });
  });
}
