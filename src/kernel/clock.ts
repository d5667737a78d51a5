/** Milliseconds of a day of 24 hours. */
export const DAY_MS = 86_400_000;

/**
 * Time as an argument. `now` is the instant questions are asked "as of": what lies strictly before it
 * counts. A running clock answers the next millisecond, so that an event of this very one is seen; an
 * installation may be told to stand in the past (AUGURY_NOW), and then `now` is exactly that and does not
 * move. `wall` is real time: what happened to our own rows (received, scored, queued). `monotonicMs`
 * measures durations.
 */
export interface Clock {
  now(): Date;
  wall(): Date;
  monotonicMs(): number;
}

/** The clock of a running process; with `fixedNow`, questions are asked as of that instant. */
export function systemClock(fixedNow: Date | null = null): Clock {
  return {
    now: () => (fixedNow ? new Date(fixedNow) : new Date(Date.now() + 1)),
    wall: () => new Date(),
    monotonicMs: () => performance.now(),
  };
}

/** A clock that a test moves by hand. */
export interface ManualClock extends Clock {
  set(instant: Date): void;
  advance(ms: number): void;
}

/** `wall` stands at `start` until moved; `now` is the millisecond after it, as of a running clock. */
export function manualClock(start: Date): ManualClock {
  let current = start.getTime();
  return {
    now: () => new Date(current + 1),
    wall: () => new Date(current),
    monotonicMs: () => current,
    set: (instant) => {
      current = instant.getTime();
    },
    advance: (ms) => {
      current += ms;
    },
  };
}
