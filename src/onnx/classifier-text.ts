import type {
  BlendClassifier,
  Classifier,
  LogisticClassifier,
  SingleClassifier,
} from '../numeric/classifier.js';
import type { Forest } from '../numeric/forest.js';
import { checkClassifier } from './check-classifier.js';
import {
  base64,
  decode,
  doubles,
  fail,
  integer,
  readEncoding,
  record,
  show,
  single,
} from './text-fields.js';

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
