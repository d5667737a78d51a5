import type { Classifier, Encoding } from '../numeric/classifier.js';
import type { Forest } from '../numeric/forest.js';

const FORMAT = 1;

/** A classifier as JSON with its arrays in base64 (little-endian): read back, every bit is the same. */
export function classifierToText(classifier: Classifier): string {
  const { kind, encoding } = classifier;
  const head = { format: FORMAT, kind, encoding };
  if (classifier.kind === 'logistic') {
    const { median, mean, scale, weights, intercept } = classifier;
    return JSON.stringify({
      ...head,
      median: base64(median),
      mean: base64(mean),
      scale: base64(scale),
      weights: base64(weights),
      intercept: base64(Float64Array.of(intercept)),
    });
  }
  const { forest } = classifier;
  return JSON.stringify({
    ...head,
    forest: {
      treeCount: forest.treeCount,
      columns: forest.columns,
      baseValue: base64(Float64Array.of(forest.baseValue)),
      treeStart: base64(forest.treeStart),
      feature: base64(forest.feature),
      threshold: base64(forest.threshold),
      left: base64(forest.left),
      right: base64(forest.right),
      missingLeft: base64(forest.missingLeft),
      value: base64(forest.value),
      cover: base64(forest.cover),
    },
  });
}

/**
 * The inverse of `classifierToText`, checked: the file may come from anywhere.
 * @throws RangeError naming what is missing or contradicts itself
 */
export function classifierFromText(text: string): Classifier {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new RangeError('the classifier in the file is not JSON', { cause });
  }
  const root = record(parsed, 'classifier');
  if (root['format'] !== FORMAT)
    throw new RangeError(
      `classifier format must be ${String(FORMAT)}, got ${show(root['format'])}`,
    );
  const encoding = readEncoding(record(root['encoding'], 'encoding'));
  const classifier: Classifier =
    root['kind'] === 'boosting' || root['kind'] === 'forest' || root['kind'] === 'isolation'
      ? { kind: root['kind'], encoding, forest: readForest(record(root['forest'], 'forest')) }
      : root['kind'] === 'logistic'
        ? {
            kind: 'logistic',
            encoding,
            median: new Float32Array(decode(root, 'median', 4)),
            mean: new Float64Array(decode(root, 'mean', 8)),
            scale: new Float64Array(decode(root, 'scale', 8)),
            weights: new Float64Array(decode(root, 'weights', 8)),
            intercept: single(root, 'intercept'),
          }
        : fail(
            `classifier kind must be boosting, forest, isolation or logistic, got ${show(root['kind'])}`,
          );
  checkClassifier(classifier);
  return classifier;
}

/**
 * Holds a classifier to its own layout: lengths agree, numbers are finite, every walk down a tree ends.
 * @throws RangeError with the first contradiction
 */
export function checkClassifier(classifier: Classifier): void {
  const { numericNames, categoricalNames, categories } = classifier.encoding;
  equal('categories', categories.length, categoricalNames.length);
  const columns = numericNames.length + categories.reduce((sum, list) => sum + list.length, 0);
  if (columns === 0) fail('a classifier needs at least one design column');
  for (const list of categories) {
    if (new Set(list).size !== list.length) fail('a category is listed twice');
    // ONNX Runtime takes strings up to the first NUL; a lone surrogate has no UTF-8.
    if (list.some((name) => name.includes('\0') || /\p{Surrogate}/u.test(name)))
      fail('a category holds a NUL or a lone surrogate');
  }
  if (classifier.kind !== 'logistic') {
    checkForest(classifier.forest, columns);
    return;
  }
  const { median, mean, scale, weights, intercept } = classifier;
  equal('median', median.length, numericNames.length);
  for (const [name, values] of Object.entries({ mean, scale, weights }))
    equal(name, values.length, columns);
  for (const [name, values] of Object.entries({
    median,
    mean,
    scale,
    weights,
    intercept: [intercept],
  }))
    if (!Array.from(values).every(Number.isFinite)) fail(`${name} holds NaN or infinity`);
  if (!scale.every((value) => value > 0)) fail('scale must be > 0');
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

function readEncoding(value: Record<string, unknown>): Encoding {
  const lists = value['categories'];
  if (!Array.isArray(lists)) return fail('encoding.categories must be a list');
  return {
    numericNames: strings(value['numericNames'], 'encoding.numericNames'),
    categoricalNames: strings(value['categoricalNames'], 'encoding.categoricalNames'),
    categories: lists.map((list: unknown) => strings(list, 'encoding.categories')),
  };
}

function readForest(value: Record<string, unknown>): Forest {
  return {
    treeCount: integer(value, 'treeCount'),
    columns: integer(value, 'columns'),
    baseValue: single(value, 'baseValue'),
    treeStart: new Int32Array(decode(value, 'treeStart', 4)),
    feature: new Int32Array(decode(value, 'feature', 4)),
    threshold: new Float32Array(decode(value, 'threshold', 4)),
    left: new Int32Array(decode(value, 'left', 4)),
    right: new Int32Array(decode(value, 'right', 4)),
    missingLeft: new Uint8Array(decode(value, 'missingLeft', 1)),
    value: new Float64Array(decode(value, 'value', 8)),
    cover: new Float64Array(decode(value, 'cover', 8)),
  };
}

function base64(values: Int32Array | Float32Array | Float64Array | Uint8Array): string {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64');
}

function decode(from: Record<string, unknown>, key: string, width: number): ArrayBuffer {
  const text = from[key];
  if (typeof text !== 'string') return fail(`${key} must be base64, got ${show(text)}`);
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length % width !== 0)
    return fail(`${key} is ${String(bytes.length)} bytes long, not a multiple of ${String(width)}`);
  return new Uint8Array(bytes).buffer;
}

function single(from: Record<string, unknown>, key: string): number {
  const [value] = new Float64Array(decode(from, key, 8));
  return value ?? fail(`${key} is empty`);
}

function integer(from: Record<string, unknown>, key: string): number {
  const value = from[key];
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
    ? value
    : fail(`${key} must be an integer >= 0, got ${show(value)}`);
}

function strings(value: unknown, name: string): string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
    ? value
    : fail(`${name} must be a list of strings`);
}

function record(value: unknown, name: string): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : fail(`${name} must be an object, got ${show(value)}`);
}

function equal(name: string, actual: number, expected: number): void {
  if (actual !== expected)
    fail(`${name} must have ${String(expected)} entries, got ${String(actual)}`);
}

function show(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 40);
}

function fail(message: string): never {
  throw new RangeError(message);
}
