import { AppError } from '../kernel/error.js';
import type { Algorithm } from './train/training.js';

/** What is known of a task before anything is trained. */
export interface Task {
  /** Labelled rows, >= 1. */
  rows: number;
  /** Whether each decision must be told in a formula a person can follow. */
  explain: boolean;
  /** Share of positive rows, 0..1; null where it is not known. */
  positiveShare: number | null;
  /** Inputs; null where it is not known. */
  features: number | null;
}

/** What to try, in this order, and why. */
export interface Recommendation {
  algorithms: Algorithm[];
  /** `trials` of the search. */
  trials: number;
  classWeight: 'none' | 'balanced';
  reasons: string[];
}

/** Below this, a model with few weights generalises best; above, trees have enough rows for their splits. */
const FEW_ROWS = 1_000;
const MANY_ROWS = 100_000;
/** Positives at or below this share are rare. */
const RARE = 0.02;
const FEW_POSITIVES = 50;

interface Rule {
  applies(task: Task): boolean;
  algorithms: Algorithm[];
  trials: number;
  why: string;
}

/** The first rule that applies decides; models/README.md shows them as a table. */
export const recommendationRules: readonly Rule[] = [
  {
    applies: ({ explain }) => explain,
    algorithms: ['logistic'],
    trials: 8,
    why: 'every decision must be told as a sum of weighted inputs, which logistic regression is',
  },
  {
    applies: ({ rows }) => rows < FEW_ROWS,
    algorithms: ['logistic', 'forest'],
    trials: 16,
    why: `under ${FEW_ROWS} rows a linear model varies least, and a forest needs little tuning`,
  },
  {
    applies: ({ features, rows }) => features !== null && features > rows / 10,
    algorithms: ['logistic', 'boosting'],
    trials: 16,
    why: 'with more than one input per ten rows penalties matter more than splits',
  },
  {
    applies: ({ positiveShare }) => positiveShare !== null && positiveShare <= RARE,
    algorithms: ['boosting', 'isolation', 'logistic'],
    trials: 24,
    why: `at most ${100 * RARE} % are positive: boosting learns the known ones, an isolation forest finds unusual rows`,
  },
  {
    applies: ({ rows }) => rows >= MANY_ROWS,
    algorithms: ['boosting'],
    trials: 16,
    why: `from ${MANY_ROWS} rows on boosting gains most and is the fastest to train`,
  },
  {
    applies: () => true,
    algorithms: ['boosting', 'logistic', 'forest', 'perceptron'],
    trials: 24,
    why: 'enough rows to let families compete: boosting mostly wins on customer tables, and cross-validation decides',
  },
];

/** What to try for a task, by `recommendationRules`. @throws AppError INVALID naming the value and its bound */
export function recommendModel(task: Task): Recommendation {
  checkTask(task);
  const { rows, positiveShare } = task;
  const rule = recommendationRules.find((each) => each.applies(task));
  if (!rule) throw new AppError('INTERNAL', 'no rule applies');
  const isRare = positiveShare !== null && positiveShare <= RARE;
  const reasons = [
    rule.why,
    ...(isRare
      ? ['positives are rare: classes are weighed alike, probabilities set right after']
      : []),
  ];
  if (positiveShare !== null && positiveShare * rows < FEW_POSITIVES)
    reasons.push(
      `about ${Math.round(positiveShare * rows)} positive rows are few to learn from: at least ${FEW_POSITIVES} are wanted`,
    );
  const { algorithms, trials } = rule;
  return { algorithms, trials, classWeight: isRare ? 'balanced' : 'none', reasons };
}

function checkTask({ rows, positiveShare, features }: Task): void {
  if (!(Number.isInteger(rows) && rows >= 1))
    throw new AppError('INVALID', `rows must be a whole number >= 1, got ${rows}`);
  if (positiveShare !== null && !(positiveShare >= 0 && positiveShare <= 1))
    throw new AppError('INVALID', `positiveShare must be 0..1, got ${positiveShare}`);
  if (features !== null && !(Number.isInteger(features) && features >= 1))
    throw new AppError('INVALID', `features must be a whole number >= 1, got ${features}`);
}
