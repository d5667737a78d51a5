import { parentPort, Worker, workerData } from 'node:worker_threads';
import { AppError, type AppErrorCode } from '../kernel/error.js';

/** How far the work is. */
export interface ThreadProgress {
  /** 0..1, never falls. */
  share: number;
  stage: string;
}

type ThreadMessage<Result> =
  | { kind: 'progress'; progress: ThreadProgress }
  | { kind: 'result'; result: Result }
  | { kind: 'error'; code: AppErrorCode; message: string };

export interface ThreadHooks {
  /** At most 10 calls a second and one at the end; `share` never falls. */
  onProgress: (progress: ThreadProgress) => void;
  /** Ends the thread at once. */
  signal?: AbortSignal;
}

/** Progress messages are this far apart, at least. */
const progressIntervalMs = 100;

/**
 * Runs a file whose last words are `answerAsThread` in a thread of its own, so that the event loop stays
 * free. The thread is gone when the promise settles. The input is copied to it.
 * @param what names the thread in errors: `training`
 * @throws AppError as thrown in the thread; INTERNAL when it dies; the signal's reason when aborted
 */
export async function workInThread<Result>(
  file: string,
  what: string,
  input: unknown,
  hooks: ThreadHooks,
): Promise<Result> {
  hooks.signal?.throwIfAborted();
  const worker = new Worker(file, { workerData: input });
  try {
    return await outcome<Result>(worker, what, hooks);
  } finally {
    await worker.terminate();
  }
}

function outcome<Result>(worker: Worker, what: string, { onProgress, signal }: ThreadHooks) {
  return new Promise<Result>((resolve, reject) => {
    const abort = () => {
      reject(signal?.reason instanceof Error ? signal.reason : new Error(`${what} was aborted`));
    };
    signal?.addEventListener('abort', abort, { once: true });
    const settle = () => {
      signal?.removeEventListener('abort', abort);
    };
    worker.on('message', (message: ThreadMessage<Result>) => {
      switch (message.kind) {
        case 'progress':
          onProgress(message.progress);
          break;
        case 'result':
          settle();
          resolve(message.result);
          break;
        case 'error':
          settle();
          reject(new AppError(message.code, message.message));
          break;
      }
    });
    worker.once('error', (cause) => {
      settle();
      reject(new AppError('INTERNAL', `the ${what} thread failed`, { cause }));
    });
    worker.once('exit', (code) => {
      settle();
      reject(new AppError('INTERNAL', `the ${what} thread ended with code ${String(code)}`));
    });
  });
}

/**
 * The other end: does `work` on what the thread was started with and sends its result, or its error.
 * `transfer` names the buffers that are moved instead of copied.
 */
export async function answerAsThread<Input, Result>(
  work: (input: Input, onProgress: (progress: ThreadProgress) => void) => Result | Promise<Result>,
  transfer: (result: Result) => ArrayBuffer[] = () => [],
): Promise<void> {
  const send = (message: ThreadMessage<Result>, buffers: ArrayBuffer[] = []): void => {
    parentPort?.postMessage(message, buffers);
  };
  let sentAt = -Infinity;
  try {
    // A border: `workInThread` is the only one that starts the file.
    const result = await work(workerData as Input, (progress) => {
      const now = performance.now();
      if (now - sentAt < progressIntervalMs && progress.share < 1) return;
      sentAt = now;
      send({ kind: 'progress', progress });
    });
    send({ kind: 'result', result }, transfer(result));
  } catch (error) {
    const code = error instanceof AppError ? error.code : 'INTERNAL';
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    send({ kind: 'error', code, message: error instanceof AppError ? error.message : text });
  }
}
