import type { Classifier, SingleClassifier } from '../../src/numeric/classifier.js';
import type { FeatureTable } from '../../src/numeric/table.js';

/** Margins straight from the definitions of the kinds of classifiers, slow and obvious: the twin of tests. */
export function naiveMargins(classifier: Classifier, table: FeatureTable): Float64Array {
  if (classifier.kind === 'blend') {
    const members = classifier.members.map((member) => naiveMargins(member.classifier, table));
    return Float64Array.from({ length: table.rows }, (_, row) =>
      classifier.members.reduce(
        (sum, { weight }, member) => sum + weight * members[member]![row]!,
        classifier.intercept,
      ),
    );
  }
  return Float64Array.from({ length: table.rows }, (_, row) =>
    naiveMargin(classifier, designRow(classifier, table, row)),
  );
}

function designRow(classifier: SingleClassifier, table: FeatureTable, row: number): number[] {
  const { numericNames, categories } = classifier.encoding;
  const width = numericNames.length;
  const numbers = Array.from(table.numeric.subarray(row * width, (row + 1) * width));
  const blocks = categories.flatMap((list, i) => {
    const given = table.categorical[row * categories.length + i];
    return list.map((category) => (category === given ? 1 : 0));
  });
  return [...numbers, ...blocks];
}

function naiveMargin(classifier: SingleClassifier, x: readonly number[]): number {
  if (classifier.kind === 'logistic') {
    const { median, mean, scale, weights, intercept } = classifier;
    return x.reduce((sum, raw, j) => {
      const value = Number.isNaN(raw) ? median[j]! : raw;
      return sum + ((value - mean[j]!) / scale[j]!) * weights[j]!;
    }, intercept);
  }
  if (classifier.kind === 'perceptron') {
    const { median, mean, scale, hiddenWeights, hiddenBias, outputWeights, outputBias } =
      classifier;
    const hidden = hiddenBias.length;
    const z = x.map((raw, j) => ((Number.isNaN(raw) ? median[j]! : raw) - mean[j]!) / scale[j]!);
    return outputWeights.reduce((sum, weight, h) => {
      const drive = z.reduce(
        (total, value, j) => total + value * hiddenWeights[j * hidden + h]!,
        0,
      );
      return sum + weight * Math.max(0, hiddenBias[h]! + drive);
    }, outputBias);
  }
  const { forest } = classifier;
  let margin = forest.baseValue;
  for (let tree = 0; tree < forest.treeCount; tree++) {
    let node = forest.treeStart[tree]!;
    while (forest.feature[node]! >= 0) {
      const value = x[forest.feature[node]!]!;
      const goesLeft = Number.isNaN(value)
        ? forest.missingLeft[node] === 1
        : value <= forest.threshold[node]!;
      node = goesLeft ? forest.left[node]! : forest.right[node]!;
    }
    margin += forest.value[node]!;
  }
  return margin;
}
