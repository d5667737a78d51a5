import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/kernel/random.js';
import { classifierFromText, classifierToText } from '../../src/onnx/classifier-text.js';
import { encodeModel } from '../../src/onnx/graph.js';
import { readClassifier } from '../../src/onnx/read-classifier.js';
import { CLASSIFIER_KEY } from '../../src/onnx/write-classifier.js';
import { randomBoosting, randomEncoding } from '../support/random-forest.js';

const empty = {
  irVersion: 10,
  producer: 'test',
  name: 'g',
  description: '',
  opsets: { '': 21 },
  nodes: [],
  constants: [],
  inputs: [],
  outputs: [],
};

describe('readClassifier', () => {
  it('is null for an ONNX file without a classifier', () => {
    expect(readClassifier(encodeModel({ ...empty, metadata: { author: 'someone' } }))).toBeNull();
  });

  it('refuses bytes that are not an ONNX file', () => {
    expect(() => readClassifier(Buffer.from('PK\u0003\u0004 not a model'))).toThrow(RangeError);
  });

  it.each([
    ['not JSON', '{', 'not JSON'],
    ['of another format', '{"format":2}', 'format must be 1, got 2'],
    ['without an encoding', '{"format":1}', 'encoding must be an object, got nothing'],
    [
      'of an unknown kind',
      '{"format":1,"kind":"svm","encoding":{"numericNames":[],"categoricalNames":[],"categories":[]}}',
      'kind must be boosting, forest, isolation, logistic, perceptron or blend, got "svm"',
    ],
  ])('refuses a classifier that is %s', (_, text, message) => {
    const bytes = encodeModel({ ...empty, metadata: { [CLASSIFIER_KEY]: text } });
    expect(() => readClassifier(bytes)).toThrow(message);
  });

  it('keeps a negative zero', () => {
    const random = seededRandom(1);
    const classifier = randomBoosting(random, randomEncoding(2, []), { trees: 2, depth: 2 });
    classifier.forest.baseValue = -0;
    const read = classifierFromText(classifierToText(classifier));
    expect(read.kind === 'boosting' && Object.is(read.forest.baseValue, -0)).toBe(true);
  });
});
