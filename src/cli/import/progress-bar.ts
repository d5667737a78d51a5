/** A line on a terminal that is written over and over, at most ten times a second. */
export interface ProgressBar {
  update(progress: { rows: number; share: number }): void;
  /** Takes the line away. */
  clear(): void;
}

interface Terminal {
  isTTY?: boolean;
  columns?: number;
  write(text: string): unknown;
}

const WIDTH = 24;
const EVERY_MS = 100;

/** `0:07`, `12:30` or `1:02:03` */
export function clockText(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (n: number): string => String(n).padStart(2, '0');
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** The text of a bar: share, rows, rate, and the time left by the share of the file that was read. */
export function barText(
  label: string,
  progress: { rows: number; share: number },
  seconds: number,
): string {
  const share = Math.min(1, Math.max(0, progress.share));
  const full = Math.round(share * WIDTH);
  const rate = seconds > 0 ? Math.round(progress.rows / seconds) : 0;
  const left =
    share > 0.005 && seconds > 0.5 ? `, ${clockText((seconds / share) * (1 - share))} left` : '';
  return (
    `${label} [${'#'.repeat(full)}${'.'.repeat(WIDTH - full)}] ${String(Math.round(share * 100)).padStart(3)} %  ` +
    `${progress.rows.toLocaleString('en-US')} rows, ${rate.toLocaleString('en-US')}/s${left}`
  );
}

/** Draws on `terminal` when it is one, otherwise does nothing. `colour`: false under NO_COLOR. */
export function progressBar(
  terminal: Terminal,
  label: string,
  monotonicMs: () => number,
  colour: boolean,
): ProgressBar {
  if (terminal.isTTY !== true) return { update: () => undefined, clear: () => undefined };
  const started = monotonicMs();
  let drawn = -Infinity;
  return {
    update(progress) {
      const now = monotonicMs();
      if (now - drawn < EVERY_MS) return;
      drawn = now;
      const text = barText(label, progress, (now - started) / 1000).slice(
        0,
        (terminal.columns ?? 80) - 1,
      );
      const shown = colour ? text.replace(/#+/, (bar) => `\u001b[32m${bar}\u001b[39m`) : text;
      terminal.write(`\r\u001b[2K${shown}`);
    },
    clear() {
      if (drawn > -Infinity) terminal.write('\r\u001b[2K');
    },
  };
}
