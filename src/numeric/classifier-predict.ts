import type {
  BlendClassifier,
  Classifier,
  Contributions,
  Encoding,
  LogisticClassifier,
} from './classifier.js';
import { encode, inputOfColumn } from './encoding.js';
import { perceptronBase, perceptronContributions, perceptronMargins } from './perceptron.js';
import { predictMargin } from './predictor.js';
import type { DesignMatrix, FeatureTable } from './table.js';
import { prepareTreeShap } from './tree-shap.js';

/**
 * Log-odds of the positive class, shape [rows]. Inputs are found by name; a missing number follows the
 * learned direction (trees) or is the median, an unknown category is no category.
 * @throws RangeError if the table lacks an input of the classifier
 */
export function predictClassifier(classifier: Classifier, table: FeatureTable): Float64Array {
  if (classifier.kind === 'blend') return blendMargins(classifier, table);
  const x = encode(classifier.encoding, table);
  switch (classifier.kind) {
    case 'boosting':
    case 'forest':
    case 'isolation':
      return predictMargin(classifier.forest, x);
    case 'logistic':
      return linearMargins(classifier, x);
    case 'perceptron':
      return perceptronMargins(classifier, x);
  }
}

function blendMargins({ intercept, members }: BlendClassifier, table: FeatureTable): Float64Array {
  const margins = new Float64Array(table.rows).fill(intercept);
  for (const { weight, classifier } of members)
    predictClassifier(classifier, table).forEach((margin, row) => {
      margins[row]! += weight * margin;
    });
  return margins;
}

/**
 * Additive contributions in log-odds of every raw input: exact path-dependent SHAP values of the
 * trees; weight x standardised value of the linear model and integrated gradients of a perceptron, whose base
 * value is the margin of the mean training row; of a blend, the weighted sum of its members'. One-hot columns are
 * summed into their input, numerical inputs come first.
 * For each row `baseValue` + its contributions = its margin, to rounding (1e-6).
 */
export function explainClassifier(classifier: Classifier, table: FeatureTable): Contributions {
  return prepareExplanation(classifier)(table);
}

/** `explainClassifier` for many tables: reads the forest once, which costs more than explaining a row. */
export function prepareExplanation(classifier: Classifier): (table: FeatureTable) => Contributions {
  const { encoding } = classifier;
  switch (classifier.kind) {
    case 'boosting':
    case 'forest':
    case 'isolation': {
      const shap = prepareTreeShap(classifier.forest);
      return (table) => {
        const x = encode(encoding, table);
        const { baseValue, values } = shap(x);
        return sumByInput(encoding, baseValue, values, x.rows);
      };
    }
    case 'logistic':
      return (table) => {
        const x = encode(encoding, table);
        return sumByInput(
          encoding,
          classifier.intercept,
          linearContributions(classifier, x),
          x.rows,
        );
      };
    case 'perceptron': {
      const baseValue = perceptronBase(classifier);
      return (table) => {
        const x = encode(encoding, table);
        return sumByInput(encoding, baseValue, perceptronContributions(classifier, x), x.rows);
      };
    }
    case 'blend':
      return prepareBlend(classifier);
  }
}

function prepareBlend({
  encoding,
  intercept,
  members,
}: BlendClassifier): (table: FeatureTable) => Contributions {
  const prepared = members.map(({ weight, classifier }) => ({
    weight,
    explain: prepareExplanation(classifier),
  }));
  const inputs = [...encoding.numericNames, ...encoding.categoricalNames];
  return (table) => {
    const values = new Float64Array(table.rows * inputs.length);
    let baseValue = intercept;
    for (const { weight, explain } of prepared) {
      const part = explain(table);
      baseValue += weight * part.baseValue;
      for (let at = 0; at < values.length; at++) values[at]! += weight * part.values[at]!;
    }
    return { baseValue, values, inputs };
  };
}

function linearMargins(classifier: LogisticClassifier, x: DesignMatrix): Float64Array {
  const contributions = linearContributions(classifier, x);
  const margins = new Float64Array(x.rows).fill(classifier.intercept);
  for (let at = 0; at < contributions.length; at++)
    margins[Math.floor(at / x.columns)]! += contributions[at]!;
  return margins;
}

function linearContributions(classifier: LogisticClassifier, x: DesignMatrix): Float64Array {
  const { median, mean, scale, weights } = classifier;
  const values = new Float64Array(x.values.length);
  for (let i = 0, at = 0; i < x.rows; i++)
    for (let j = 0; j < x.columns; j++, at++) {
      const raw = x.values[at]!;
      const value = Number.isNaN(raw) ? median[j]! : raw;
      values[at] = (weights[j]! * (value - mean[j]!)) / scale[j]!;
    }
  return values;
}

function sumByInput(
  encoding: Encoding,
  baseValue: number,
  values: Float64Array,
  rows: number,
): Contributions {
  const inputs = [...encoding.numericNames, ...encoding.categoricalNames];
  const inputOf = inputOfColumn(encoding);
  const sums = new Float64Array(rows * inputs.length);
  for (let i = 0, at = 0; i < rows; i++)
    for (let j = 0; j < inputOf.length; j++, at++)
      sums[i * inputs.length + inputOf[j]!]! += values[at]!;
  return { baseValue, values: sums, inputs };
}
