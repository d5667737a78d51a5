import { AppError } from '../kernel/error.js';

const OPEN = 0;
const INSIDE = 1;
const CLOSED = 2;
const CLOSING = 3;

/**
 * Keeps a worker thread from being ended inside ONNX Runtime. Its binding throws through C++ when the thread's
 * environment goes away under it, and that aborts the whole process ("terminate called after throwing
 * an instance of 'Napi::Error'", exit code 134), be it by `worker.terminate()` or by `process.exit()`.
 * The thread enters the gate around native calls; who wants to end it closes the gate first.
 */
export class NativeGate {
  private readonly state: Int32Array<SharedArrayBuffer>;

  constructor(readonly shared: SharedArrayBuffer = new SharedArrayBuffer(4)) {
    this.state = new Int32Array(shared);
  }

  /** In the thread: runs `work` inside. @throws AppError UNAVAILABLE once the gate is closed */
  async inside<T>(work: () => Promise<T>): Promise<T> {
    if (Atomics.compareExchange(this.state, 0, OPEN, INSIDE) !== OPEN)
      throw new AppError('UNAVAILABLE', 'the scorer is closed');
    try {
      return await work();
    } finally {
      if (Atomics.compareExchange(this.state, 0, INSIDE, OPEN) === CLOSING) {
        Atomics.store(this.state, 0, CLOSED);
        Atomics.notify(this.state, 0);
      }
    }
  }

  /** In the owner: nobody enters from now on; blocks until the thread is outside, at most `waitMs`. */
  close(waitMs: number): void {
    if (Atomics.compareExchange(this.state, 0, OPEN, CLOSED) !== INSIDE) return;
    if (Atomics.compareExchange(this.state, 0, INSIDE, CLOSING) === INSIDE)
      Atomics.wait(this.state, 0, CLOSING, waitMs);
    else this.close(waitMs);
  }
}
