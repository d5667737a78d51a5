import type {
  BlendClassifier,
  Classifier,
  Encoding,
  LogisticClassifier,
  PerceptronClassifier,
} from '../numeric/classifier.js';
import type { Forest } from '../numeric/forest.js';
import { fail } from './text-fields.js';

/**
 * Holds a classifier to its own layout: lengths agree, numbers are finite, every walk down a tree ends.
 * @throws RangeError with the first contradiction
 */
export function checkClassifier(classifier: Classifier): void {
  const columns = checkEncoding(classifier.encoding);
  switch (classifier.kind) {
    case 'boosting':
    case 'forest':
    case 'isolation':
      checkForest(classifier.forest, columns);
      return;
    case 'logistic':
      checkStandardisation(classifier, columns);
      equal('weights', classifier.weights.length, columns);
      finite({ weights: classifier.weights, intercept: [classifier.intercept] });
      return;
    case 'perceptron':
      checkStandardisation(classifier, columns);
      checkLayers(classifier, columns);
      return;
    case 'blend':
      checkBlend(classifier);
  }
}

/** Answers the number of design columns. @throws RangeError with the first contradiction */
export function checkEncoding({ numericNames, categoricalNames, categories }: Encoding): number {
  equal('categories', categories.length, categoricalNames.length);
  const columns = numericNames.length + categories.reduce((sum, list) => sum + list.length, 0);
  if (columns === 0) fail('a model needs at least one design column');
  for (const list of categories) {
    if (new Set(list).size !== list.length) fail('a category is listed twice');
    checkTexts(list);
  }
  return columns;
}

/** @throws RangeError for a text that a graph cannot hold */
export function checkTexts(texts: readonly string[]): void {
  // ONNX Runtime takes strings up to the first NUL; a lone surrogate has no UTF-8.
  if (texts.some((text) => text.includes('\0') || /\p{Surrogate}/u.test(text)))
    fail('a category holds a NUL or a lone surrogate');
}

function checkStandardisation(
  { encoding, median, mean, scale }: LogisticClassifier | PerceptronClassifier,
  columns: number,
): void {
  equal('median', median.length, encoding.numericNames.length);
  equal('mean', mean.length, columns);
  equal('scale', scale.length, columns);
  finite({ median, mean, scale });
  if (!scale.every((value) => value > 0)) fail('scale must be > 0');
}

function checkLayers(classifier: PerceptronClassifier, columns: number): void {
  const { hiddenWeights, hiddenBias, outputWeights, outputBias } = classifier;
  if (hiddenBias.length === 0) fail('hiddenBias must have at least 1 entry, got 0');
  equal('hiddenWeights', hiddenWeights.length, columns * hiddenBias.length);
  equal('outputWeights', outputWeights.length, hiddenBias.length);
  finite({ hiddenWeights, hiddenBias, outputWeights, outputBias: [outputBias] });
}

function checkBlend({ encoding, intercept, members }: BlendClassifier): void {
  if (members.length === 0) fail('a blend needs at least one member');
  finite({ intercept: [intercept], weight: members.map(({ weight }) => weight) });
  const inputs = (of: Encoding): string => JSON.stringify([of.numericNames, of.categoricalNames]);
  for (const { classifier } of members) {
    if (inputs(classifier.encoding) !== inputs(encoding))
      fail('the members of a blend must take the same inputs in the same order');
    checkClassifier(classifier);
  }
}

function checkForest(forest: Forest, columns: number): void {
  const { treeCount, treeStart, feature, threshold, left, right } = forest;
  const nodes = feature.length;
  equal('forest.columns', forest.columns, columns);
  equal('forest.treeStart', treeStart.length, treeCount + 1);
  for (const key of ['threshold', 'left', 'right', 'missingLeft', 'value', 'cover'] as const)
    equal(`forest.${key}`, forest[key].length, nodes);
  if (treeStart[0] !== 0 || treeStart[treeCount] !== nodes)
    fail(`forest.treeStart must run from 0 to ${String(nodes)}`);
  if (!Number.isFinite(forest.baseValue)) fail('forest.baseValue must be finite');
  const seen = new Uint8Array(nodes);
  for (let tree = 0; tree < treeCount; tree++) {
    const start = treeStart[tree]!;
    const end = treeStart[tree + 1]!;
    if (end <= start) fail(`tree ${String(tree)} has no nodes`);
    const open = [start];
    let reached = 0;
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      const bad = (what: string): never =>
        fail(`node ${String(node)} of tree ${String(tree)}: ${what}`);
      if (node < start || node >= end) bad('outside the tree');
      // A node with two parents, or above itself: a walk might not end.
      if (seen[node] === 1) bad('reached twice');
      seen[node] = 1;
      reached++;
      if (!Number.isFinite(forest.value[node])) bad('value must be finite');
      if (feature[node]! < 0) continue;
      if (feature[node]! >= columns) bad(`column ${String(feature[node])} of ${String(columns)}`);
      if (Number.isNaN(threshold[node])) bad('threshold is NaN');
      open.push(right[node]!, left[node]!);
    }
    if (reached !== end - start)
      fail(`tree ${String(tree)} reaches ${String(reached)} of its ${String(end - start)} nodes`);
  }
}

/** @throws RangeError naming the first array with NaN or infinity */
export function finite(arrays: Record<string, ArrayLike<number>>): void {
  for (const [name, values] of Object.entries(arrays))
    if (!Array.from(values).every(Number.isFinite)) fail(`${name} holds NaN or infinity`);
}

/** @throws RangeError when a length is another than it must be */
export function equal(name: string, actual: number, expected: number): void {
  if (actual !== expected)
    fail(`${name} must have ${String(expected)} entries, got ${String(actual)}`);
}
