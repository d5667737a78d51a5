import { DAY_MS } from '../kernel/clock.js';
import type { ModelSpec } from '../model/model-spec.js';

export type Eligibility = 'ELIGIBLE' | 'NEW_USER' | 'NO_DATA' | 'OPTED_OUT';
export type RiskBand = 'LOW' | 'MEDIUM' | 'HIGH' | 'CRITICAL';
export type PredictionSource = 'MODEL' | 'CACHE' | 'RULES' | 'WHAT_IF';

/** The raw inputs of one row in the version's order; a missing number is NaN, a missing category ''. */
export interface InputRow {
  numeric: Float32Array;
  categorical: readonly string[];
}

/** A score that was given; what the ledger holds of it. */
export interface StoredPrediction {
  id: number;
  userId: number;
  modelId: string;
  modelVersionId: string;
  /** 0..1, finite. */
  probability: number;
  threshold: number;
  source: PredictionSource;
  asOf: Date;
  scoredAt: Date;
  latencyMs: number;
  inputs: InputRow;
  jobId: string | null;
}

/** A row of the ledger as it is read back. */
export interface LedgerRow extends StoredPrediction {
  /** The customer does not agree to profiling any more: the score stays, what it was computed from is not shown. */
  optedOut: boolean;
}

/** The answer for one user: a score, or why there is none. */
export type PredictionAnswer = {
  userId: number;
  modelId: string;
  asOf: Date;
  scoredAt: Date;
  latencyMs: number;
  source: PredictionSource;
} & (
  | {
      eligibility: 'ELIGIBLE';
      /** Null for an imagined one: it is not stored. */
      ledgerId: number | null;
      modelVersionId: string;
      probability: number;
      threshold: number;
      inputs: InputRow;
      /** The customer has opted out since. */
      optedOut: boolean;
    }
  | { eligibility: Exclude<Eligibility, 'ELIGIBLE'>; ledgerId: null }
);

/** What decides whether a user gets a score. */
export interface EligibilityFacts {
  consentProfiling: boolean;
  registeredAt: Date | null;
  /** First event before the instant asked as of. */
  firstEventAt: Date | null;
  /** Whether any attribute the model uses is known. */
  hasAttributes: boolean;
}

/**
 * Consent comes first, then whether anything is known, then age: registered or first seen at least
 * `minAgeDays` before `asOf`. A user of unknown age (a profile without dates) is not new.
 */
export function eligibilityOf(
  facts: EligibilityFacts,
  minAgeDays: number,
  asOf: Date,
): Eligibility {
  if (!facts.consentProfiling) return 'OPTED_OUT';
  if (!facts.firstEventAt && !facts.hasAttributes) return 'NO_DATA';
  const known = [facts.registeredAt, facts.firstEventAt].flatMap((at) =>
    at ? [at.getTime()] : [],
  );
  if (known.length > 0 && Math.min(...known) > asOf.getTime() - minAgeDays * DAY_MS)
    return 'NEW_USER';
  return 'ELIGIBLE';
}

/** What a probability means. */
export interface Verdict {
  positive: boolean;
  label: string;
  /** max(p, 1 - p), 0.5..1 */
  confidence: number;
  risk: RiskBand;
}

/** Positive from the threshold on; the bands' lower bounds belong to the band. */
export function verdictOf(
  probability: number,
  threshold: number,
  spec: Pick<ModelSpec, 'labels' | 'riskBands'>,
): Verdict {
  const positive = probability >= threshold;
  return {
    positive,
    label: positive ? spec.labels.positive : spec.labels.negative,
    confidence: Math.max(probability, 1 - probability),
    risk: riskOf(probability, spec.riskBands),
  };
}

/** The band a probability lies in. */
export function riskOf(probability: number, bands: ModelSpec['riskBands']): RiskBand {
  if (probability < bands.medium) return 'LOW';
  if (probability < bands.high) return 'MEDIUM';
  return probability < bands.critical ? 'HIGH' : 'CRITICAL';
}
