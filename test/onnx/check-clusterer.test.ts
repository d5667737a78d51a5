import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/kernel/random.js';
import type { Preparation } from '../../src/numeric/clusterer.js';
import { checkClusterer } from '../../src/onnx/check-clusterer.js';
import { clustererFromText } from '../../src/onnx/clusterer-text.js';
import { readClusterer } from '../../src/onnx/read-clusterer.js';
import { CLUSTERER_KEY, writeClusterer } from '../../src/onnx/write-clusterer.js';
import { readMetadata } from '../../src/onnx/graph.js';
import { writeClassifier } from '../../src/onnx/write-classifier.js';
import {
  randomMedoids,
  randomMixture,
  randomPreparation,
  randomPrototypes,
} from '../support/random-clusterer.js';
import { randomEncoding, randomLogistic } from '../support/random-forest.js';

const encoding = randomEncoding(2, [2]);
const prepared = (): Preparation =>
  randomPreparation(seededRandom(1), encoding, { kept: 2, bounded: true });
const prototypes = () =>
  randomPrototypes(seededRandom(2), prepared(), { segments: 2, most: 1, noise: false });
const mixture = () => randomMixture(seededRandom(3), prepared(), 2);
const medoids = () => randomMedoids(seededRandom(4), encoding, 2);

describe('a preparation is refused with', () => {
  it.each<[string, Partial<Preparation>, string]>([
    ['no design column', { encoding: randomEncoding(0, [0]) }, 'at least one design column'],
    ['a category twice', { encoding: { ...encoding, categories: [['a', 'a']] } }, 'listed twice'],
    ['a fill too few', { fill: Float64Array.of(0) }, 'fill must have 2 entries, got 1'],
    ['a mean too many', { mean: new Float64Array(5) }, 'mean must have 4 entries, got 5'],
    ['NaN to fill', { fill: Float64Array.of(0, NaN) }, 'fill holds NaN or infinity'],
    ['a scale of 0', { scale: Float64Array.of(1, 0, 1, 1) }, 'scale must be > 0'],
    ['a weight below 0', { weight: Float64Array.of(1, -1, 1, 1) }, 'weight must be >= 0'],
    [
      'bounds the wrong way round',
      { low: Float64Array.of(0, 2), high: Float64Array.of(1, 1), logarithm: new Uint8Array(2) },
      'low must be <= high, got 2 and 1 of input 1',
    ],
    ['a NaN bound', { high: Float64Array.of(NaN, 1) }, 'low must be <= high'],
    [
      'a logarithm below 0',
      { low: Float64Array.of(-0.5, 0), logarithm: Uint8Array.of(1, 0) },
      'low must be >= 0 under a logarithm, got -0.5 of input 0',
    ],
    ['a flag of 2', { logarithm: Uint8Array.of(2, 0) }, 'logarithm must be 0 or 1, got 2'],
    [
      'components of another width',
      { rotation: { kept: 2, components: new Float64Array(6) } },
      'rotation.components must have 8 entries, got 6',
    ],
    [
      'no components',
      { rotation: { kept: 0, components: new Float64Array(0) } },
      'rotation.kept must be an integer >= 1, got 0',
    ],
  ])('%s', (_, change, message) => {
    const preparation = { ...prepared(), ...change };
    expect(() => writeClusterer({ ...prototypes(), preparation })).toThrow(message);
    expect(() => writeClusterer({ ...mixture(), preparation })).toThrow(message);
  });
});

describe('prototypes are refused with', () => {
  it.each<[string, Partial<ReturnType<typeof prototypes>>, string]>([
    ['no segment', { segments: 0 }, 'segments must be an integer >= 1, got 0'],
    ['no prototype', { segmentOf: new Int32Array(0) }, 'segmentOf must have at least 1 entry'],
    [
      'prototypes of another width',
      { prototypes: new Float64Array(3) },
      'prototypes must have 4 entries, got 3',
    ],
    ['NaN', { prototypes: Float64Array.of(0, 0, 0, NaN) }, 'prototypes holds NaN'],
    ['a spread of 0', { spread: 0 }, 'spread must be > 0 and finite, got 0'],
    ['a segment too high', { segmentOf: Int32Array.of(0, 2) }, 'segmentOf must be 0..1, got 2'],
    ['a segment below 0', { segmentOf: Int32Array.of(0, -1) }, 'segmentOf must be 0..1, got -1'],
    ['a segment nobody can reach', { segments: 3 }, 'segment 2 has no prototype'],
    [
      'the first segment out of reach',
      { segmentOf: Int32Array.of(1, 1) },
      'segment 0 has no prototype',
    ],
    [
      'a prototype of noise',
      { noise: { radius: 1, segment: 1 } },
      'segment 1 is that of noise and has a prototype',
    ],
    [
      'noise out of range',
      { noise: { radius: 1, segment: 2 } },
      'noise.segment must be 0..1, got 2',
    ],
    [
      'a radius of 0',
      { segments: 3, noise: { radius: 0, segment: 2 } },
      'noise.radius must be > 0 and finite, got 0',
    ],
  ])('%s', (_, change, message) => {
    expect(() => writeClusterer({ ...prototypes(), ...change })).toThrow(message);
  });
});

