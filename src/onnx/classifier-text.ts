import type {
  BlendClassifier,
  Classifier,
  Encoding,
  LogisticClassifier,
  SingleClassifier,
} from '../numeric/classifier.js';
import type { Forest } from '../numeric/forest.js';
import { checkClassifier } from './check-classifier.js';

const FORMAT = 1;

/** A classifier as JSON with its arrays in base64 (little-endian): read back, every bit is the same. */
export function classifierToText(classifier: Classifier): string {
  return JSON.stringify({ format: FORMAT, ...partsOf(classifier) });
}

function partsOf(classifier: Classifier): Record<string, unknown> {
  const { kind, encoding } = classifier;
  switch (classifier.kind) {
    case 'boosting':
    case 'forest':
    case 'isolation':
      return { kind, encoding, forest: forestParts(classifier.forest) };
    case 'logistic': {
      const { weights, intercept } = classifier;
      return {
        kind,
        encoding,
        ...standardisationParts(classifier),
        weights: base64(weights),
        intercept: base64(Float64Array.of(intercept)),
      };
    }
    case 'perceptron': {
      const { hiddenWeights, hiddenBias, outputWeights, outputBias } = classifier;
      return {
        kind,
        encoding,
        ...standardisationParts(classifier),
        hiddenWeights: base64(hiddenWeights),
        hiddenBias: base64(hiddenBias),
        outputWeights: base64(outputWeights),
        outputBias: base64(Float64Array.of(outputBias)),
      };
    }
    case 'blend':
      return {
        kind,
        encoding,
        intercept: base64(Float64Array.of(classifier.intercept)),
        members: classifier.members.map((member) => ({
          weight: base64(Float64Array.of(member.weight)),
          classifier: partsOf(member.classifier),
        })),
      };
  }
}

function standardisationParts({
  median,
  mean,
  scale,
}: Pick<LogisticClassifier, 'median' | 'mean' | 'scale'>): Record<string, string> {
  return { median: base64(median), mean: base64(mean), scale: base64(scale) };
}

function forestParts(forest: Forest): Record<string, unknown> {
  return {
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
  };
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
  const classifier = root['kind'] === 'blend' ? readBlend(root) : readSingle(root);
  checkClassifier(classifier);
  return classifier;
}

function readBlend(root: Record<string, unknown>): BlendClassifier {
  const members = root['members'];
  if (!Array.isArray(members)) return fail('members must be a list');
  return {
    kind: 'blend',
    encoding: readEncoding(record(root['encoding'], 'encoding')),
    intercept: single(root, 'intercept'),
    members: members.map((value: unknown) => {
      const member = record(value, 'member');
      return {
        weight: single(member, 'weight'),
        classifier: readSingle(record(member['classifier'], 'classifier')),
      };
    }),
  };
}

function readSingle(root: Record<string, unknown>): SingleClassifier {
  const encoding = readEncoding(record(root['encoding'], 'encoding'));
  const { kind } = root;
  switch (kind) {
    case 'boosting':
    case 'forest':
    case 'isolation':
      return { kind, encoding, forest: readForest(record(root['forest'], 'forest')) };
    case 'logistic':
      return {
        kind,
        encoding,
        ...readStandardisation(root),
        weights: doubles(root, 'weights'),
        intercept: single(root, 'intercept'),
      };
    case 'perceptron':
      return {
        kind,
        encoding,
        ...readStandardisation(root),
        hiddenWeights: doubles(root, 'hiddenWeights'),
        hiddenBias: doubles(root, 'hiddenBias'),
        outputWeights: doubles(root, 'outputWeights'),
        outputBias: single(root, 'outputBias'),
      };
    default:
      return fail(
        `classifier kind must be boosting, forest, isolation, logistic, perceptron or blend, got ${show(kind)}`,
      );
  }
}

function readStandardisation(root: Record<string, unknown>) {
  return {
    median: new Float32Array(decode(root, 'median', 4)),
    mean: doubles(root, 'mean'),
    scale: doubles(root, 'scale'),
  };
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

function doubles(from: Record<string, unknown>, key: string): Float64Array {
  return new Float64Array(decode(from, key, 8));
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

function show(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 40);
}

function fail(message: string): never {
  throw new RangeError(message);
}
