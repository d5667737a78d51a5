import type { BinnedMatrix } from './binning.js';
import { GRADIENT_UNIT, type PackedScale } from './gradients.js';
import {
  FIND,
  ITEM,
  MAX_ITEMS,
  MAX_PARTS,
  mostLeaves,
  PART,
  readFound,
  type GrowLimits,
  type Growth,
} from './growth.js';
import {
  addLeaf,
  countOf,
  createTree,
  splitNode,
  type GrowingTree,
  type NodeToSplit,
} from './grown-tree.js';

export type { GrownTree } from './grown-tree.js';

/** Grows one tree over rows[0 .. rowCount); the tree returned is overwritten by the next call. */
export type GrowTree = (
  rowCount: number,
  columnCount: number,
  scale: PackedScale,
  /** Sum of the packed gradients of these rows. */
  total: number,
) => GrowingTree;

/** Has the tasks of one kind done, whoever does them; `cost` is about the number of additions. */
export type RunGrowth = (kind: 'partition' | 'build' | 'find', tasks: number, cost: number) => void;

interface OpenNode extends NodeToSplit {
  depth: number;
  /** Its histogram, or -1: then those of both children are built. */
  slot: number;
}

/** A child as it comes out of a split. */
interface Child {
  node: number;
  depth: number;
  gradient: number;
  hessian: number;
  may: boolean;
  slot: number;
}

/** Rows a thread partitions alone. */
const PART_ROWS = 50_000;

/**
 * A grower of trees on one binned matrix: decides what is done, and has it done by `run`. Of two children
 * only the smaller one's histogram is built, the other is the parent's minus it; children that cannot be
 * split get none. Grows the latest nodes first, up to 64 at once (reading the rows in blocks for all of
 * them), unless maxLeaves binds: then best-first, one at a time. Both give the same tree when it does not
 * bind. Histograms take up to 64 MiB, or four of them if that is more: a node that has to give its own up
 * has those of both children built. Sums are integers, so none of this changes the tree.
 * Cost of a tree: O(rows * columns * depth / 2) additions at most.
 */
