import { z } from 'zod';
import type { Day } from './day.js';
import { RATINGS } from './rating.js';

const count = z.int().min(0);
const severity = z.enum(['LOW', 'MEDIUM', 'HIGH', 'CRITICAL']);

/** An alert, as a report tells of it. */
const toldAlert = z.object({
  id: z.string(),
  rule: z.string(),
  severity,
  summary: z.string(),
  /** ISO 8601. */
  firedAt: z.string(),
  /** Null while it was not over at the end of the day. */
  resolvedAt: z.string().nullable(),
});
export type ToldAlert = z.infer<typeof toldAlert>;

/** What a day was like, in figures; `daily_report.report` holds it with the verdict. */
export const dayFigures = z.object({
  /** Rows of the ledger, runs over everyone included. */
  predictions: count,
  /** The same by model, by name. */
  models: z.array(z.object({ name: z.string(), predictions: count, positive: count })),
  /** Questions to models, answered or not, and how many failed or were answered in the model's place. */
  requests: count,
  errors: count,
  fallbacks: count,
  /** GraphQL operations. */
  operations: z.object({ requests: count, errors: count }),
  /** Of answers on demand, milliseconds; null without one. */
  latencyMs: z.object({
    mean: z.number().nullable(),
    p50: z.number().nullable(),
    p95: z.number().nullable(),
    p99: z.number().nullable(),
  }),
  /** The live segmentation when the report was written: segments that hold anybody. */
  segmentation: z
    .object({ key: z.string(), version: z.int(), clusters: count, diversity: z.number() })
    .nullable(),
  alerts: z.object({
    fired: count,
    resolved: count,
    /** Not over at the end of the day. */
    firing: count,
    /** Of those that fired in it, the most severe first; five at most. */
    loudest: z.array(toldAlert),
  }),
  /** Models whose newest report of the day says so. */
  drifted: z.array(
    z.object({
      model: z.string(),
      driftedShare: z.number(),
      consequence: z.number(),
      action: z.string(),
    }),
  ),
  /** Experiments that ran, with their decision as it was last looked at. */
  experiments: z.array(
    z.object({
      key: z.string(),
      status: z.string(),
      decision: z.string().nullable(),
      reason: z.string().nullable(),
    }),
  ),
  /** The newest scan of each table at the end of the day. */
  dataQuality: z.array(
    z.object({
      table: z.string(),
      status: z.enum(['OK', 'WARNING', 'FAILED']),
      /** ISO 8601. */
      scannedAt: z.string(),
      /** Checks that are not OK, the first ten. */
      checks: z.array(z.object({ name: z.string(), status: z.string(), violations: z.number() })),
    }),
  ),
  /** Jobs that ended, by kind. */
  jobs: z.array(z.object({ kind: z.string(), succeeded: count, failed: count })),
  /** Models that learn from recorded outcomes: days since the newest one, or since they serve, at the end of the day. */
  labels: z.array(z.object({ model: z.string(), days: z.number() })),
});
export type DayFigures = z.infer<typeof dayFigures>;

/** Figures and what they come to. */
export const reportContent = z.object({
  figures: dayFigures,
  rating: z.enum(RATINGS),
  health: z.string(),
  recommendations: z.array(z.string()),
});
export type ReportContent = z.infer<typeof reportContent>;

/** A report on one day of the calendar, UTC. */
export interface DailyReport extends ReportContent {
  /** uuid v7; null for a day that goes on: nothing is stored of it. */
  id: string | null;
  date: Day;
  markdown: string;
  createdAt: Date;
  jobId: string | null;
}

/** Failed questions of all, 0..1; null where nobody asked. */
export function errorRateOf({ errors, requests }: DayFigures): number | null {
  return requests > 0 ? errors / requests : null;
}

/** Questions answered in the model's place of all, 0..1; null where nobody asked. */
export function fallbackRateOf({ fallbacks, requests }: DayFigures): number | null {
  return requests > 0 ? fallbacks / requests : null;
}

/** Mean time of an answer in seconds; null without one. */
export function responseSecondsOf({ latencyMs }: DayFigures): number | null {
  return latencyMs.mean === null ? null : latencyMs.mean / 1000;
}
