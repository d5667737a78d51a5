import { AppError } from '../kernel/error.js';

/** Bytes of one body; to be released when its answer was made. */
export interface BodyShare {
  /** Gives back what was announced and did not come. */
  shrinkTo(bytes: number): void;
  release(): void;
}

/** Bounds the bytes of large bodies that are in hand at once: a body parsed takes ten times its size. */
export interface BodyBudget {
  /**
   * Takes `bytes` before they are read, in turn; small bodies pass at once and cost nothing.
   * @throws AppError UNAVAILABLE when the turn does not come in time, or `signal` fires
   */
  take(bytes: number, signal: AbortSignal): Promise<BodyShare>;
  /** Bytes taken now. */
  inHand(): number;
}

/** Bodies up to here always pass: questions must not wait for imports. */
export const SMALL_BODY_BYTES = 65_536;

interface Waiting {
  bytes: number;
  start(): void;
}

/** @param maxBytes at least the largest body */
export function bodyBudget(maxBytes: number, maxWaitMs: number): BodyBudget {
  let inHand = 0;
  const waiting: Waiting[] = [];
  const startNext = (): void => {
    let next = waiting[0];
    while (next && inHand + next.bytes <= maxBytes) {
      waiting.shift();
      next.start();
      next = waiting[0];
    }
  };
  const share = (bytes: number): BodyShare => {
    let held = bytes;
    inHand += held;
    const shrinkTo = (rest: number): void => {
      inHand -= Math.max(0, held - rest);
      held = Math.min(held, rest);
      startNext();
    };
    return { shrinkTo, release: () => shrinkTo(0) };
  };
  const turn = (bytes: number, signal: AbortSignal): Promise<BodyShare> =>
    new Promise((resolve, reject) => {
      const leave = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', giveUp);
      };
      const entry: Waiting = {
        bytes,
        start: () => {
          leave();
          resolve(share(bytes));
        },
      };
      const giveUp = (): void => {
        leave();
        waiting.splice(waiting.indexOf(entry), 1);
        startNext();
        const message = `the bodies of other calls hold ${inHand} of ${maxBytes} bytes, and this one of ${bytes} did not come to its turn within ${maxWaitMs} ms; try again`;
        reject(new AppError('UNAVAILABLE', message));
      };
      const timer = setTimeout(giveUp, maxWaitMs);
      waiting.push(entry);
      signal.addEventListener('abort', giveUp, { once: true });
    });

  return {
    inHand: () => inHand,
    async take(bytes, signal) {
      if (bytes <= SMALL_BODY_BYTES) return { shrinkTo: () => undefined, release: () => undefined };
      if (waiting.length === 0 && inHand + bytes <= maxBytes) return share(bytes);
      return turn(bytes, signal);
    },
  };
}
