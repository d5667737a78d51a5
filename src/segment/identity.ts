import { changesOf } from './identity-changes.js';
import { matchingOf, type IdentityInput, type IdentitySegment } from './identity-matching.js';
import type { IdentityChange } from './segmentation.js';

export interface Identity {
  /** One a new segment, in their order. */
  keys: string[];
  changes: IdentityChange[];
}

/**
 * Which new segment continues which old one, so that keys and names stay with the customers they describe whatever number
 * a group got, and what became of the others.
 *
 * 1. By centroids: in the space of the common features, each in units of its spread, an old and a new segment may be one
 *    where the balls around their centres touch, each as wide as half the way to the nearest sibling. Among these pairs the
 *    optimal assignment is taken: the least sum of distances, where whoever stays alone costs the radius of its ball. So
 *    no pair is made that lies farther apart than the segments of either version among themselves, a common drift of all
 *    centres is followed, and a nearest pair that would leave two others stranded is not.
 * 2. By customers, for what is left (concentric segments, no feature in common): a pair is one where more than half of the
 *    customers of both together are in both (Jaccard > 0.5; below it a cluster counts as dissolved: Hennig, Comput. Stat.
 *    Data Anal. 52, 2007). At most one pair can be so.
 *
 * New keys are `segment-1`, `segment-2` …, counted on from the highest ever used, the largest segment first.
 * @throws RangeError where a centre has not one number a feature, or the overlap another shape
 * Source of the assignment: see `optimalAssignment`; of the kinds of change: Spiliopoulou et al., MONIC (KDD 2006).
 */
export function matchSegments(input: IdentityInput): Identity {
  checkInput(input);
  const matching = matchingOf(input);
  const keys = keysOf(input, matching.heirOf);
  return { keys, changes: changesOf(input, matching, keys) };
}

function checkInput({ before, after, overlap }: IdentityInput): void {
  for (const { features, segments } of [before, after]) {
    const bad = segments.find(({ center }) => center.length !== features.length);
    if (bad)
      throw new RangeError(
        `centres must have one number for each of ${features.length} features, got ${bad.center.length}`,
      );
  }
  const [rows, columns] = [before.segments.length, after.segments.length];
  if (overlap && (overlap.rows !== rows || overlap.columns !== columns))
    throw new RangeError(
      `overlap must be ${rows} x ${columns}, got ${overlap.rows} x ${overlap.columns}`,
    );
}

function keysOf({ before, after, usedKeys }: IdentityInput, heirOf: Int32Array): string[] {
  const keys = new Array<string>(after.segments.length).fill('');
  heirOf.forEach((heir, i) => {
    const key = before.segments[i]?.key;
    if (heir >= 0 && key !== undefined) keys[heir] = key;
  });
  const used = [...usedKeys, ...before.segments.map(({ key }) => key)];
  let last = used.reduce((highest, key) => {
    const number = Number(/^segment-(\d{1,9})$/.exec(key)?.[1] ?? 0);
    return Math.max(highest, number);
  }, 0);
  const fresh = [...keys.keys()].filter((place) => keys[place] === '');
  for (const place of fresh.sort(largestFirst(after.segments))) keys[place] = `segment-${++last}`;
  return keys;
}

/** By size, then by centre, never by number. */
function largestFirst(segments: readonly IdentitySegment[]): (a: number, b: number) => number {
  return (a, b) => {
    const [left, right] = [segments[a], segments[b]];
    if (!left || !right) return 0;
    if (left.size !== right.size) return right.size - left.size;
    const differing = left.center.findIndex((value, j) => value !== right.center[j]);
    return differing < 0 ? 0 : (left.center[differing] ?? 0) - (right.center[differing] ?? 0);
  };
}
