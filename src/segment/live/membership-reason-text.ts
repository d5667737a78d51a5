import type { FeatureFacts } from '../segment.js';

/** What the sentence of a reason is made of. */
export interface ToldReason {
  feature: string;
  contribution: number;
  /** Null: missing, or a category. */
  number: number | null;
  /** Null: missing, or a number. */
  category: string | null;
  /** The feature in the segment; null where the version keeps no facts of it. */
  here: Pick<FeatureFacts, 'mean'> | null;
  /** The feature in the segment that comes next. */
  there: Pick<FeatureFacts, 'mean'> | null;
  /** What the segment that comes next is called. */
  insteadOf: string;
}

const FORMAT = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 3 });
const WHOLE = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/**
 * A reason of a membership in words: `purchase sum 230 (mean 425 here, 647 in Loyal big spenders) speaks for this
 * segment`. Numbers to three significant digits, whole from 100 on.
 */
export function membershipReasonText(reason: ToldReason): string {
  const { here, there, insteadOf, contribution } = reason;
  const means =
    reason.number !== null && here && there
      ? ` (mean ${written(here.mean)} here, ${written(there.mean)} in ${insteadOf})`
      : '';
  const side = contribution >= 0 ? 'this segment' : insteadOf;
  return `${reason.feature.replaceAll('_', ' ')} ${valueOf(reason)}${means} speaks for ${side}`;
}

function valueOf({ number, category }: ToldReason): string {
  if (number !== null) return written(number);
  return category ?? 'is unknown and';
}

function written(value: number): string {
  return (Math.abs(value) >= 100 ? WHOLE : FORMAT).format(value);
}
