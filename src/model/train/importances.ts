import { explainClassifier } from '../../numeric/classifier-predict.js';
import type { Classifier } from '../../numeric/classifier.js';
import { inputOfColumn } from '../../numeric/encoding.js';
import { pickRows, type FeatureTable } from '../../numeric/table.js';
import type { FeatureImportance } from './training.js';

/** Rows the mean contributions are taken over at most. */
export const maxImportanceRows = 2000;

/**
 * How much each raw input matters, by falling mean |contribution| over evenly spaced rows of `rows`.
 * @param columnGain what each design column gained (split gain, or |weight| of a linear model)
 */
export function measureImportances(
  classifier: Classifier,
  columnGain: Float64Array,
  table: FeatureTable,
  rows: readonly number[],
): FeatureImportance[] {
  const count = Math.min(maxImportanceRows, rows.length);
  const sample = Array.from(
    { length: count },
    (_, k) => rows[Math.floor((k * rows.length) / count)] ?? 0,
  );
  const { inputs, values } = explainClassifier(classifier, pickRows(table, sample));
  const totalGain = columnGain.reduce((sum, gain) => sum + gain, 0);
  const gains = new Float64Array(inputs.length);
  inputOfColumn(classifier.encoding).forEach((input, column) => {
    gains[input] = (gains[input] ?? 0) + (columnGain[column] ?? 0) / (totalGain || 1);
  });
  const means = new Float64Array(inputs.length);
  values.forEach((value, at) => {
    const input = at % inputs.length;
    means[input] = (means[input] ?? 0) + Math.abs(value) / count;
  });
  return inputs
    .map((feature, input) => ({
      feature,
      gain: gains[input] ?? 0,
      meanAbsoluteContribution: means[input] ?? 0,
    }))
    .sort((a, b) => b.meanAbsoluteContribution - a.meanAbsoluteContribution || b.gain - a.gain)
    .map((importance, k) => ({ ...importance, rank: k + 1 }));
}
