/**
 * Borders of the three levels: a mean rank nearer to the lower quartile (0.25) than to the median is LOW, one nearer to
 * the upper quartile (0.75) is HIGH. The mean rank is the chance that a customer of the segment has more than one of
 * everybody; medium effects begin at 0.64 and 0.36 (Vargha and Delaney 2000), just outside these borders. A segment's
 * mean against the quartiles of the customers would hardly ever leave the middle: means vary far less than customers.
 */
export const LEVEL_BORDERS = { low: 0.375, high: 0.625 } as const;
/** Median ages below the first are YOUNG, above the second MATURE. */
export const AGE_LABEL_BORDERS = { young: 25, mature: 40 } as const;
/** Share of one side from which a segment leans to it. */
export const SKEW_SHARE = 0.6;

/** What a label can say, by dimension; null: any text. */
export const LABELS = {
  spend: ['HIGH', 'MEDIUM', 'LOW'],
  frequency: ['HIGH', 'MEDIUM', 'LOW'],
  recency: ['RECENT', 'MEDIUM', 'SILENT'],
  engagement: ['HIGH', 'MEDIUM', 'LOW'],
  age: ['YOUNG', 'MIDDLE', 'MATURE'],
  gender: ['MOSTLY_WOMEN', 'BALANCED', 'MOSTLY_MEN'],
  city: null,
  value: ['HIGH', 'MEDIUM', 'LOW'],
  activity: ['HIGH', 'MEDIUM', 'LOW'],
  quadrant: ['KEEP', 'RAISE_VALUE', 'RAISE_ACTIVITY', 'WATCH'],
} as const satisfies Record<string, readonly string[] | null>;
export type LabelDimension = keyof typeof LABELS;

/** The dimension of the label by which segments with the same levels are told apart; texts have no condition on it. */
export const DISTINCTION = 'distinction';

/** The label of a city mix in which none has the share of a skew. */
export const MIXED_CITIES = 'MIXED';

/** Why a label was given: what the sentence of the rule is made of. */
export type Evidence =
  | { kind: 'rank'; feature: string; meanRank: number; turned: boolean }
  | { kind: 'age'; median: number }
  | { kind: 'gender'; womenShare: number }
  | { kind: 'city'; value: string; share: number }
  | { kind: 'value'; spend: string | null; frequency: string | null }
  | {
      kind: 'activity';
      recency: string | null;
      engagement: string | null;
      frequency: string | null;
    }
  | { kind: 'fallback'; meanRank: number }
  | { kind: 'quadrant'; value: number; activity: number }
  | { kind: 'distinction'; feature: string; meanRank: number; others: readonly number[] };

/** A label with what it was given for. */
export interface FoundLabel {
  dimension: LabelDimension | typeof DISTINCTION;
  label: string;
  evidence: Evidence;
}
