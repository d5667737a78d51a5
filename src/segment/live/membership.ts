import { AppError } from '../../kernel/error.js';
import type { Memberships } from '../../numeric/clusterer.js';
import type { FeatureTable } from '../../numeric/table.js';
import type { SegmentReport } from '../segment.js';
import type { ServedSegmentation } from '../segmentation.js';

/** The raw inputs of one customer in the version's order; a missing number is NaN, a missing category ''. */
export interface MembershipInputs {
  numeric: Float32Array;
  categorical: readonly string[];
}

/** A segment of one version. */
export interface SegmentOfVersion {
  modelVersionId: string;
  key: string;
}

/** A stay of a customer in a segment: a row of `segment_membership`. */
export interface Stay extends SegmentOfVersion {
  id: number;
  userId: number;
  /** Where the customer was before, with the version that had put them there; null for the first stay. */
  previous: SegmentOfVersion | null;
  /** 0..1, when it began. */
  probability: number;
  /** >= 0, when it began. */
  distance: number | null;
  since: Date;
  /** Null while it lasts. */
  until: Date | null;
}

/** A stay with what it was decided from. */
export interface LoggedStay extends Stay {
  inputs: MembershipInputs;
}

/** Where a customer is as of an instant. */
export interface Membership extends SegmentOfVersion {
  userId: number;
  modelId: string;
  /** Of the key, 0..1. */
  probability: number;
  /** To the segment, >= 0, in the space in which the customers were grouped. */
  distance: number | null;
  since: Date;
  previous: SegmentOfVersion | null;
  asOf: Date;
  inputs: MembershipInputs;
}

/** A stay that is to begin; the one that is open is to end. */
export interface Move {
  userId: number;
  /** Of the open stay that was read; null where there was none. */
  openId: number | null;
  key: string;
  previousKey: string | null;
  probability: number;
  distance: number | null;
  inputs: MembershipInputs;
}

/** How much an input speaks for the segment that a customer is in. */
export interface MembershipReason {
  /** Name of the feature. */
  feature: string;
  /** Above 0: it speaks for the segment; below: for `insteadOf`. In log-odds of the two. */
  contribution: number;
  /** Key of the segment that comes next. */
  insteadOf: string;
}

/** What a version says of one row. */
export interface Verdict {
  key: string;
  probability: number;
  distance: number;
}

/** Row `index` of a table, numbers as a view. */
export function inputsAt(table: FeatureTable, index: number): MembershipInputs {
  const width = table.numericNames.length;
  const high = table.categoricalNames.length;
  return {
    numeric: table.numeric.subarray(index * width, (index + 1) * width),
    categorical: table.categorical.slice(index * high, (index + 1) * high),
  };
}

/** Rows put into one table, in order. */
export function tableOfInputs(
  { numericNames, categoricalNames }: ServedSegmentation['inputs'],
  rows: readonly MembershipInputs[],
): FeatureTable {
  const width = numericNames.length;
  const numeric = new Float32Array(rows.length * width);
  for (const [index, row] of rows.entries()) numeric.set(row.numeric, index * width);
  const categorical = rows.flatMap((row) => row.categorical);
  return { rows: rows.length, numericNames, numeric, categoricalNames, categorical };
}

/**
 * Of each row the most probable segment, by key.
 * @throws AppError INTERNAL when the graph answers a segment that the report does not have
 */
export function verdictsOf(
  { segments, segment, probability, distance }: Memberships,
  reports: readonly Pick<SegmentReport, 'number' | 'key'>[],
): Verdict[] {
  const keys = new Map(reports.map(({ number, key }) => [number, key]));
  return Array.from(segment, (number, row) => {
    const key = keys.get(number);
    if (key === undefined)
      throw new AppError('INTERNAL', `the graph answers segment ${number}, the report has none`);
    const at = row * segments + number;
    // the graph rounds to float32: a sum of shares may come out above 1
    const share = Math.min(1, probability[at] ?? NaN);
    return { key, probability: share, distance: distance[at] ?? NaN };
  });
}

/** Since when a customer of this verdict is where they are, given the stay that was found; a new one begins at `asOf`. */
export function spanOf(
  verdict: Pick<Verdict, 'key'>,
  stay: Pick<Stay, 'key' | 'modelVersionId' | 'since' | 'previous'> | null,
  asOf: Date,
): { since: Date; previous: SegmentOfVersion | null; moved: boolean } {
  if (!stay) return { since: asOf, previous: null, moved: true };
  if (stay.key === verdict.key) return { since: stay.since, previous: stay.previous, moved: false };
  const { key, modelVersionId } = stay;
  return { since: asOf, previous: { key, modelVersionId }, moved: true };
}
