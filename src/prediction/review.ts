import { DAY_MS } from '../kernel/clock.js';
import type { Decision } from './decision.js';

export const reviewStatuses = ['OPEN', 'CONFIRMED', 'DISMISSED'] as const;
export type ReviewStatus = (typeof reviewStatuses)[number];

/** How a review ends: the suspicion was right, or it was not. */
export type ReviewVerdict = 'CONFIRM' | 'DISMISS';

/** A prediction that somebody is to look at. */
export interface Review {
  id: number;
  /** The newest one in a band when the review was opened, or since. */
  predictionId: number;
  modelId: string;
  userId: number;
  /** 0..1 */
  probability: number;
  decision: Exclude<Decision, 'ALLOW'>;
  status: ReviewStatus;
  createdAt: Date;
  verdictBy: string | null;
  verdictAt: Date | null;
  comment: string | null;
}

export const STATUS_OF_VERDICT = { CONFIRM: 'CONFIRMED', DISMISS: 'DISMISSED' } as const;

/** `source` of the outcome that a verdict becomes. */
export const REVIEW_SOURCE = 'review';

/**
 * So long after a verdict the same customer is not put before anybody again for the same model, unless the score
 * has risen from REVIEW to BLOCK.
 */
export const REVIEW_REST_MS = 30 * DAY_MS;

export interface ReviewPage {
  modelId: string;
  statuses: readonly ReviewStatus[];
  limit: number;
  after: { probability: number; id: number } | null;
}
