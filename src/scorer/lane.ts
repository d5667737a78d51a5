import type { Worker } from 'node:worker_threads';
import { AppError } from '../kernel/error.js';
import type { AppErrorCode } from '../kernel/error.js';
import { NativeGate } from './gate.js';
import type { WorkerAnswers, WorkerCall, WorkerMessage } from './messages.js';
import type { ProviderName } from './provider.js';

const FIRST_BACKOFF_MS = 50;
const LONGEST_BACKOFF_MS = 5_000;
const CLOSE_WITHIN_MS = 5_000;
const LOCK_WITHIN_MS = 2_000;

export interface LaneEvents {
  /** A fresh worker answers; it has no models yet. */
  up(provider: ProviderName, note: string | null): void;
  /** The worker is gone, its calls have failed; another one is on its way. */
  down(reason: string): void;
}

interface PendingCall {
  resolve: (value: WorkerAnswers[WorkerCall['kind']]) => void;
  reject: (error: AppError) => void;
}

/**
 * One worker thread that is started again whenever it dies, with growing pauses. A call fails with
 * UNAVAILABLE when its worker is not there or dies over it; none is left without an answer.
 */
export class Lane {
  /** Starts in a row that led to no answered call. */
  failures = 0;
  isUp = false;
  private worker: Worker | null = null;
  private gate: NativeGate | null = null;
  private nextId = 1;
  private pending = new Map<number, PendingCall>();
  private restart: NodeJS.Timeout | null = null;
  private closed = false;
  private lastWords: { code: AppErrorCode; message: string } | null = null;

  constructor(
    private readonly startWorker: (gate: SharedArrayBuffer) => Worker,
    private readonly events: LaneEvents,
  ) {}

  get isIdle(): boolean {
    return this.isUp && this.pending.size === 0;
  }

  /** Starts the first worker; later ones start by themselves. @throws AppError when it cannot come up */
  async open(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.start(resolve, (error) => {
        this.closed = true;
        reject(error);
      });
    });
  }

  call<K extends WorkerCall['kind']>(
    call: Extract<WorkerCall, { kind: K }>,
    transfer: ArrayBuffer[] = [],
  ): Promise<WorkerAnswers[K]> {
    const worker = this.worker;
    if (!worker || !this.isUp) return Promise.reject(gone('the scorer worker is not running'));
    const id = this.nextId++;
    return new Promise<WorkerAnswers[K]>((resolve, reject) => {
      this.pending.set(id, {
        resolve: (value) => {
          resolve(value as WorkerAnswers[K]);
        },
        reject,
      });
      worker.postMessage({ id, call }, transfer);
    });
  }

  /** Lets the worker end what it is at and release its sessions. Calls under way fail. */
  async close(): Promise<void> {
    this.closed = true;
    if (this.restart) clearTimeout(this.restart);
    const worker = this.worker;
    if (!worker) return;
    const exited = new Promise<void>((resolve) => {
      worker.once('exit', () => {
        resolve();
      });
    });
    const call: WorkerCall = { kind: 'close' };
    worker.postMessage({ id: this.nextId++, call });
    const timer = setTimeout(() => {
      this.lock();
      void worker.terminate();
    }, CLOSE_WITHIN_MS);
    await exited;
    clearTimeout(timer);
  }

  /** Blocks until the worker is outside of ONNX Runtime, for good: before the process ends. */
  lock(): void {
    this.gate?.close(LOCK_WITHIN_MS);
  }

  private start(onUp?: () => void, onFailure?: (error: AppError) => void): void {
    const gate = new NativeGate();
    this.gate = gate;
    const worker = this.startWorker(gate.shared);
    this.worker = worker;
    this.lastWords = null;
    worker.on('message', (message: WorkerMessage) => {
      if (message.kind === 'ready') {
        this.isUp = true;
        onUp?.();
        this.events.up(message.provider, message.note);
      } else this.settle(message);
    });
    // Without a listener an error in the thread would end the whole process.
    worker.on('error', (error: Error) => {
      this.lastWords = { code: 'UNAVAILABLE', message: error.message };
    });
    worker.once('exit', (code) => {
      const wasUp = this.isUp;
      this.worker = null;
      this.isUp = false;
      const { code: errorCode, message } = this.lastWords ?? {
        code: 'UNAVAILABLE' as const,
        message: `exit code ${String(code)}`,
      };
      this.failAll(this.closed ? 'the scorer is closed' : `the scorer worker died: ${message}`);
      if (!wasUp && onFailure) {
        onFailure(new AppError(errorCode, message));
        return;
      }
      if (this.closed) return;
      this.failures++;
      this.events.down(message);
      const pause = Math.min(FIRST_BACKOFF_MS * 2 ** (this.failures - 1), LONGEST_BACKOFF_MS);
      this.restart = setTimeout(() => {
        this.start();
      }, pause);
    });
  }

  private settle(message: Exclude<WorkerMessage, { kind: 'ready' }>): void {
    if (message.id === null) {
      if (message.kind === 'failure') this.lastWords = message;
      return;
    }
    const call = this.pending.get(message.id);
    this.pending.delete(message.id);
    if (message.kind === 'failure') call?.reject(new AppError(message.code, message.message));
    else {
      this.failures = 0;
      call?.resolve(message.value);
    }
  }

  private failAll(reason: string): void {
    const calls = [...this.pending.values()];
    this.pending.clear();
    for (const { reject } of calls) reject(gone(reason));
  }
}

function gone(message: string): AppError {
  return new AppError('UNAVAILABLE', message);
}
