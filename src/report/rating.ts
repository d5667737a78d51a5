/** How good a day was, best first; a day is given as many points as stand between it and the end. */
export const RATINGS = [
  'EXCELLENT',
  'GOOD',
  'FAIR',
  'NEEDS_IMPROVEMENT',
  'POOR',
  'VERY_POOR',
] as const;
export type Rating = (typeof RATINGS)[number];

/** What a day is rated by; null where nothing was measured. */
export interface RatedFigures {
  /** Share of the questions to models that failed, 0..1. */
  errorRate: number | null;
  /** Mean time of an answer, in seconds. */
  responseSeconds: number | null;
  /** 1 - sum of the squared shares of the segments, 0..1. */
  diversity: number | null;
}

/** Points by figure, 0..5 together. */
export interface Points {
  errorRate: 0 | 1 | 2;
  responseSeconds: 0 | 1 | 2;
  diversity: 0 | 1;
}

/** The bounds; each is outside of the better class. */
const RATING_BOUNDS = {
  errorRate: { two: 0.01, one: 0.05 },
  responseSeconds: { two: 0.5, one: 1 },
  diversity: 0.3,
} as const;

/** Points of each figure. What was not measured gives none: a day without questions is not a good one, it is not known. */
export function pointsOf({ errorRate, responseSeconds, diversity }: RatedFigures): Points {
  return {
    errorRate: below(errorRate, RATING_BOUNDS.errorRate),
    responseSeconds: below(responseSeconds, RATING_BOUNDS.responseSeconds),
    diversity: diversity !== null && diversity > RATING_BOUNDS.diversity ? 1 : 0,
  };
}

function below(value: number | null, { two, one }: { two: number; one: number }): 0 | 1 | 2 {
  if (value === null || Number.isNaN(value)) return 0;
  if (value < two) return 2;
  return value < one ? 1 : 0;
}

/** The grade of a day: 5 points EXCELLENT, 4 GOOD, 3 FAIR, 2 NEEDS_IMPROVEMENT, 1 POOR, 0 VERY_POOR. */
export function ratingOf(figures: RatedFigures): Rating {
  const points = pointsOf(figures);
  const sum = points.errorRate + points.responseSeconds + points.diversity;
  return RATINGS[5 - sum] ?? 'VERY_POOR';
}
