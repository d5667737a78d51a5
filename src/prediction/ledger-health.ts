/**
 * The ledger of a model over a window. Latencies in milliseconds, of answers: a run over everyone waits for nobody, and
 * its rows share the time of their batch. Null without an answer.
 */
export interface LedgerHealth {
  predictions: number;
  positive: number;
  mean: number | null;
  p50: number | null;
  p95: number | null;
  p99: number | null;
}
