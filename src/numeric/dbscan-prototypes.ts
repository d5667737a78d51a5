import { pickPoints, type PointMatrix } from './clustering.js';
import type { DbscanFit } from './dbscan.js';
import { checkBounds, seedBound, type Bound } from './parameter-bounds.js';
import { randomStream, sampleAscending } from './random.js';

/** How many core points serve in place of all. */
export interface ThinningOptions {
  /** At most so many prototypes, 1..1,000,000. */
  maxPrototypes: number;
  /** Prototypes are added until this share of the measured rows keeps its label, 0..1. */
  agreement: number;
  /** Of the sample that a large table is measured on. */
  seed: number;
}

/** The maximum and the share that a graph of moderate size can afford. */
const defaultThinningOptions: ThinningOptions = {
  maxPrototypes: 2000,
  agreement: 0.999,
  seed: 1,
};

const bounds: Record<keyof ThinningOptions, Bound> = {
  maxPrototypes: { low: 1, high: 1_000_000, integer: true },
  agreement: { low: 0, high: 1 },
  seed: seedBound,
};

/** Rows measured at most, and taken prototypes from. */
const MEASURED_ROWS = 50_000;
/** Prototypes between two measurements: the next at this multiple. */
const GROWTH = 1.5;

/** Core points that stand for all of a fit: the nearest one within `radius` gives a row's group, farther is noise. */
export interface DbscanPrototypes {
  /** Rows of the points. */
  rows: Int32Array;
  /** The group of each. */
  groupOf: Int32Array;
  /** Farther than this from every prototype: noise. At least eps. */
  radius: number;
  /** Share of the measured rows, noise included, that the prototypes give the label of the fit. */
  agreement: number;
  /** Rows that the agreement was measured on: all, or 50,000 by seed. */
  measuredRows: number;
}

/**
 * Thins the core points of a fit: the first core point of every group, then always the core point farthest from all
 * prototypes of its own group (Gonzalez, 1985), until the agreement is reached. The radius is the one, from eps up, that
 * keeps most labels: thinned prototypes leave gaps that eps alone would call noise.
 * Even all core points need not keep every label: a border row may be nearer to another group's core point.
 * @throws RangeError for an option out of bounds, a fit without groups, or with more groups than `maxPrototypes`
 * Cost: O(measured rows x prototypes x columns).
 */
export function thinCorePoints(
  points: PointMatrix,
  fit: DbscanFit,
  options: ThinningOptions = defaultThinningOptions,
): DbscanPrototypes {
  checkBounds(options, bounds);
  const { maxPrototypes } = options;
  if (fit.k < 1 || fit.k > maxPrototypes) {
    throw new RangeError(
      `groups must be 1..${String(maxPrototypes)} (maxPrototypes), got ${String(fit.k)}`,
    );
  }
  const cover = createCover(points, fit, options.seed);
  const chosen = [...cover.firsts];
  let best: DbscanPrototypes | null = null;
  for (;;) {
    const found = cover.measure(fit.eps);
    if (!best || found.agreement > best.agreement) {
      const rows = Int32Array.from(chosen);
      best = {
        rows,
        groupOf: rows.map((row) => fit.labels[row]!),
        ...found,
        measuredRows: cover.measuredRows,
      };
    }
    if (best.agreement >= options.agreement || chosen.length >= maxPrototypes) return best;
    const goal = Math.min(maxPrototypes, Math.ceil(chosen.length * GROWTH) + 8);
    if (!cover.grow(chosen, goal)) return best;
  }
}

interface Cover {
  /** The first core point of every group, already taken. */
  firsts: readonly number[];
  measuredRows: number;
  /** Takes prototypes up to `goal`; false when no core point was left to take. */
  grow: (chosen: number[], goal: number) => boolean;
  measure: (eps: number) => { radius: number; agreement: number };
}

