import { AppError, userError, type UserError } from '../kernel/error.js';
import type { Model } from '../model/model.js';
import {
  STATUS_OF_VERDICT,
  type Review,
  type ReviewPage,
  type ReviewStatus,
  type ReviewVerdict,
} from './review.js';

export interface ReviewQueueDeps {
  modelByName(name: string): Promise<Model | null>;
  /** Opens reviews for what was scored since the last look. */
  fill(request: {
    modelId: string;
    bands: { review: number; block: number };
    now: Date;
  }): Promise<void>;
  page(page: ReviewPage): Promise<Review[]>;
  byId(id: number): Promise<Review | null>;
  decide(verdict: {
    id: number;
    status: Exclude<ReviewStatus, 'OPEN'>;
    by: string;
    at: Date;
    comment: string | null;
  }): Promise<Review | null>;
  wall(): Date;
}

const MAX_COMMENT = 2_000;

/**
 * A page of the queue, with what was scored up to this moment in it.
 * @throws AppError NOT_FOUND for an unknown model, INVALID for one without bands
 */
export async function readReviews(
  deps: ReviewQueueDeps,
  request: Omit<ReviewPage, 'modelId'> & { model: string },
): Promise<{ modelId: string; reviews: Review[] }> {
  const { model: name, ...page } = request;
  const model = await deps.modelByName(name);
  if (!model) throw new AppError('NOT_FOUND', `no model is named ${name}`);
  const bands = model.spec.decisions;
  if (!bands)
    throw new AppError(
      'INVALID',
      `${name} has no bands: nothing of it is reviewed (decisions in its spec)`,
    );
  // what a page continues stays as it was begun
  if (!page.after) await deps.fill({ modelId: model.id, bands, now: deps.wall() });
  return { modelId: model.id, reviews: await deps.page({ ...page, modelId: model.id }) };
}

/** Ends a review; the verdict becomes an outcome of the source `review`. */
export async function decideReview(
  deps: Pick<ReviewQueueDeps, 'byId' | 'decide' | 'wall'>,
  request: { id: number; verdict: ReviewVerdict; by: string; comment: string | null },
): Promise<{ review: Review | null; error: UserError | null }> {
  const { id, verdict, by, comment } = request;
  if (comment !== null && comment.length > MAX_COMMENT) {
    const text = `comment must be at most ${MAX_COMMENT} characters, got ${comment.length}`;
    return { review: null, error: userError('TOO_LARGE', text, 'comment') };
  }
  const decided = await deps.decide({
    id,
    status: STATUS_OF_VERDICT[verdict],
    by,
    at: deps.wall(),
    comment,
  });
  if (decided) return { review: decided, error: null };
  const review = await deps.byId(id);
  const error = review
    ? userError(
        'CONFLICT',
        `the review was ${review.status} by ${review.verdictBy ?? 'somebody'} already`,
        'review',
      )
    : userError('NOT_FOUND', `no review has the id Review:${id}`, 'review');
  return { review, error };
}

/** Reviews for every model that has bands, of what was scored since the last look. */
export async function fillReviews(
  deps: Pick<ReviewQueueDeps, 'fill' | 'wall'> & { listModels(): Promise<Model[]> },
): Promise<void> {
  for (const { id, spec } of await deps.listModels())
    if (spec.decisions) await deps.fill({ modelId: id, bands: spec.decisions, now: deps.wall() });
}
