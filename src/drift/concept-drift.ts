import { twoProportion, type Proportion } from '../numeric/two-proportion.js';
import type { ConceptDrift } from './drift.js';

/** Labelled scores that are looked at, half of them as reference. */
export const CONCEPT_WINDOW = 1_000;
/** Fall of accuracy that is a change of the concept. */
const CONCEPT_LIMIT = 0.1;
/** Fall of accuracy against the reference's, as a share of it, that asks for a retraining. */
const ACCURACY_FALL_LIMIT = 0.05;
/** A half with fewer labelled scores tells nothing. */
const LEAST_HALF = 30;
/** A fall counts that chance explains less than once in a hundred; half of a two-sided test. */
const SURE_TWO_SIDED = 0.02;

/** How often something was right. */
export interface Accuracy {
  rows: number;
  /** 0..1 */
  accuracy: number;
}

/**
 * The newer half of a window of labelled scores against the older half. `detected` where accuracy fell by more than 0.1 and, in a
 * window that is not full, chance does not explain it. @param correct newest first; the newest 1,000 count
 * @returns null below 60 labelled scores
 */
export function conceptDrift(correct: readonly boolean[]): ConceptDrift | null {
  const newest = correct.slice(0, CONCEPT_WINDOW);
  const half = Math.floor(newest.length / 2);
  if (half < LEAST_HALF) return null;
  const current = accuracyOf(newest.slice(0, half));
  const reference = accuracyOf(newest.slice(half, 2 * half));
  return {
    metric: 'accuracy',
    ...compared(reference.accuracy, current.accuracy),
    detected:
      reference.accuracy - current.accuracy > CONCEPT_LIMIT && isSureFall(reference, current),
    window: 2 * half,
  };
}

/**
 * The same where no labels have come: the accuracy that calibrated scores expect of themselves, of the reference's scores and of the
 * current ones. Sees what the inputs tell; a change of the concept behind equal inputs it cannot see.
 * Source: confidence-based performance estimation (Guo et al. 2017 for calibration; NannyML's CBPE). Null below 30 rows.
 */
export function estimatedConceptDrift(reference: Accuracy, current: Accuracy): ConceptDrift | null {
  if (Math.min(reference.rows, current.rows) < LEAST_HALF) return null;
  return {
    metric: 'estimated_accuracy',
    ...compared(reference.accuracy, current.accuracy),
    detected: reference.accuracy - current.accuracy > CONCEPT_LIMIT,
    window: current.rows,
  };
}

/** @returns the share by which accuracy fell, negative where it rose; null where too few are labelled */
export function accuracyFall(reference: Accuracy | null, current: Accuracy | null): number | null {
  if (!reference || !current || reference.accuracy === 0) return null;
  if (Math.min(reference.rows, current.rows) < LEAST_HALF) return null;
  return (reference.accuracy - current.accuracy) / reference.accuracy;
}

/** Whether accuracy fell by more than 5 %, and not by chance. */
export function fellTooFar(reference: Accuracy | null, current: Accuracy | null): boolean {
  const fall = accuracyFall(reference, current);
  if (fall === null || !reference || !current) return false;
  return fall > ACCURACY_FALL_LIMIT && isSureFall(reference, current);
}

/** @param correct newest first; the newer half of the window counts */
export function newestAccuracy(correct: readonly boolean[]): Accuracy | null {
  const newest = correct.slice(0, CONCEPT_WINDOW);
  const half = Math.floor(newest.length / 2);
  return half < LEAST_HALF ? null : accuracyOf(newest.slice(0, half));
}

/** Sum of the chances that each score is right on its side of the threshold; with 0.5 that is the larger of p and 1 - p. */
export function expectedCorrect(probability: Float64Array, threshold: number): number {
  let sum = 0;
  for (const p of probability) sum += p >= threshold ? p : 1 - p;
  return sum;
}

function accuracyOf(correct: readonly boolean[]): Accuracy {
  return { rows: correct.length, accuracy: correct.filter(Boolean).length / correct.length };
}

function compared(
  reference: number,
  current: number,
): Pick<ConceptDrift, 'reference' | 'current' | 'difference' | 'confidence'> {
  const difference = reference - current;
  const confidence = Math.min(1, Math.max(0, difference) / CONCEPT_LIMIT);
  return { reference, current, difference, confidence };
}

function isSureFall(reference: Accuracy, current: Accuracy): boolean {
  const right = ({ rows, accuracy }: Accuracy): Proportion => ({
    successes: accuracy * rows,
    trials: rows,
  });
  const test = twoProportion(right(current), right(reference));
  return test !== null && test.difference < 0 && test.pValue < SURE_TWO_SIDED;
}
