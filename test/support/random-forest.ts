import type { Random } from '../../src/kernel/random.js';
import { blendOf } from '../../src/numeric/blend.js';
import type {
  BlendClassifier,
  Classifier,
  Encoding,
  LogisticClassifier,
  PerceptronClassifier,
  TreeClassifier,
} from '../../src/numeric/classifier.js';
import type { Forest } from '../../src/numeric/forest.js';
import type { FeatureTable } from '../../src/numeric/table.js';

export interface ForestShape {
  trees: number;
  depth: number;
  columns: number;
  /** Chance that a node above `depth` is a leaf all the same; 0 = full trees. */
  earlyLeafShare?: number;
  /** Columns from here on are one-hot: thresholds lie between 0 and 1. */
  numericColumns?: number;
}

/** A forest as training could have left it: children after parents, float32 thresholds, halved covers. */
export function randomForest(random: Random, shape: ForestShape): Forest {
  const feature: number[] = [];
  const threshold: number[] = [];
  const left: number[] = [];
  const right: number[] = [];
  const missingLeft: number[] = [];
  const value: number[] = [];
  const cover: number[] = [];
  const grow = (depth: number, rows: number): number => {
    const node = feature.length;
    const leaf = depth === 0 || random.next() < (shape.earlyLeafShare ?? 0);
    const column = random.int(shape.columns);
    feature.push(leaf ? -1 : column);
    const oneHot = column >= (shape.numericColumns ?? shape.columns);
    threshold.push(leaf ? 0 : oneHot ? 0.5 : Math.fround(random.normal()));
    missingLeft.push(leaf ? 0 : random.int(2));
    value.push(leaf ? Math.fround(random.normal() * 0.05) : 0);
    cover.push(rows);
    left.push(-1);
    right.push(-1);
    if (!leaf) {
      const share = 0.2 + 0.6 * random.next();
      left[node] = grow(depth - 1, rows * share);
      right[node] = grow(depth - 1, rows * (1 - share));
    }
    return node;
  };
  const treeStart = [0];
  for (let tree = 0; tree < shape.trees; tree++) {
    grow(shape.depth, 1000);
    treeStart.push(feature.length);
  }
  return {
    treeCount: shape.trees,
    treeStart: Int32Array.from(treeStart),
    feature: Int32Array.from(feature),
    threshold: Float32Array.from(threshold),
    left: Int32Array.from(left),
    right: Int32Array.from(right),
    missingLeft: Uint8Array.from(missingLeft),
    value: Float64Array.from(value),
    cover: Float64Array.from(cover),
    baseValue: Math.fround(random.normal()),
    columns: shape.columns,
  };
}

/** `numeric` numbers named n0, n1, … and categorical inputs c0, c1, … with the given category counts. */
export function randomEncoding(numeric: number, categoryCounts: readonly number[]): Encoding {
  const names = ['', 'Ärger', 'no', 'yes', '東京', 'zz', "a'b", ' '];
  return {
    numericNames: Array.from({ length: numeric }, (_, i) => `n${String(i)}`),
    categoricalNames: categoryCounts.map((_, i) => `c${String(i)}`),
    categories: categoryCounts.map((count) => names.slice(0, count).sort()),
  };
}

export function randomBoosting(
  random: Random,
  encoding: Encoding,
  shape: Omit<ForestShape, 'columns'>,
): TreeClassifier {
  const numericColumns = encoding.numericNames.length;
  const columns = numericColumns + encoding.categories.reduce((sum, list) => sum + list.length, 0);
  return {
    kind: 'boosting',
    encoding,
    forest: randomForest(random, { ...shape, columns, numericColumns }),
  };
}

export function randomLogistic(random: Random, encoding: Encoding): LogisticClassifier {
  const numeric = encoding.numericNames.length;
  const columns = numeric + encoding.categories.reduce((sum, list) => sum + list.length, 0);
  const draw = (): Float64Array => Float64Array.from({ length: columns }, () => random.normal());
  return {
    kind: 'logistic',
    encoding,
    median: Float32Array.from({ length: numeric }, () => random.normal()),
    mean: draw(),
    scale: draw().map((x) => 0.1 + Math.abs(x)),
    weights: draw().map((x) => x / 4),
    intercept: random.normal(),
  };
}

export function randomPerceptron(
  random: Random,
  encoding: Encoding,
  hidden: number,
): PerceptronClassifier {
  const { median, mean, scale } = randomLogistic(random, encoding);
  const draw = (length: number): Float64Array =>
    Float64Array.from({ length }, () => random.normal() / 4);
  return {
    kind: 'perceptron',
    encoding,
    median,
    mean,
    scale,
    hiddenWeights: draw(mean.length * hidden),
    hiddenBias: draw(hidden),
    outputWeights: draw(hidden),
    outputBias: random.normal(),
  };
}

/** One of each kind, over the same raw inputs. */
export function randomBlend(
  random: Random,
  encoding: Encoding,
  shape: Omit<ForestShape, 'columns'>,
): BlendClassifier {
  return blendOf(
    [
      { weight: random.normal(), classifier: randomBoosting(random, encoding, shape) },
      { weight: random.normal(), classifier: randomLogistic(random, encoding) },
      { weight: random.normal(), classifier: randomPerceptron(random, encoding, 4) },
      {
        weight: random.normal(),
        classifier: { ...randomBoosting(random, encoding, shape), kind: 'isolation' },
      },
    ],
    random.normal(),
  );
}

/**
 * Rows that look for trouble: a fifth of the numbers is missing, a fifth lies exactly on a threshold,
 * categories are listed, missing or unknown.
 */
export function randomTable(random: Random, classifier: Classifier, rows: number): FeatureTable {
  const { numericNames, categoricalNames, categories } = classifier.encoding;
  const [member = classifier] =
    classifier.kind === 'blend' ? classifier.members.map((each) => each.classifier) : [classifier];
  const thresholds = 'forest' in member ? member.forest.threshold : null;
  const numeric = new Float32Array(rows * numericNames.length).map(() => {
    const kind = random.next();
    if (kind < 0.2) return NaN;
    if (kind < 0.4 && thresholds) return thresholds[random.int(thresholds.length)] ?? 0;
    return random.normal();
  });
  const categorical: string[] = [];
  for (let row = 0; row < rows; row++)
    for (const list of categories) {
      const pick = random.int(list.length + 2);
      categorical.push(list[pick] ?? (pick === list.length ? '' : 'never seen'));
    }
  return { rows, numericNames, numeric, categoricalNames, categorical };
}
