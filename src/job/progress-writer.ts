/** Keeps only the newest report and writes at most once in `everyMs`; a write that is under way delays the next. */
export interface ProgressWriter {
  report(progress: number, stage: string): void;
  /** Drops what was not written and waits for the write under way. */
  close(): Promise<void>;
}

/** A progress bar has no use for more than a thousandth, and a reader none for 0.41600000000000004. */
const round = (progress: number): number => Math.round(progress * 1000) / 1000;

/** @param write must not throw; `progress` is clipped to 0..1, rounded to thousandths, and never goes back */
export function progressWriter(
  write: (progress: number, stage: string) => Promise<void>,
  everyMs: number,
): ProgressWriter {
  let latest: { progress: number; stage: string } | null = null;
  let highest = 0;
  let timer: NodeJS.Timeout | null = null;
  let writing: Promise<void> = Promise.resolve();
  let busy = false;
  let closed = false;
  const flush = (): void => {
    timer = null;
    if (!latest || closed) {
      busy = false;
      return;
    }
    const { progress, stage } = latest;
    latest = null;
    writing = write(progress, stage).finally(() => {
      if (!closed) timer = setTimeout(flush, everyMs);
    });
  };
  return {
    report(progress, stage) {
      if (closed) return;
      highest = Math.max(highest, round(Math.min(1, Math.max(0, progress))));
      latest = { progress: highest, stage };
      if (busy) return;
      busy = true;
      flush();
    },
    async close() {
      closed = true;
      if (timer) clearTimeout(timer);
      await writing;
    },
  };
}
