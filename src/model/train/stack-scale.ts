import { fitCalibration, type Calibration } from '../../numeric/calibration.js';
import type { Fold } from './fold-data.js';
import { scoreFold } from './run-trial.js';
import type { FoldScore } from './trial.js';

/**
 * Puts the margins of a decision forest, whose sum ranks well but is not on log-odds, on that scale: those of each
 * fold by Platt scaling of the other folds', so that no fold scales itself.
 * @param raw at least 2 folds, as the trial gave them
 * @param shift what class weights add to a margin: kept
 * @returns the scores on the scale, and the scale of all folds together, for the refit
 */
export function crossScale(
  raw: readonly FoldScore[],
  folds: readonly Fold[],
  shift: number,
): { scores: FoldScore[]; scale: Calibration } {
  const fitOn = (used: (index: number) => boolean): Calibration => {
    const kept = raw.map((_, index) => index).filter(used);
    const margins = Float64Array.from(kept.flatMap((index) => [...(raw[index]?.margins ?? [])]));
    const labels = Uint8Array.from(
      kept.flatMap((index) => [...(folds[index]?.validation.labels ?? [])]),
    );
    const { slope, intercept } = fitCalibration(margins, labels);
    return { slope, intercept: intercept + shift };
  };
  const scores = raw.map(({ margins, curve }, index) => {
    const fold = folds[index];
    if (!fold) throw new RangeError(`no fold ${String(index)}`);
    const { slope, intercept } = fitOn((other) => other !== index);
    const scaled = margins.map((margin) => intercept + slope * margin);
    return scoreFold(fold, scaled, curve, shift);
  });
  return { scores, scale: fitOn(() => true) };
}
