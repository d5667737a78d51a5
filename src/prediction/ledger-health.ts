/** The ledger of a model over a window. Latencies in milliseconds; null without rows. */
export interface LedgerHealth {
  predictions: number;
  positive: number;
  mean: number | null;
  p50: number | null;
  p95: number | null;
  p99: number | null;
}
