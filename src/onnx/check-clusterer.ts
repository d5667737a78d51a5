import type {
  Clusterer,
  MedoidClusterer,
  MixtureClusterer,
  Preparation,
  PrototypeClusterer,
} from '../numeric/clusterer.js';
import { checkEncoding, checkTexts, equal, finite } from './check-classifier.js';
import { fail } from './text-fields.js';

/** How far weights may be from adding up to 1, and a log determinant from its factor. */
const ROUNDING = 1e-6;

/**
 * Holds a clusterer to its own layout: lengths agree, numbers are finite, every segment can be reached.
 * @throws RangeError with the first contradiction
 */
export function checkClusterer(clusterer: Clusterer): void {
  if (!Number.isSafeInteger(clusterer.segments) || clusterer.segments < 1)
    fail(`segments must be an integer >= 1, got ${String(clusterer.segments)}`);
  switch (clusterer.kind) {
    case 'prototypes':
      checkPrototypes(clusterer, checkPreparation(clusterer.preparation));
      return;
    case 'mixture':
      checkMixture(clusterer, checkPreparation(clusterer.preparation));
      return;
    case 'medoids':
      checkMedoids(clusterer);
  }
}

/** Answers the width of the space. */
function checkPreparation(preparation: Preparation): number {
  const { encoding, fill, low, high, logarithm, mean, scale, weight, rotation } = preparation;
  const columns = checkEncoding(encoding);
  const numbers = encoding.numericNames.length;
  for (const [name, { length }] of Object.entries({ fill, low, high, logarithm }))
    equal(name, length, numbers);
  for (const [name, { length }] of Object.entries({ mean, scale, weight }))
    equal(name, length, columns);
  finite({ fill, mean, scale, weight });
  if (!scale.every((value) => value > 0)) fail('scale must be > 0');
  if (!weight.every((value) => value >= 0)) fail('weight must be >= 0');
  for (let input = 0; input < numbers; input++) checkBounds(preparation, input);
  if (!rotation) return columns;
  const { kept, components } = rotation;
  if (!Number.isSafeInteger(kept) || kept < 1)
    fail(`rotation.kept must be an integer >= 1, got ${String(kept)}`);
  equal('rotation.components', components.length, kept * columns);
  finite({ 'rotation.components': components });
  return kept;
}

function checkBounds({ low, high, logarithm }: Preparation, input: number): void {
  const from = low[input]!;
  const to = high[input]!;
  if (!(from <= to) || from === Infinity || to === -Infinity)
    fail(`low must be <= high, got ${String(from)} and ${String(to)} of input ${String(input)}`);
  const flag = logarithm[input]!;
  if (flag > 1) fail(`logarithm must be 0 or 1, got ${String(flag)}`);
  if (flag === 1 && from < 0)
    fail(`low must be >= 0 under a logarithm, got ${String(from)} of input ${String(input)}`);
}

function checkPrototypes(clusterer: PrototypeClusterer, width: number): void {
  const { segments, prototypes, segmentOf, spread, noise } = clusterer;
  if (segmentOf.length === 0) fail('segmentOf must have at least 1 entry, got 0');
  equal('prototypes', prototypes.length, segmentOf.length * width);
  finite({ prototypes });
  checkSpread(spread);
  const reached = new Uint8Array(segments);
  const inRange = (segment: number): boolean =>
    Number.isSafeInteger(segment) && segment >= 0 && segment < segments;
  for (const segment of segmentOf) {
    if (!inRange(segment))
      fail(`segmentOf must be 0..${String(segments - 1)}, got ${String(segment)}`);
    if (segment === noise?.segment)
      fail(`segment ${String(segment)} is that of noise and has a prototype`);
    reached[segment] = 1;
  }
  if (noise) {
    if (!inRange(noise.segment))
      fail(`noise.segment must be 0..${String(segments - 1)}, got ${String(noise.segment)}`);
    if (!(noise.radius > 0 && Number.isFinite(noise.radius)))
      fail(`noise.radius must be > 0 and finite, got ${String(noise.radius)}`);
    reached[noise.segment] = 1;
  }
  const empty = reached.indexOf(0);
  if (empty >= 0) fail(`segment ${String(empty)} has no prototype`);
}

function checkMixture(clusterer: MixtureClusterer, width: number): void {
  const { segments, weights, means, whitening, logDeterminants } = clusterer;
  equal('weights', weights.length, segments);
  equal('means', means.length, segments * width);
  equal('whitening', whitening.length, segments * width * width);
  equal('logDeterminants', logDeterminants.length, segments);
  finite({ weights, means, whitening, logDeterminants });
  if (!weights.every((value) => value > 0)) fail('weights must be > 0');
  const sum = weights.reduce((total, value) => total + value, 0);
  if (!(Math.abs(sum - 1) <= ROUNDING)) fail(`weights must add up to 1, got ${String(sum)}`);
  for (let segment = 0; segment < segments; segment++) {
    const from = segment * width * width;
    const logDeterminant = factorLogDeterminant(whitening.subarray(from), width, segment);
    const told = logDeterminants[segment]!;
    if (!(Math.abs(told - logDeterminant) <= ROUNDING * Math.max(1, Math.abs(told))))
      fail(
        `logDeterminants of segment ${String(segment)} must be ${String(logDeterminant)} by its whitening, got ${String(told)}`,
      );
  }
}

/** Log determinant of the covariance whose inverse Cholesky factor leads `factor`. */
function factorLogDeterminant(factor: Float64Array, width: number, segment: number): number {
  let sum = 0;
  for (let i = 0; i < width; i++) {
    const diagonal = factor[i * width + i]!;
    if (!(diagonal > 0))
      fail(
        `whitening of segment ${String(segment)} must be > 0 on its diagonal, got ${String(diagonal)}`,
      );
    sum -= 2 * Math.log(diagonal);
    for (let j = i + 1; j < width; j++)
      if (factor[i * width + j] !== 0)
        fail(`whitening of segment ${String(segment)} must be lower triangular`);
  }
  return sum;
}

function checkMedoids(clusterer: MedoidClusterer): void {
  const { segments, numericNames, categoricalNames, range, weight, spread } = clusterer;
  const { medoidNumbers, medoidTexts } = clusterer;
  const inputs = numericNames.length + categoricalNames.length;
  if (inputs === 0) fail('a model needs at least one input');
  equal('range', range.length, numericNames.length);
  equal('weight', weight.length, inputs);
  equal('medoidNumbers', medoidNumbers.length, segments * numericNames.length);
  equal('medoidTexts', medoidTexts.length, segments * categoricalNames.length);
  finite({ range, weight, medoidNumbers: medoidNumbers.filter((value) => !Number.isNaN(value)) });
  if (!range.every((value) => value > 0)) fail('range must be > 0');
  if (!weight.every((value) => value > 0)) fail('weight must be > 0');
  checkTexts(medoidTexts);
  checkSpread(spread);
}

function checkSpread(spread: number): void {
  if (!(spread > 0 && Number.isFinite(spread)))
    fail(`spread must be > 0 and finite, got ${String(spread)}`);
}
