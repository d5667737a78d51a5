import type { Counts } from '../kernel/count.js';

/** `extensions.counts` of a response. */
export interface CountsExtension extends Counts {
  /** From the arrival of the operation (of the event, in a subscription) to its answer. */
  milliseconds: number;
}

/** The counters as they are answered; milliseconds to two decimals. */
export function countsExtension(counts: Counts, milliseconds: number): CountsExtension {
  const { sql, onnxRuns, onnxRows, cacheHits } = counts;
  return { sql, onnxRuns, onnxRows, cacheHits, milliseconds: Math.round(milliseconds * 100) / 100 };
}
