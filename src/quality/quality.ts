import type { Rule } from './rule.js';
import type { QualityTable } from './table.js';

export const QUALITY_STATUSES = ['OK', 'WARNING', 'FAILED'] as const;
export type QualityStatus = (typeof QUALITY_STATUSES)[number];
/** What a broken rule makes of the report. */
export type RuleStatus = Exclude<QualityStatus, 'OK'>;

/** A rule as it is kept. */
export interface StoredRule {
  id: string;
  name: string;
  description: string;
  table: QualityTable;
  rule: Rule;
  severity: RuleStatus;
  enabled: boolean;
  createdAt: Date;
  createdBy: string;
}

export interface ColumnQuality {
  /** Name within its table, or `attributes.<name>`. */
  name: string;
  /** number, text, boolean, instant, json, or the kinds met in an attribute. */
  dataType: string;
  missing: number;
  /** 0..1; 0 without rows. */
  missingShare: number;
  distinct: number;
  distinctMethod: 'EXACT' | 'ESTIMATE';
  /** Beyond 1.5 interquartile ranges. */
  outliers: number;
  /** Beyond 3 standard deviations. */
  outliers3Sigma: number;
  optional: boolean;
  status: QualityStatus;
}

export interface QualityCheck {
  name: string;
  rule: string;
  /** Rows that the rule looks at. */
  rows: number;
  violations: number;
  /** The same among the rows that came in since the scan before. */
  freshRows: number;
  freshViolations: number;
  /** At most 20 typed ids. */
  sampleIds: string[];
  status: QualityStatus;
}

/** Rows of a source, and seconds from the fact to its arrival among the fresh ones. */
export interface SourceQuality {
  source: string;
  rows: number;
  received: number;
  maxLagSeconds: number | null;
  p99LagSeconds: number | null;
}

export interface CategoryBias {
  attribute: string;
  categories: { value: string; share: number; activeShare: number }[];
  pValue: number;
}

export interface ColumnShift {
  column: string;
  psi: number;
  referenceRows: number;
  currentRows: number;
}

/** What one scan of one table found. */
export interface TableScan {
  table: QualityTable;
  /** The instant that rules call now. */
  asOf: Date;
  /** Wall time of the end. */
  scannedAt: Date;
  seconds: number;
  rows: number;
  columns: ColumnQuality[];
  checks: QualityCheck[];
  duplicates: number;
  sources: SourceQuality[];
  /** Facts that two sources tell, and those on which they agree; null where no source can be compared. */
  crossSource: { told: number; agreed: number } | null;
  bias: CategoryBias[];
  shift: ColumnShift[];
  status: QualityStatus;
}

/** Completeness: below a tenth missing is OK, exactly a tenth is a WARNING. Counts, so that no rounding decides. */
export function completenessOf(missing: number, rows: number): QualityStatus {
  return rows > 0 && missing * 10 >= rows ? 'WARNING' : 'OK';
}

/** The worst of them; OK of none. */
export function worstOf(statuses: readonly QualityStatus[]): QualityStatus {
  return statuses.reduce<QualityStatus>(
    (worst, next) => (rankOf(next) > rankOf(worst) ? next : worst),
    'OK',
  );
}

/** Whether `status` is `min` or worse. */
export function isAtLeast(status: QualityStatus, min: QualityStatus): boolean {
  return rankOf(status) >= rankOf(min);
}

function rankOf(status: QualityStatus): number {
  return QUALITY_STATUSES.indexOf(status);
}

/**
 * A check's status: OK unbroken; the rule's severity when more than its tolerance of the rows it looks at
 * break it, of all or of the fresh ones, so that a broken batch is not lost among good rows; else WARNING.
 */
export function checkStatus(
  check: Pick<QualityCheck, 'rows' | 'violations' | 'freshRows' | 'freshViolations'>,
  tolerance: number,
  severity: RuleStatus,
): QualityStatus {
  if (check.violations === 0) return 'OK';
  const beyond = (violations: number, rows: number): boolean => violations > tolerance * rows;
  return beyond(check.violations, check.rows) || beyond(check.freshViolations, check.freshRows)
    ? severity
    : 'WARNING';
}

/** A table's status: its checks, and the completeness of columns that are not empty by design. */
export function tableStatus(
  columns: readonly ColumnQuality[],
  checks: readonly QualityCheck[],
): QualityStatus {
  return worstOf([
    ...checks.map(({ status }) => status),
    ...columns.filter(({ optional }) => !optional).map(({ status }) => status),
  ]);
}

/** Up to so many rows distinct values and borders of outliers are exact; beyond, a sample by hash stands for them. */
export const EXACT_ROWS = 250_000;

/** Zero bits that a hash must end in to be in the sample: the sample holds at most `EXACT_ROWS` of `rows`. */
export function sampleBitsFor(rows: number): number {
  return rows <= EXACT_ROWS ? 0 : Math.ceil(Math.log2(rows / EXACT_ROWS));
}

/** Values in the hash sample from which on their number, scaled up, is the better estimate (error about 1/8). */
const ENOUGH_VALUES = 64;

/**
 * Distinct values from a sample: `values` of those whose own hash is sampled, scaled up; few distinct values
 * are rather counted in the sampled rows, where each occurs often. Never more than `present`.
 */
export function estimateDistinct(
  sample: { values: number; inRows: number },
  bits: number,
  present: number,
): number {
  if (bits === 0) return sample.values;
  const scaled = sample.values >= ENOUGH_VALUES ? sample.values * 2 ** bits : 0;
  return Math.min(present, Math.max(scaled, sample.inRows));
}