export function createGrower(
  data: BinnedMatrix,
  growth: Growth,
  limits: GrowLimits,
  threads: number,
  run: RunGrowth,
  tree: GrowingTree = createTree(mostLeaves(limits, data.rows)),
): GrowTree {
  const most = mostLeaves(limits, data.rows);
  const bestFirst = limits.maxLeaves < Math.min(2 ** limits.maxDepth, data.rows);
  const slotCount = growth.slots.length / growth.slotLength;
  const partialCount = growth.partials.length / growth.slotLength;
  const cells = data.cellStart[data.columns]!;
  const free: number[] = [];
  const open: OpenNode[] = [];
  const { items, finds, counts } = growth;

  const release = (slot: number): void => {
    if (slot >= 0) free.push(slot);
  };

  /** Up to 64 open nodes for which there are histograms enough. */
  const takeBatch = (leaves: number): OpenNode[] => {
    const batch: OpenNode[] = [];
    if (bestFirst) {
      const best = takeBest(open);
      if (best) batch.push(best);
    } else {
      const fitting = Math.max(1, Math.floor(free.length / 2));
      const size = Math.min(open.length, MAX_ITEMS, fitting, most - leaves);
      batch.push(...open.splice(open.length - size).reverse());
    }
    for (const other of open) {
      if (free.length >= 2) break;
      release(other.slot);
      other.slot = -1;
    }
    return batch;
  };

  const maySplit = (node: number, depth: number, hessian: number, step: number): boolean =>
    depth < limits.maxDepth &&
    countOf(tree, node) >= 2 * limits.minRowsInLeaf &&
    hessian * step >= 2 * limits.minChildWeight;

  /** Says which histograms are built and which splits looked for; an empty answer for nothing to do. */
  const plan = (item: number, parent: number, children: Child[]): Child[] => {
    const at = item * ITEM.size;
    items.fill(-1, at, at + ITEM.size);
    const wanted = children.filter((child) => child.may);
    if (wanted.length === 0) return wanted;
    const [first, second] = children;
    let built = wanted;
    if (parent >= 0 && first && second) {
      const [small, large] =
        countOf(tree, first.node) <= countOf(tree, second.node) ? [first, second] : [second, first];
      built = [small];
      large.slot = parent;
      items[at + ITEM.subtractFrom] = parent;
    }
    built.forEach((child, k) => {
      child.slot = free.pop()!;
      items[at + k * ITEM.buildSize + ITEM.buildStart] = tree.rowStart[child.node]!;
      items[at + k * ITEM.buildSize + ITEM.buildEnd] = tree.rowEnd[child.node]!;
      items[at + k * ITEM.buildSize + ITEM.buildSlot] = child.slot;
    });
    wanted.forEach((child, k) => {
      const find = at + k * ITEM.findSize;
      items[find + ITEM.findStart] = tree.rowStart[child.node]!;
      items[find + ITEM.findEnd] = tree.rowEnd[child.node]!;
      items[find + ITEM.findSlot] = child.slot;
      const from = (2 * item + k) * FIND.size;
      finds[from + FIND.gradient] = child.gradient;
      finds[from + FIND.hessian] = child.hessian;
      finds[from + FIND.lower] = tree.lower[child.node]!;
      finds[from + FIND.upper] = tree.upper[child.node]!;
    });
    return wanted;
  };

  /** Histograms and splits of the planned items; opens the nodes for which one gains enough. */
  const findSplits = (planned: Child[][]): void => {
    let rowsToAdd = 0;
    let builds = 0;
    for (let item = 0; item < planned.length; item++) {
      for (let k = 0; k < 2; k++) {
        const at = item * ITEM.size + k * ITEM.buildSize;
        if (items[at + ITEM.buildSlot]! < 0) continue;
        rowsToAdd += items[at + ITEM.buildEnd]! - items[at]!;
        builds++;
      }
    }
    const cost = rowsToAdd * counts[0]!;
    const perThread = cost > 4_000_000 ? 2 : 1;
    const fitting = 1 + Math.floor(partialCount / Math.max(1, builds));
    // Several slices pay when the rows are worth more than adding up the cells.
    const isLarge = threads > 1 && cost > 2 * builds * cells && cost > 100_000;
    counts[1] = planned.length;
    counts[2] = isLarge ? Math.min(perThread * threads, fitting) : 1;
    counts[3] = builds > 1 && rowsToAdd * 8 >= data.rows ? 1 : 0;
    run('build', counts[2], cost);
    run('find', planned.length, 4 * builds * cells);
    planned.forEach((children, item) => {
      for (const [k, { node, depth, gradient, hessian, slot }] of children.entries()) {
        const split = readFound(growth, 2 * item + k);
        if (split) open.push({ node, depth, gradient, hessian, slot, split });
        else release(slot);
      }
    });
  };

  const splitBatch = (batch: OpenNode[], scale: PackedScale): void => {
    const middles = partitionBatch(data, growth, tree, batch, threads, run);
    const planned: Child[][] = [];
    for (const [i, { split, depth, gradient, hessian, slot }] of batch.entries()) {
      const [left, right] = splitNode(tree, batch[i]!, middles[i]!, data, limits, scale);
      const child = (of: number, g: number, h: number): Child => {
        const may = maySplit(of, depth + 1, h, scale.hessianStep);
        return { node: of, depth: depth + 1, gradient: g, hessian: h, may, slot: -1 };
      };
      const children = [
        child(left, split.leftGradient, split.leftHessian),
        child(right, gradient - split.leftGradient, hessian - split.leftHessian),
      ];
      const wanted = plan(planned.length, slot, children);
      if (wanted.length > 0) planned.push(wanted);
      else release(slot);
      // A histogram that was made for a child that stays a leaf is free again once this batch is done.
      for (const { may, slot: made } of children) if (!may && made >= 0) spent.push(made);
    }
    if (planned.length > 0) findSplits(planned);
    while (spent.length > 0) release(spent.pop()!);
  };
  const spent: number[] = [];

  return (rowCount, columnCount, scale, total) => {
    free.length = 0;
    open.length = 0;
    for (let slot = slotCount - 1; slot >= 0; slot--) free.push(slot);
    counts[0] = columnCount;
    growth.scale[0] = scale.gradientStep;
    growth.scale[1] = scale.hessianStep;
    tree.nodeCount = 0;
    const root = addLeaf(tree, 0, rowCount, -Infinity, Infinity);
    const gradient = Math.floor(total / GRADIENT_UNIT);
    const hessian = total - gradient * GRADIENT_UNIT;
    if (columnCount > 0 && maySplit(root, 0, hessian, scale.hessianStep)) {
      findSplits([plan(0, -1, [{ node: root, depth: 0, gradient, hessian, may: true, slot: -1 }])]);
    }
    for (let leaves = 1; leaves < most && open.length > 0;) {
      const batch = takeBatch(leaves);
      splitBatch(batch, scale);
      leaves += batch.length;
    }
    return tree;
  };
}

