/** Sends lines in the order they came, one batch in flight; what comes meanwhile forms the next batch. */
export interface Outbox {
  put(line: string): void;
  /** Resolves when everything put so far was sent or given up. */
  flush(): Promise<void>;
  /** Sends no more; what still waits is dropped. */
  close(): void;
}

const BATCH_LINES = 500;
const LONGEST_QUEUE = 50_000;

/**
 * `send` is called with at most 500 lines and never twice at a time. A batch that fails is dropped (it
 * may have arrived: delivery is at most once) and reported; so is what exceeds 50,000 waiting lines.
 */
export function createOutbox(
  send: (lines: string[]) => Promise<void>,
  onDropped: (lines: number, reason: unknown) => void,
): Outbox {
  let lines: string[] = [];
  let running: Promise<void> | null = null;
  let closed = false;

  const run = async (): Promise<void> => {
    // Everything published in this tick goes out together.
    await Promise.resolve();
    while (lines.length > 0 && !closed) {
      const batch = lines.splice(0, BATCH_LINES);
      try {
        await send(batch);
      } catch (error) {
        onDropped(batch.length, error);
      }
    }
    running = null;
  };

  return {
    put(line) {
      if (closed) return;
      if (lines.length >= LONGEST_QUEUE) {
        lines.shift();
        onDropped(1, new Error(`${LONGEST_QUEUE} messages wait already`));
      }
      lines.push(line);
      running ??= run();
    },
    async flush() {
      while (running) await running;
    },
    close() {
      closed = true;
      lines = [];
    },
  };
}
