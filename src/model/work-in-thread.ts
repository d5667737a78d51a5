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
  | { kind: 'question'; number: number; question: unknown }
  | { kind: 'result'; result: Result }
  | { kind: 'error'; code: AppErrorCode; message: string };

/** What the thread hears about a question of its own. */
type ThreadReply =
  | { kind: 'news'; number: number; news: unknown }
  | { kind: 'answer'; number: number; answer: unknown }
  | { kind: 'refusal'; number: number; code: AppErrorCode; message: string };

/** Asks whoever started the thread; `onNews` hears what is told before the answer. */
export type AskOutside = (question: unknown, onNews?: (news: unknown) => void) => Promise<unknown>;

export interface ThreadHooks {
  /** At most 10 calls a second and one at the end; `share` never falls. */
  onProgress: (progress: ThreadProgress) => void;
  /** Answers what the thread asks; without it there is no answer to anything. */
  onQuestion?: (question: unknown, tell: (news: unknown) => void) => Promise<unknown>;
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

function outcome<Result>(worker: Worker, what: string, hooks: ThreadHooks) {
  const { onProgress, signal } = hooks;
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
        case 'question':
          void reply(worker, message, hooks.onQuestion);
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

/** Never rejects; what is sent to a thread that has ended is lost, and nobody waits for it. */
async function reply(
  worker: Worker,
  { number, question }: { number: number; question: unknown },
  onQuestion: ThreadHooks['onQuestion'],
): Promise<void> {
  const send = (message: ThreadReply): void => {
    worker.postMessage(message);
  };
  try {
    if (!onQuestion) throw new AppError('INTERNAL', 'nobody answers the questions of this thread');
    const tell = (news: unknown): void => {
      send({ kind: 'news', number, news });
    };
    send({ kind: 'answer', number, answer: await onQuestion(question, tell) });
  } catch (error) {
    const { code, message } = asFailure(error);
    send({ kind: 'refusal', number, code, message });
  }
}

function asFailure(error: unknown): { code: AppErrorCode; message: string } {
  if (error instanceof AppError) return { code: error.code, message: error.message };
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { code: 'INTERNAL', message: text };
}

/**
 * The other end: does `work` on what the thread was started with and sends its result, or its error.
 * `transfer` names the buffers that are moved instead of copied.
 */
export async function answerAsThread<Input, Result>(
  work: (
    input: Input,
    onProgress: (progress: ThreadProgress) => void,
    ask: AskOutside,
  ) => Result | Promise<Result>,
  transfer: (result: Result) => ArrayBuffer[] = () => [],
): Promise<void> {
  const send = (message: ThreadMessage<Result>, buffers: ArrayBuffer[] = []): void => {
    parentPort?.postMessage(message, buffers);
  };
  let sentAt = -Infinity;
  const onProgress = (progress: ThreadProgress): void => {
    const now = performance.now();
    if (now - sentAt < progressIntervalMs && progress.share < 1) return;
    sentAt = now;
    send({ kind: 'progress', progress });
  };
  try {
    // A border: `workInThread` is the only one that starts the file.
    const result = await work(workerData as Input, onProgress, asker(send));
    send({ kind: 'result', result }, transfer(result));
  } catch (error) {
    send({ kind: 'error', ...asFailure(error) });
  }
}

/** Listens from the first question on: a thread that asks nothing can end by itself. */
function asker(
  send: (question: { kind: 'question'; number: number; question: unknown }) => void,
): AskOutside {
  const open = new Map<number, (reply: ThreadReply) => void>();
  let number = 0;
  return (question, onNews) =>
    new Promise((resolve, reject) => {
      if (number++ === 0)
        parentPort?.on('message', (reply: ThreadReply) => open.get(reply.number)?.(reply));
      open.set(number, (reply) => {
        if (reply.kind === 'news') {
          onNews?.(reply.news);
          return;
        }
        open.delete(reply.number);
        if (reply.kind === 'answer') resolve(reply.answer);
        else reject(new AppError(reply.code, reply.message));
      });
      send({ kind: 'question', number, question });
    });
}