describe('a mixture is refused with', () => {
  it.each<[string, (of: ReturnType<typeof mixture>) => void, string]>([
    ['weights that do not add up', ({ weights }) => weights.fill(0.6), 'add up to 1, got 1.2'],
    ['a weight of 0', ({ weights }) => weights.set([0, 1]), 'weights must be > 0'],
    ['a NaN mean', ({ means }) => (means[1] = NaN), 'means holds NaN'],
    [
      'a singular covariance',
      ({ whitening }) => (whitening[3] = 0),
      'whitening of segment 0 must be > 0 on its diagonal, got 0',
    ],
    [
      'a factor the wrong way round',
      ({ whitening }) => (whitening[5] = 0.1),
      'whitening of segment 1 must be lower triangular',
    ],
    [
      'a determinant of something else',
      ({ logDeterminants }) => (logDeterminants[1]! += 0.1),
      'logDeterminants of segment 1 must be',
    ],
  ])('%s', (_, spoil, message) => {
    const clusterer = mixture();
    spoil(clusterer);
    expect(() => writeClusterer(clusterer)).toThrow(message);
  });
});

describe('medoids are refused with', () => {
  it.each<[string, Partial<ReturnType<typeof medoids>>, string]>([
    ['no inputs', { numericNames: [], categoricalNames: [] }, 'a model needs at least one input'],
    ['a range of 0', { range: Float64Array.of(1, 0) }, 'range must be > 0'],
    ['a weight too few', { weight: Float64Array.of(1, 1) }, 'weight must have 3 entries, got 2'],
    ['a weight of 0', { weight: Float64Array.of(1, 1, 0) }, 'weight must be > 0'],
    [
      'an infinite medoid',
      { medoidNumbers: Float64Array.of(0, NaN, Infinity, 0) },
      'medoidNumbers holds NaN or infinity',
    ],
    ['a text too many', { medoidTexts: ['', '', ''] }, 'medoidTexts must have 2 entries, got 3'],
    ['a NUL in a text', { medoidTexts: ['', 'a\0b'] }, 'holds a NUL'],
    ['an infinite spread', { spread: Infinity }, 'spread must be > 0 and finite, got Infinity'],
  ])('%s', (_, change, message) => {
    expect(() => writeClusterer({ ...medoids(), ...change })).toThrow(message);
  });
});

describe('readClusterer', () => {
  it('is null for a file with a classifier', () => {
    const bytes = writeClassifier(randomLogistic(seededRandom(1), encoding));
    expect(readClusterer(bytes)).toBeNull();
  });

  it('refuses bytes that are not an ONNX file', () => {
    expect(() => readClusterer(Buffer.from('PK\u0003\u0004 not a model'))).toThrow(RangeError);
  });

  it.each([
    ['not JSON', '{', 'the clusterer in the file is not JSON'],
    ['of another format', '{"format":2}', 'clusterer format must be 1, got 2'],
    [
      'of an unknown kind',
      '{"format":1,"kind":"spectral"}',
      'clusterer kind must be prototypes, mixture or medoids, got "spectral"',
    ],
    [
      'without a preparation',
      '{"format":1,"kind":"mixture","segments":2}',
      'preparation must be an object, got nothing',
    ],
  ])('refuses a clusterer that is %s', (_, text, message) => {
    expect(() => clustererFromText(text)).toThrow(message);
  });

  it('refuses a clusterer in the file that contradicts itself', () => {
    const text = readMetadata(writeClusterer(prototypes()), CLUSTERER_KEY) ?? '';
    expect(() => clustererFromText(text.replace('"segments":2', '"segments":3'))).toThrow(
      'segment 2 has no prototype',
    );
  });

  it('takes all that the kinds allow', () => {
    for (const make of [prototypes, mixture, medoids])
      expect(() => {
        checkClusterer(make());
      }).not.toThrow();
  });
});
