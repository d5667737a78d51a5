import { AppError, ERROR_CATALOGUE } from '../kernel/error.js';

/** What is counted: operations on the graph, or questions to a model. */
export type ServiceKind = 'operation' | 'prediction';

/** What one call came to; `seconds` is how long each of its requests waited. */
export interface ServiceCall {
  kind: ServiceKind;
  /** Name of the model; '' for operations. */
  name: string;
  requests: number;
  errors: number;
  /** Answers by something else than the model. */
  fallbacks: number;
  seconds: number;
}

/** What a process did in a clock minute. */
export interface ServiceSample {
  /** Start of the minute. */
  at: Date;
  kind: ServiceKind;
  name: string;
  requests: number;
  errors: number;
  fallbacks: number;
  /** Of the requests, together. */
  seconds: number;
  /** Requests by how long they took: at most each bound of `BUCKET_SECONDS`, last: longer. */
  buckets: number[];
}

/** Upper bounds of the buckets; rows hold one more, for what took longer. */
export const BUCKET_SECONDS = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2.5, 5, 10, 30,
] as const;

/** Days for which samples are kept. */
export const SAMPLE_DAYS = 8;

const MINUTE_MS = 60_000;

/** Counts of one process since they were last taken. */
export interface SampleCounter {
  add(call: ServiceCall, at: Date): void;
  /** Counts what could not be written once more. */
  giveBack(samples: readonly ServiceSample[]): void;
  /** What was counted since, and begins anew. */
  take(): ServiceSample[];
}

/** An empty counter. */
export function sampleCounter(): SampleCounter {
  let held = new Map<string, ServiceSample>();
  const sampleOf = (at: Date, kind: ServiceKind, name: string): ServiceSample => {
    const key = `${at.getTime()} ${kind} ${name}`;
    const found = held.get(key) ?? emptySample(at, kind, name);
    held.set(key, found);
    return found;
  };
  return {
    add({ kind, name, requests, errors, fallbacks, seconds }, at) {
      if (requests <= 0) return;
      const minute = new Date(Math.floor(at.getTime() / MINUTE_MS) * MINUTE_MS);
      const buckets = emptyBuckets();
      buckets[bucketOf(seconds)] = requests;
      const total = seconds * requests;
      sum(sampleOf(minute, kind, name), { requests, errors, fallbacks, seconds: total, buckets });
    },
    giveBack(samples) {
      for (const sample of samples) sum(sampleOf(sample.at, sample.kind, sample.name), sample);
    },
    take() {
      const taken = [...held.values()];
      held = new Map();
      return taken;
    },
  };
}

function emptyBuckets(): number[] {
  return Array.from({ length: BUCKET_SECONDS.length + 1 }, () => 0);
}

function emptySample(at: Date, kind: ServiceKind, name: string): ServiceSample {
  return {
    ...{ at, kind, name, requests: 0, errors: 0, fallbacks: 0, seconds: 0 },
    buckets: emptyBuckets(),
  };
}

function sum(into: ServiceSample, more: Omit<ServiceSample, 'at' | 'kind' | 'name'>): void {
  into.requests += more.requests;
  into.errors += more.errors;
  into.fallbacks += more.fallbacks;
  into.seconds += more.seconds;
  into.buckets = into.buckets.map((count, i) => count + (more.buckets[i] ?? 0));
}

function bucketOf(seconds: number): number {
  const index = BUCKET_SECONDS.findIndex((bound) => seconds <= bound);
  return index < 0 ? BUCKET_SECONDS.length : index;
}

/**
 * A quantile of what the buckets hold, linear within its bucket; the last bucket has no upper bound and answers its
 * lower one. Null when they are empty.
 * @param share 0..1
 */
export function quantileOf(buckets: readonly number[], share: number): number | null {
  const total = buckets.reduce((all, count) => all + count, 0);
  if (total === 0) return null;
  const wanted = share * total;
  let below = 0;
  for (const [index, count] of buckets.entries()) {
    if (count > 0 && below + count >= wanted) {
      const low = BUCKET_SECONDS[index - 1] ?? 0;
      const high = BUCKET_SECONDS[index] ?? low;
      return low + (high - low) * ((wanted - below) / count);
    }
    below += count;
  }
  return BUCKET_SECONDS.at(-1) ?? null;
}

/** Codes that say nothing of whose fault it was, or that it was nobody's at the other end. */
const OURS = new Set(['UNKNOWN', 'INTERNAL_SERVER_ERROR']);

/** Whether an operation failed through no fault of the caller. */
export function isOwnFault(errorCodes: readonly string[]): boolean {
  return errorCodes.some(
    (code) =>
      OURS.has(code) ||
      (code !== 'SLOW_SUBSCRIBER' &&
        code in ERROR_CATALOGUE &&
        ERROR_CATALOGUE[code as AppError['code']].status >= 500),
  );
}

/** An operation on the graph as it is counted. */
export function operationCall(report: {
  errorCodes: readonly string[];
  counts: { milliseconds: number };
}): ServiceCall {
  return {
    ...{ kind: 'operation', name: '', requests: 1, fallbacks: 0 },
    errors: isOwnFault(report.errorCodes) ? 1 : 0,
    seconds: report.counts.milliseconds / 1_000,
  };
}
