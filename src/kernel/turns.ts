/** A place in a queue, to be used at most once. */
export interface Turn {
  /** Does the work when every turn handed out before has been used or given up. */
  take<T>(work: () => Promise<T>): Promise<T>;
  /** Lets the next one go; without effect once the turn is over. */
  end(): void;
}

/** A queue for work that may be prepared side by side and must happen in the order in which it was begun. */
export function turns(): () => Turn {
  let last: Promise<void> = Promise.resolve();
  return () => {
    const before = last;
    let end: () => void = () => undefined;
    last = new Promise((resolve) => {
      end = resolve;
    });
    return {
      end: () => {
        end();
      },
      async take(work) {
        await before;
        try {
          return await work();
        } finally {
          end();
        }
      },
    };
  };
}
