import { applyPreparation } from './apply-preparation.js';
import type {
  Clusterer,
  MedoidClusterer,
  Memberships,
  MixtureClusterer,
  PrototypeClusterer,
} from './clusterer.js';
import type { PointMatrix } from './clustering.js';
import { positionOf } from './encoding.js';
import type { FeatureTable } from './table.js';

/**
 * Memberships of raw rows: what the graph of the clusterer is held to. Inputs are found by name. Nothing is NaN, however
 * far away a row is; a row of missing values alone is treated as at training.
 * @throws RangeError if the table lacks an input
 * Cost: O(rows x prototypes x width); a mixture O(rows x segments x width^2).
 */
export function predictClusterer(clusterer: Clusterer, table: FeatureTable): Memberships {
  if (clusterer.kind === 'medoids') return predictMedoids(clusterer, table);
  return predictPoints(clusterer, applyPreparation(clusterer.preparation, table));
}

/** The same for rows that are prepared already. */
function predictPoints(
  clusterer: PrototypeClusterer | MixtureClusterer,
  points: PointMatrix,
): Memberships {
  return clusterer.kind === 'prototypes'
    ? predictPrototypes(clusterer, points)
    : predictMixture(clusterer, points);
}

function allocateMemberships(rows: number, segments: number): Memberships {
  return {
    segments,
    segment: new Int32Array(rows),
    probability: new Float64Array(rows * segments),
    distance: new Float64Array(rows * segments),
  };
}

function predictPrototypes(
  { segments, prototypes, segmentOf, spread, noise }: PrototypeClusterer,
  { rows, columns, values }: PointMatrix,
): Memberships {
  const memberships = allocateMemberships(rows, segments);
  const squared = new Float64Array(segments);
  for (let row = 0; row < rows; row++) {
    const at = row * columns;
    squared.fill(Infinity);
    for (let p = 0, from = 0; p < segmentOf.length; p++, from += columns) {
      let sum = 0;
      for (let j = 0; j < columns; j++) {
        const difference = values[at + j]! - prototypes[from + j]!;
        sum += difference * difference;
      }
      const segment = segmentOf[p]!;
      if (sum < squared[segment]!) squared[segment] = sum;
    }
    if (noise) squared[noise.segment] = noise.radius * noise.radius;
    writeBySpread(memberships, row, squared, spread);
  }
  return memberships;
}

function predictMixture(
  { segments, weights, means, whitening, logDeterminants }: MixtureClusterer,
  { rows, columns, values }: PointMatrix,
): Memberships {
  const memberships = allocateMemberships(rows, segments);
  const logits = new Float64Array(segments);
  const gap = new Float64Array(columns);
  for (let row = 0; row < rows; row++) {
    for (let s = 0; s < segments; s++) {
      for (let j = 0; j < columns; j++) {
        gap[j] = values[row * columns + j]! - means[s * columns + j]!;
      }
      const squared = whitenedLength(whitening, s * columns * columns, gap);
      logits[s] = Math.log(weights[s]!) - 0.5 * (squared + logDeterminants[s]!);
      memberships.distance[row * segments + s] = Math.sqrt(squared);
    }
    writeSoftmax(memberships, row, logits);
  }
  return memberships;
}

/** Squared length of the lower triangular matrix at `start` times `gap`. */
function whitenedLength(whitening: Float64Array, start: number, gap: Float64Array): number {
  let squared = 0;
  for (let i = 0; i < gap.length; i++) {
    let sum = 0;
    const from = start + i * gap.length;
    for (let j = 0; j <= i; j++) sum += whitening[from + j]! * gap[j]!;
    squared += sum * sum;
  }
  return squared;
}

function predictMedoids(clusterer: MedoidClusterer, table: FeatureTable): Memberships {
  const { segments, spread } = clusterer;
  const distanceTo = gowerTo(clusterer, table);
  const memberships = allocateMemberships(table.rows, segments);
  const squared = new Float64Array(segments);
  for (let row = 0; row < table.rows; row++) {
    for (let s = 0; s < segments; s++) squared[s] = distanceTo(row, s) ** 2;
    writeBySpread(memberships, row, squared, spread);
  }
  return memberships;
}

/** Distance of a row of the table to a medoid, as `gowerDistance` has it between rows. */
function gowerTo(clusterer: MedoidClusterer, table: FeatureTable) {
  const { numericNames, categoricalNames, range, weight, medoidNumbers, medoidTexts } = clusterer;
  const numbers = numericNames.map((name) => positionOf(name, table.numericNames, 'numeric'));
  const texts = categoricalNames.map((name) =>
    positionOf(name, table.categoricalNames, 'categorical'),
  );
  const width = table.numericNames.length;
  const textWidth = table.categoricalNames.length;
  return (row: number, segment: number): number => {
    let sum = 0;
    let total = 0;
    for (let j = 0; j < numbers.length; j++) {
      const value = table.numeric[row * width + numbers[j]!]!;
      const difference = Math.abs(value - medoidNumbers[segment * numbers.length + j]!);
      if (Number.isNaN(difference)) continue;
      sum += weight[j]! * Math.min(1, difference / range[j]!);
      total += weight[j]!;
    }
    for (let j = 0; j < texts.length; j++) {
      const text = table.categorical[row * textWidth + texts[j]!]!;
      const other = medoidTexts[segment * texts.length + j]!;
      if (text === '' || other === '') continue;
      if (text !== other) sum += weight[numbers.length + j]!;
      total += weight[numbers.length + j]!;
    }
    return total > 0 ? sum / total : 1;
  };
}

/** A row by its squared distances; `squared` is used up. */
function writeBySpread(
  memberships: Memberships,
  row: number,
  squared: Float64Array,
  spread: number,
): void {
  const { segments, distance } = memberships;
  for (let s = 0; s < segments; s++) {
    distance[row * segments + s] = Math.sqrt(squared[s]!);
    squared[s] = -squared[s]! / (2 * spread);
  }
  writeSoftmax(memberships, row, squared);
}

/** From the largest down, so that no exponential overflows and the sum is at least 1. */
function writeSoftmax(memberships: Memberships, row: number, logits: Float64Array): void {
  const { segments, segment, probability } = memberships;
  let most = 0;
  for (let s = 1; s < segments; s++) if (logits[s]! > logits[most]!) most = s;
  const largest = logits[most]!;
  let sum = 0;
  for (let s = 0; s < segments; s++) {
    // Equal ones first: two infinities have no difference.
    const part = logits[s] === largest ? 1 : Math.exp(logits[s]! - largest);
    probability[row * segments + s] = part;
    sum += part;
  }
  for (let s = 0; s < segments; s++) probability[row * segments + s]! /= sum;
  segment[row] = most;
}
