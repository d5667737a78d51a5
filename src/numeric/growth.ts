import type { BinnedMatrix } from './binning.js';
import { ownMemory, type Allocate } from './buffers.js';
import {
  addToHistogram,
  addToHistogramOf,
  mergeHistogram,
  readAhead,
  subtractHistogram,
} from './histogram.js';
import { partitionRows } from './partition.js';
import { findSplit, type Split, type SplitLimits } from './splitting.js';

/** How far a tree may grow. */
export interface GrowLimits extends SplitLimits {
  /** Splits on the longest path, >= 1. */
  maxDepth: number;
  /** >= 2; when below 2^maxDepth the split with the largest gain comes first. */
  maxLeaves: number;
}

/** Nodes that are split at once. */
export const MAX_ITEMS = 64;
/** Parts of nodes that are partitioned at once. */
export const MAX_PARTS = 1024;

/** Numbers of an item: up to two histograms to build, one to subtract from, up to two nodes to find splits for. */
export const ITEM = {
  buildStart: 0,
  buildEnd: 1,
  buildSlot: 2,
  /** The second build; slot -1 = none. */
  buildSize: 3,
  /** Slot from which the first build is taken away, or -1. */
  subtractFrom: 6,
  findStart: 7,
  findEnd: 8,
  /** Slot with the histogram of the node, or -1. */
  findSlot: 9,
  findSize: 3,
  size: 13,
} as const;

/** Numbers of a node to find a split for, and of the split found (gain 0 = none). */
export const FIND = { gradient: 0, hessian: 1, lower: 2, upper: 3, size: 4 } as const;
export const FOUND = {
  gain: 0,
  column: 1,
  bin: 2,
  missingLeft: 3,
  gradient: 4,
  hessian: 5,
  size: 6,
};
/** Numbers of a part to partition. */
export const PART = { start: 0, end: 1, column: 2, low: 3, high: 4, middle: 5, size: 6 } as const;

/** What the threads that grow a tree share; lengths in numbers. */
export interface Growth {
  /** The rows of the tree, permuted while it grows; each node's rows lie together, in their given order. */
  rows: Int32Array;
  scratch: Int32Array;
  packed: Float64Array;
  /** Binned columns that may be split, ascending; the first counts[0] are in use. */
  columns: Int32Array;
  /** Columns in use, items, slices of the rows, 1 = read ahead. */
  counts: Int32Array;
  /** Gradient and hessian step. */
  scale: Float64Array;
  items: Int32Array;
  finds: Float64Array;
  found: Float64Array;
  parts: Int32Array;
  /** Histograms, shape [slots, slotLength]; no slot is longer than the cells of the data. */
  slots: Float64Array;
  /** Histograms of the second and further slices, shape [partials, slotLength]. */
  partials: Float64Array;
  slotLength: number;
}

/** Bytes of histograms kept, and of those of slices, unless four take more. */
const HISTOGRAM_BYTES = 64 * 2 ** 20;
const FEWEST_SLOTS = 4;

/** Leaves of a tree at most. */
export function mostLeaves(limits: GrowLimits, rows: number): number {
  return Math.min(limits.maxLeaves, 2 ** limits.maxDepth, Math.max(2, rows));
}

/**
 * Memory for growing trees on data of this size.
 * @param cells histogram cells at most @param threads 1 or more
 */
export function createGrowth(
  rows: number,
  columns: number,
  cells: number,
  limits: GrowLimits,
  threads = 1,
  allocate: Allocate = ownMemory,
): Growth {
  const ints = (length: number): Int32Array => new Int32Array(allocate(4 * length));
  const doubles = (length: number): Float64Array => new Float64Array(allocate(8 * length));
  const slotLength = cells + 1;
  const fitting = Math.max(FEWEST_SLOTS, Math.floor(HISTOGRAM_BYTES / (8 * slotLength)));
  const slots = Math.min(fitting, 2 * mostLeaves(limits, rows) + 2);
  const builds = Math.min(MAX_ITEMS, slots) * 2;
  const partials = threads === 1 ? 0 : Math.min(fitting, (2 * threads - 1) * builds);
  return {
    rows: ints(rows),
    scratch: ints(rows),
    packed: doubles(rows),
    columns: ints(columns),
    counts: ints(4),
    scale: doubles(2),
    items: ints(MAX_ITEMS * ITEM.size),
    finds: doubles(MAX_ITEMS * 2 * FIND.size),
    found: doubles(MAX_ITEMS * 2 * FOUND.size),
    parts: ints(MAX_PARTS * PART.size),
    slots: doubles(slots * slotLength),
    partials: doubles(partials * slotLength),
    slotLength,
  };
}

/** What one thread does for the tree that is being grown. */
export interface GrowthTasks {
  /** Partitions one of `parts`. */
  partition: (part: number) => void;
  /** Builds the histograms of one slice of the rows. */
  build: (slice: number) => void;
  /** Puts the histograms of one item together and finds the splits. */
  find: (item: number) => void;
}

/** Rows whose words and gradients fit the second-level cache beside some histograms. */
const BLOCK = 8192;

