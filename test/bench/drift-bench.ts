import os from 'node:os';
import { Worker } from 'node:worker_threads';
import type { BenchLine } from './bench-line.js';
import type { DriftFigure } from './drift-thread.js';

/**
 * Drift of 20 features of 1,000,000 rows a window, in one worker thread: the window counted into the bins of a reference
 * that is kept as a sketch; both windows counted; exact Kolmogorov-Smirnov of both windows by radix sort; and all
 * figures of a check from the sketches. Medians.
 */
export async function driftBench(): Promise<BenchLine[]> {
  const figures = await new Promise<DriftFigure[]>((resolve, reject) => {
    const thread = new Worker(new URL('./drift-thread.js', import.meta.url));
    thread.once('message', resolve);
    thread.once('error', reject);
  });
  const load = `load ${(os.loadavg()[0] ?? 0).toFixed(1)}`;
  return figures.map(({ name, seconds, detail }) => ({
    name: `drift 20 x 1,000,000: ${name}`,
    figure: `${seconds.toFixed(2)} s`,
    detail: `${detail}; ${load}`,
  }));
}
