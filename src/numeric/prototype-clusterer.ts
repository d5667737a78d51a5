import type { Preparation, PrototypeClusterer } from './clusterer.js';
import { pickPoints, type Clustering, type PointMatrix } from './clustering.js';

/** Rows that stand for groups of any shape; farther than `radius` from all of them is noise. */
export interface DensityPrototypes {
  /** Rows of the points, at least one a group. */
  rows: Int32Array;
  /** The group of each, 0..k-1. */
  groupOf: Int32Array;
  /** > 0 */
  radius: number;
}

/** `spread` is at least this: a group of equal rows has none of its own. */
const LEAST_SPREAD = 1e-12;

/**
 * What serves a clustering of prepared points afterwards: the nearest centre. With `density` the nearest of its rows
 * instead, and one segment more, numbered k, for noise; `spread` is then radius² / width, because the rows that stand for
 * a group are at no distance from themselves.
 * @throws RangeError without a group
 */
export function prototypeClusterer(
  clustering: Clustering,
  points: PointMatrix,
  preparation: Preparation,
  density?: DensityPrototypes,
): PrototypeClusterer {
  const { k, labels, centers, inertia } = clustering;
  const { columns } = points;
  if (k < 1) throw new RangeError('a clusterer needs at least 1 group, got 0');
  if (density) {
    const { rows, groupOf, radius } = density;
    return {
      kind: 'prototypes',
      preparation,
      segments: k + 1,
      prototypes: pickPoints(points, rows).values,
      segmentOf: Int32Array.from(groupOf),
      spread: Math.max((radius * radius) / columns, LEAST_SPREAD),
      noise: { radius, segment: k },
    };
  }
  const grouped = labels.reduce((rows, label) => rows + (label < 0 ? 0 : 1), 0);
  return {
    kind: 'prototypes',
    preparation,
    segments: k,
    prototypes: centers.slice(),
    segmentOf: Int32Array.from({ length: k }, (_, c) => c),
    spread: Math.max(inertia / (Math.max(1, grouped) * columns), LEAST_SPREAD),
    noise: null,
  };
}