export function createGrowthTasks(
  data: BinnedMatrix,
  growth: Growth,
  limits: SplitLimits,
): GrowthTasks {
  const cells = data.cellStart[data.columns]! + 1;
  const slot = views(growth.slots, growth.slotLength, cells);
  const partial = views(growth.partials, growth.slotLength, cells);
  const { rows, packed, columns, counts, items, parts, scratch } = growth;
  const add = (histogram: Float64Array, start: number, end: number): void => {
    if (start === end) return;
    const chosen = columns.subarray(0, counts[0]);
    if (counts[0] === data.columns) addToHistogram(histogram, data, packed, rows, start, end);
    else addToHistogramOf(chosen, histogram, data, packed, rows, start, end);
  };
  const seen = new Int32Array(1); // what was read ahead has to go somewhere
  return {
    partition: (part) => {
      const at = part * PART.size;
      const bins = data.bins[parts[at + PART.column]!]!;
      const low = parts[at + PART.low]!;
      const high = parts[at + PART.high]!;
      const start = parts[at + PART.start]!;
      const end = parts[at + PART.end]!;
      parts[at + PART.middle] = partitionRows(rows, start, end, bins, low, high, scratch);
    },
    build: (slice) => {
      const slices = counts[2]!;
      const builds = listBuilds(items, counts[1]!);
      const into = builds.map((build, i) => {
        const own = slice === 0 ? slot(build.slot) : partial((slice - 1) * builds.length + i);
        return own.fill(0);
      });
      const from = Math.floor((data.rows * slice) / slices);
      const to = Math.floor((data.rows * (slice + 1)) / slices);
      const next = builds.map(({ start, end }) => firstAtLeast(rows, start, end, from));
      const block = counts[3] === 1 ? BLOCK : data.rows;
      for (let row = from; row < to; row += block) {
        const until = Math.min(to, row + block);
        if (counts[3] === 1) seen[0]! ^= readAhead(data, packed, row, until);
        for (let i = 0; i < builds.length; i++) {
          const stop = firstAtLeast(rows, next[i]!, builds[i]!.end, until);
          add(into[i]!, next[i]!, stop);
          next[i] = stop;
        }
      }
    },
    find: (item) => {
      putTogether(growth, item, slot, partial);
      const at = item * ITEM.size;
      for (let k = 0; k < 2; k++) {
        const find = at + k * ITEM.findSize;
        const histogram = items[find + ITEM.findSlot]!;
        if (histogram < 0) continue;
        const start = items[find + ITEM.findStart]!;
        const end = items[find + ITEM.findEnd]!;
        findFor(data, growth, limits, 2 * item + k, slot(histogram), start, end);
      }
    },
  };
}

function views(all: Float64Array, length: number, used: number): (index: number) => Float64Array {
  const made: Float64Array[] = [];
  return (index) => (made[index] ??= all.subarray(index * length, index * length + used));
}

interface Build {
  start: number;
  end: number;
  slot: number;
}

function listBuilds(items: Int32Array, count: number): Build[] {
  const builds: Build[] = [];
  for (let item = 0; item < count; item++) {
    for (let k = 0; k < 2; k++) {
      const at = item * ITEM.size + k * ITEM.buildSize;
      const slot = items[at + ITEM.buildSlot]!;
      if (slot < 0) continue;
      builds.push({ start: items[at]!, end: items[at + ITEM.buildEnd]!, slot });
    }
  }
  return builds;
}

/** Where the rows (ascending in start..end-1) reach `row`. */
function firstAtLeast(rows: Int32Array, start: number, end: number, row: number): number {
  let low = start;
  let high = end;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (rows[middle]! < row) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Adds the slices up and takes the built child away from its parent. */
function putTogether(
  { items, counts }: Growth,
  item: number,
  slot: (index: number) => Float64Array,
  partial: (index: number) => Float64Array,
): void {
  const builds = listBuilds(items, counts[1]!);
  const at = item * ITEM.size;
  for (let slice = 1; slice < counts[2]!; slice++) {
    for (let k = 0; k < 2; k++) {
      const built = items[at + k * ITEM.buildSize + ITEM.buildSlot]!;
      if (built < 0) continue;
      const index = builds.findIndex((build) => build.slot === built);
      mergeHistogram(slot(built), partial((slice - 1) * builds.length + index));
    }
  }
  const parent = items[at + ITEM.subtractFrom]!;
  if (parent >= 0) subtractHistogram(slot(parent), slot(items[at + ITEM.buildSlot]!));
}

function findFor(
  data: BinnedMatrix,
  growth: Growth,
  limits: SplitLimits,
  index: number,
  histogram: Float64Array,
  start: number,
  end: number,
): void {
  const { rows, finds, found, scale } = growth;
  const from = index * FIND.size;
  const node = {
    rows,
    start,
    end,
    gradient: finds[from + FIND.gradient]!,
    hessian: finds[from + FIND.hessian]!,
    lower: finds[from + FIND.lower]!,
    upper: finds[from + FIND.upper]!,
  };
  const steps = { gradientStep: scale[0]!, hessianStep: scale[1]! };
  const columns = growth.columns.subarray(0, growth.counts[0]);
  const split = findSplit(histogram, data, columns, node, limits, steps);
  const at = index * FOUND.size;
  found[at + FOUND.gain] = split?.gain ?? 0;
  if (!split) return;
  found[at + FOUND.column] = split.column;
  found[at + FOUND.bin] = split.bin;
  found[at + FOUND.missingLeft] = split.missingLeft ? 1 : 0;
  found[at + FOUND.gradient] = split.leftGradient;
  found[at + FOUND.hessian] = split.leftHessian;
}

/** The split that was found, or null. */
export function readFound(growth: Growth, index: number): Split | null {
  const at = index * FOUND.size;
  const { found } = growth;
  if (!(found[at + FOUND.gain]! > 0)) return null;
  return {
    column: found[at + FOUND.column]!,
    bin: found[at + FOUND.bin]!,
    missingLeft: found[at + FOUND.missingLeft] === 1,
    gain: found[at + FOUND.gain]!,
    leftGradient: found[at + FOUND.gradient]!,
    leftHessian: found[at + FOUND.hessian]!,
  };
}