/** Removes and returns the open node with the largest gain, the earliest node on ties. */
function takeBest(open: OpenNode[]): OpenNode | undefined {
  let best = -1;
  for (let i = 0; i < open.length; i++) {
    const candidate = open[i]!;
    const leader = open[best];
    if (
      !leader ||
      candidate.split.gain > leader.split.gain ||
      (candidate.split.gain === leader.split.gain && candidate.node < leader.node)
    ) {
      best = i;
    }
  }
  return best < 0 ? undefined : open.splice(best, 1)[0];
}

/** Moves the rows of every node of the batch; answers where the rows of its right child begin. */
function partitionBatch(
  data: BinnedMatrix,
  growth: Growth,
  tree: GrowingTree,
  batch: readonly OpenNode[],
  threads: number,
  run: RunGrowth,
): number[] {
  const { parts, rows, scratch } = growth;
  let count = 0;
  let total = 0;
  const partsOf = batch.map(({ node, split }) => {
    const start = tree.rowStart[node]!;
    const size = countOf(tree, node);
    total += size;
    const most = threads === 1 ? 1 : MAX_PARTS / MAX_ITEMS;
    const pieces = Math.max(1, Math.min(Math.floor(size / PART_ROWS), most));
    const first = count;
    for (let piece = 0; piece < pieces; piece++, count++) {
      const at = count * PART.size;
      parts[at + PART.start] = start + Math.floor((size * piece) / pieces);
      parts[at + PART.end] = start + Math.floor((size * (piece + 1)) / pieces);
      parts[at + PART.column] = split.column;
      parts[at + PART.low] = split.bin;
      // Bins above this one go left: the missing bin, or none.
      parts[at + PART.high] = split.missingLeft ? data.binCount[split.column]! - 1 : 255;
    }
    return { first, end: count };
  });
  run('partition', count, 4 * total);
  return partsOf.map(({ first, end }) => {
    let to = parts[first * PART.size + PART.start]!;
    for (let part = first; part < end; part++) {
      const at = part * PART.size;
      const start = parts[at + PART.start]!;
      const middle = parts[at + PART.middle]!;
      if (to !== start) rows.copyWithin(to, start, middle);
      to += middle - start;
    }
    const middle = to;
    for (let part = first; part < end; part++) {
      const at = part * PART.size;
      const start = parts[at + PART.start]!;
      const rights = parts[at + PART.end]! - parts[at + PART.middle]!;
      rows.set(scratch.subarray(start, start + rights), to);
      to += rights;
    }
    return middle;
  });
}
