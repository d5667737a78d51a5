/** One figure of the bench, ready to print. */
export interface BenchLine {
  /** What was measured. */
  name: string;
  /** The figure with its unit, or a ratio. */
  figure: string;
  /** What it was compared with, and on what. */
  detail?: string;
}

/** `name: figure (detail)`, one line. */
export function formatBenchLine(line: BenchLine): string {
  return `${line.name}: ${line.figure}${line.detail === undefined ? '' : ` (${line.detail})`}`;
}

/** The middle of the values, the lower one of an even number; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? NaN;
}
