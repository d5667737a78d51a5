import { optimalAssignment } from '../numeric/assignment.js';
import { marginalsOf, type Contingency } from '../numeric/chi-square.js';

/** In spreads: what being alike in size is worth between pairs that are otherwise equal. */
const TIE = 1e-9;

/** Segments of one version, in the order of their numbers. */
export interface IdentitySide<Segment extends IdentitySegment = IdentitySegment> {
  /** Names of the numerical inputs, in the order of the centres. */
  features: readonly string[];
  segments: readonly Segment[];
}

export interface IdentitySegment {
  /** Raw means of the features. */
  center: readonly number[];
  /** Customers. */
  size: number;
}

export interface IdentityInput {
  /** The version before; no segments on the first run. */
  before: IdentitySide<IdentitySegment & { key: string }>;
  after: IdentitySide;
  /** Spread of each feature over all customers of the new run (standard deviation), by name; one of 0 is not looked at. */
  spread: ReadonlyMap<string, number>;
  /**
   * How many customers were in each segment before and are in each now, shape [before, after]; of those known in both
   * versions. Null: not known. `crossTabulate` makes it of two lists of numbers.
   */
  overlap: Contingency | null;
  /** Every key that was ever given out, so that none is given twice. */
  usedKeys: readonly string[];
}

/** A version in the space of the matching; lists in the order of its segments. */
export interface MatchedSide {
  /** Centres in the common features, in spreads. */
  centers: readonly (readonly number[])[];
  sizes: readonly number[];
  /** Half the way to the nearest sibling; one spread in each feature where there is none. */
  reach: Float64Array;
}

/** What the matching knows, for the sentences about it. */
export interface Matching {
  /** Place of the new segment that continues each old one; -1 = none. */
  heirOf: Int32Array;
  /** Number of features common to both versions; with none, centres say nothing. */
  common: number;
  before: MatchedSide;
  after: MatchedSide;
}

/** Steps 1 and 2 of `matchSegments`. */
export function matchingOf({ before, after, spread, overlap }: IdentityInput): Matching {
  const common = after.features.filter(
    (name) => before.features.includes(name) && (spread.get(name) ?? 0) > 0,
  );
  const side = ({ features, segments }: IdentitySide): MatchedSide => {
    const centers = segments.map(({ center }) =>
      common.map((name) => (center[features.indexOf(name)] ?? 0) / (spread.get(name) ?? 1)),
    );
    return { centers, sizes: segments.map(({ size }) => size), reach: reachesOf(centers) };
  };
  const [old, now] = [side(before), side(after)];
  const byCenters =
    common.length === 0 ? new Int32Array(before.segments.length).fill(-1) : assign(old, now);
  const heirOf = overlap ? byCustomers(byCenters, overlap) : byCenters;
  return { heirOf, common: common.length, before: old, after: now };
}

/** Euclidean distance of two points. */
export function distanceOf(a: readonly number[], b: readonly number[]): number {
  return Math.hypot(...a.map((value, j) => value - (b[j] ?? 0)));
}

function reachesOf(centers: readonly (readonly number[])[]): Float64Array {
  return Float64Array.from(centers, (center, i) => {
    const others = centers.filter((_, j) => j !== i).map((other) => distanceOf(center, other));
    return others.length === 0 ? Math.sqrt(center.length) : Math.min(...others) / 2;
  });
}

/**
 * Cost of a pair: its distance less the two radii that leaving both alone would cost; 0 for a pair that may not be, which is
 * dropped. Equals (concentric segments) are told apart by their sizes.
 */
function assign(before: MatchedSide, after: MatchedSide): Int32Array {
  const [rows, columns] = [before.centers.length, after.centers.length];
  const margins = before.centers.map((old, i) =>
    after.centers.map(
      (now, j) => (before.reach[i] ?? 0) + (after.reach[j] ?? 0) - distanceOf(old, now),
    ),
  );
  const cost = margins.flatMap((row, i) =>
    row.map((margin, j) => {
      const [one, other] = [before.sizes[i] ?? 0, after.sizes[j] ?? 0];
      const alike = (1 + Math.min(one, other)) / (1 + Math.max(one, other));
      return margin >= 0 ? -margin - TIE * (1 + alike) : 0;
    }),
  );
  return optimalAssignment(Float64Array.from(cost), rows, columns).map((column, row) =>
    column >= 0 && (margins[row]?.[column] ?? -1) >= 0 ? column : -1,
  );
}

/** Adds the pairs of those still alone that share more than half of their customers. */
function byCustomers(heirOf: Int32Array, overlap: Contingency): Int32Array {
  const { ofRow, ofColumn } = marginalsOf(overlap);
  const taken = new Set(heirOf);
  return heirOf.map((heir, row) => {
    if (heir >= 0) return heir;
    for (let column = 0; column < overlap.columns; column++) {
      const both = overlap.counts[row * overlap.columns + column] ?? 0;
      const either = (ofRow[row] ?? 0) + (ofColumn[column] ?? 0) - both;
      if (!taken.has(column) && both > either / 2) return column;
    }
    return -1;
  });
}
