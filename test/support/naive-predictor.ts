import type { Classifier } from '../../src/numeric/classifier.js';
import type { FeatureTable } from '../../src/numeric/table.js';

/** Margins straight from the definitions of Forest and LogisticClassifier, slow and obvious: the twin of tests. */
export function naiveMargins(classifier: Classifier, table: FeatureTable): Float64Array {
  return Float64Array.from({ length: table.rows }, (_, row) =>
    naiveMargin(classifier, designRow(classifier, table, row)),
  );
}

function designRow(classifier: Classifier, table: FeatureTable, row: number): number[] {
  const { numericNames, categories } = classifier.encoding;
  const width = numericNames.length;
  const numbers = Array.from(table.numeric.subarray(row * width, (row + 1) * width));
  const blocks = categories.flatMap((list, i) => {
    const given = table.categorical[row * categories.length + i];
    return list.map((category) => (category === given ? 1 : 0));
  });
  return [...numbers, ...blocks];
}

function naiveMargin(classifier: Classifier, x: readonly number[]): number {
  if (classifier.kind === 'logistic') {
    const { median, mean, scale, weights, intercept } = classifier;
    return x.reduce((sum, raw, j) => {
      const value = Number.isNaN(raw) ? median[j]! : raw;
      return sum + ((value - mean[j]!) / scale[j]!) * weights[j]!;
    }, intercept);
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
