import type { Clusterer, MedoidClusterer, Preparation } from '../numeric/clusterer.js';
import { checkClusterer } from './check-clusterer.js';
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
  strings,
} from './text-fields.js';

const FORMAT = 1;

/** A clusterer as JSON with its arrays in base64 (little-endian): read back, every bit is the same. */
export function clustererToText(clusterer: Clusterer): string {
  return JSON.stringify({ format: FORMAT, ...partsOf(clusterer) });
}

function partsOf(clusterer: Clusterer): Record<string, unknown> {
  const { kind, segments } = clusterer;
  switch (clusterer.kind) {
    case 'prototypes': {
      const { preparation, prototypes, segmentOf, spread, noise } = clusterer;
      return {
        kind,
        segments,
        preparation: preparationParts(preparation),
        prototypes: base64(prototypes),
        segmentOf: base64(segmentOf),
        spread: base64(Float64Array.of(spread)),
        noise: noise && {
          radius: base64(Float64Array.of(noise.radius)),
          segment: noise.segment,
        },
      };
    }
    case 'mixture':
      return {
        kind,
        segments,
        preparation: preparationParts(clusterer.preparation),
        weights: base64(clusterer.weights),
        means: base64(clusterer.means),
        whitening: base64(clusterer.whitening),
        logDeterminants: base64(clusterer.logDeterminants),
      };
    case 'medoids':
      return medoidParts(clusterer);
  }
}

function medoidParts(clusterer: MedoidClusterer): Record<string, unknown> {
  const { kind, segments, numericNames, categoricalNames, medoidTexts } = clusterer;
  return {
    kind,
    segments,
    numericNames,
    categoricalNames,
    range: base64(clusterer.range),
    weight: base64(clusterer.weight),
    medoidNumbers: base64(clusterer.medoidNumbers),
    medoidTexts,
    spread: base64(Float64Array.of(clusterer.spread)),
  };
}

function preparationParts(preparation: Preparation): Record<string, unknown> {
  const { encoding, fill, low, high, logarithm, mean, scale, weight, rotation } = preparation;
  return {
    encoding,
    fill: base64(fill),
    low: base64(low),
    high: base64(high),
    logarithm: base64(logarithm),
    mean: base64(mean),
    scale: base64(scale),
    weight: base64(weight),
    rotation: rotation && { kept: rotation.kept, components: base64(rotation.components) },
  };
}

/**
 * The inverse of `clustererToText`, checked: the file may come from anywhere.
 * @throws RangeError naming what is missing or contradicts itself
 */
export function clustererFromText(text: string): Clusterer {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new RangeError('the clusterer in the file is not JSON', { cause });
  }
  const root = record(parsed, 'clusterer');
  if (root['format'] !== FORMAT)
    fail(`clusterer format must be ${String(FORMAT)}, got ${show(root['format'])}`);
  const clusterer = readParts(root);
  checkClusterer(clusterer);
  return clusterer;
}

function readParts(root: Record<string, unknown>): Clusterer {
  const { kind } = root;
  switch (kind) {
    case 'prototypes':
      return {
        kind,
        segments: integer(root, 'segments'),
        preparation: readPreparation(record(root['preparation'], 'preparation')),
        prototypes: doubles(root, 'prototypes'),
        segmentOf: new Int32Array(decode(root, 'segmentOf', 4)),
        spread: single(root, 'spread'),
        noise: root['noise'] === null ? null : readNoise(record(root['noise'], 'noise')),
      };
    case 'mixture':
      return {
        kind,
        segments: integer(root, 'segments'),
        preparation: readPreparation(record(root['preparation'], 'preparation')),
        weights: doubles(root, 'weights'),
        means: doubles(root, 'means'),
        whitening: doubles(root, 'whitening'),
        logDeterminants: doubles(root, 'logDeterminants'),
      };
    case 'medoids':
      return {
        kind,
        segments: integer(root, 'segments'),
        numericNames: strings(root['numericNames'], 'numericNames'),
        categoricalNames: strings(root['categoricalNames'], 'categoricalNames'),
        range: doubles(root, 'range'),
        weight: doubles(root, 'weight'),
        medoidNumbers: doubles(root, 'medoidNumbers'),
        medoidTexts: strings(root['medoidTexts'], 'medoidTexts'),
        spread: single(root, 'spread'),
      };
    default:
      return fail(`clusterer kind must be prototypes, mixture or medoids, got ${show(kind)}`);
  }
}

function readNoise(value: Record<string, unknown>): { radius: number; segment: number } {
  return { radius: single(value, 'radius'), segment: integer(value, 'segment') };
}

function readPreparation(value: Record<string, unknown>): Preparation {
  return {
    encoding: readEncoding(record(value['encoding'], 'encoding')),
    fill: doubles(value, 'fill'),
    low: doubles(value, 'low'),
    high: doubles(value, 'high'),
    logarithm: new Uint8Array(decode(value, 'logarithm', 1)),
    mean: doubles(value, 'mean'),
    scale: doubles(value, 'scale'),
    weight: doubles(value, 'weight'),
    rotation:
      value['rotation'] === null ? null : readRotation(record(value['rotation'], 'rotation')),
  };
}

function readRotation(value: Record<string, unknown>): NonNullable<Preparation['rotation']> {
  return { kept: integer(value, 'kept'), components: doubles(value, 'components') };
}