/** Keeps the nearest prototype of every measured row while prototypes are added. */
function createCover(points: PointMatrix, fit: DbscanFit, seed: number): Cover {
  const firsts = firstCorePoints(fit);
  const measured = measuredRows(points.rows, firsts, seed);
  const sample = pickPoints(points, measured);
  const labels = Int32Array.from(measured, (row) => fit.labels[row]!);
  const isCore = new Uint8Array(points.rows);
  for (const row of fit.corePoints) isCore[row] = 1;
  const core = Uint8Array.from(measured, (row) => isCore[row]!);
  const squared = new Float64Array(measured.length).fill(Infinity);
  const nearest = new Int32Array(measured.length).fill(-1);
  // of the own group alone: a core point near another group must still be covered by its own
  const squaredToOwn = new Float64Array(measured.length).fill(Infinity);

  const take = (row: number): void => {
    const group = fit.labels[row]!;
    const from = row * points.columns;
    for (let i = 0; i < measured.length; i++) {
      const distance = squaredTo(sample, i, points.values, from);
      if (distance < squared[i]!) {
        squared[i] = distance;
        nearest[i] = group;
      }
      if (labels[i] === group && distance < squaredToOwn[i]!) squaredToOwn[i] = distance;
    }
  };
  const farthestCore = (): number => {
    let farthest = -1;
    for (let i = 0; i < measured.length; i++) {
      if (core[i] === 0 || squaredToOwn[i] === 0) continue;
      if (farthest < 0 || squaredToOwn[i]! > squaredToOwn[farthest]!) farthest = i;
    }
    return farthest;
  };
  firsts.forEach(take);
  return {
    firsts,
    measuredRows: measured.length,
    grow: (chosen, goal) => {
      const before = chosen.length;
      while (chosen.length < goal) {
        const next = farthestCore();
        if (next < 0) break;
        chosen.push(measured[next]!);
        take(measured[next]!);
      }
      return chosen.length > before;
    },
    measure: (eps) => bestRadius(squared, nearest, labels, eps),
  };
}

function firstCorePoints(fit: DbscanFit): number[] {
  const first = new Array<number>(fit.k).fill(-1);
  for (const row of fit.corePoints) {
    const group = fit.labels[row]!;
    if (first[group] === -1) first[group] = row;
  }
  return first;
}

/** Ascending; the first core points are always among them. */
function measuredRows(rows: number, firsts: readonly number[], seed: number): Int32Array {
  const sampled = sampleAscending(rows, Math.min(rows, MEASURED_ROWS), randomStream(seed));
  return Int32Array.from(new Set([...sampled, ...firsts])).sort();
}

function squaredTo(sample: PointMatrix, row: number, values: Float64Array, from: number): number {
  const { columns } = sample;
  let sum = 0;
  for (let j = 0, at = row * columns; j < columns; j++, at++) {
    const difference = sample.values[at]! - values[from + j]!;
    sum += difference * difference;
  }
  return sum;
}

/** The radius >= eps that keeps most labels, and the share that it keeps. Cost: a sort. */
function bestRadius(
  squared: Float64Array,
  nearest: Int32Array,
  labels: Int32Array,
  eps: number,
): { radius: number; agreement: number } {
  const order = Int32Array.from(squared.keys()).sort((a, b) => squared[a]! - squared[b]!);
  let kept = labels.reduce((count, label) => (label < 0 ? count + 1 : count), 0);
  let best = -1;
  let radius = eps;
  order.forEach((row, at) => {
    // within the radius from here on: right if it has its label, wrong if it is noise
    if (labels[row]! < 0) kept--;
    else if (nearest[row] === labels[row]) kept++;
    const distance = Math.sqrt(squared[row]!);
    const next = at + 1 < order.length ? Math.sqrt(squared[order[at + 1]!]!) : Infinity;
    if (next <= eps || next === distance || kept <= best) return;
    best = kept;
    radius = Math.max(eps, Number.isFinite(next) ? (distance + next) / 2 : distance);
  });
  return { radius, agreement: best / labels.length };
}
