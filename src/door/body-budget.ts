import { AppError } from '../kernel/error.js';

/** Bytes of one body; to be released when its answer was made. */
export interface BodyShare {
  /** Gives back what was announced and did not come. */
  shrinkTo(bytes: number): void;
  release(): void;
}

/** What may be in hand at once. */
export interface BodyBounds {
  /** At least the largest body. */
  maxBytes: number;
  maxBodies: number;
  maxWaitMs: number;
}

/** Bounds the large bodies that are in hand at once: parsed, one takes ten times its size. */
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

/** A budget of which nothing is taken. */
export function bodyBudget({ maxBytes, maxBodies, maxWaitMs }: BodyBounds): BodyBudget {
  let inHand = 0;
  let bodies = 0;
  const fits = (bytes: number): boolean => bodies < maxBodies && inHand + bytes <= maxBytes;
  const waiting: Waiting[] = [];
  const startNext = (): void => {
    let next = waiting[0];
    while (next && fits(next.bytes)) {
      waiting.shift();
      next.start();
      next = waiting[0];
    }
  };
  const share = (bytes: number): BodyShare => {
    let held = bytes;
    let released = false;
    inHand += held;
    bodies += 1;
    const shrinkTo = (rest: number): void => {
      inHand -= Math.max(0, held - rest);
      held = Math.min(held, rest);
      startNext();
    };
    const release = (): void => {
      if (released) return;
      released = true;
      bodies -= 1;
      shrinkTo(0);
    };
    return { shrinkTo, release };
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
        const message = `large calls take turns: ${bodies} of at most ${maxBodies} hold ${inHand} of ${maxBytes} bytes, and this one of ${bytes} did not come to its turn within ${maxWaitMs} ms; try again`;
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
      if (waiting.length === 0 && fits(bytes)) return share(bytes);
      return turn(bytes, signal);
    },
  };
}
