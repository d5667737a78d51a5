import { fitCalibration, type Calibration } from '../../numeric/calibration.js';
import { logLossOfMargins } from '../../numeric/metrics.js';
import type { Judgement } from '../judge/judgement.js';

/** Share by which calibration must lower the cross-validated log loss to be worth applying. */
export const calibrationGain = 0.0005;

export type CalibrationReport = NonNullable<Judgement['calibration']>;

/**
 * Platt scaling of out-of-fold margins: slope and intercept of all rows, and the log loss of each fold's rows before
 * and after scaling by what the other folds say. Applied where that falls by `calibrationGain`.
 * @param margins out of fold, shape [rows]
 * @param foldOf fold of each row
 */
export function calibrate(
  margins: Float64Array,
  labels: Uint8Array,
  foldOf: Uint8Array,
): CalibrationReport {
  const scaled = new Float64Array(margins.length);
  const folds = Math.max(...foldOf) + 1;
  for (let fold = 0; fold < folds; fold++) {
    const isOther = (_: unknown, row: number): boolean => foldOf[row] !== fold;
    const by = fitCalibration(margins.filter(isOther), labels.filter(isOther));
    margins.forEach((margin, row) => {
      if (foldOf[row] === fold) scaled[row] = by.intercept + by.slope * margin;
    });
  }
  const logLossBefore = logLossOfMargins(labels, margins);
  const logLossAfter = logLossOfMargins(labels, scaled);
  const { slope, intercept } = fitCalibration(margins, labels);
  const applied = logLossAfter < logLossBefore * (1 - calibrationGain) && slope > 0;
  return { slope, intercept, logLossBefore, logLossAfter, applied };
}

/** Margins on the calibrated scale. */
export function calibrated(margins: Float64Array, { slope, intercept }: Calibration): Float64Array {
  return margins.map((margin) => intercept + slope * margin);
}
