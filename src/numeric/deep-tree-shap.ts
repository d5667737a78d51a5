import type { DesignMatrix } from './table.js';
import { AGREES, DIFFERS, LEFT_ABOVE, NODE_FIELDS, STATES, type DeepTree } from './deep-tree.js';

/**
 * Adds to `values` what the trees give each column of coded rows, shape [rows, columns].
 *
 * With a = 1 iff the row agrees with the path to a leaf in a column (else 0), and z the share of training rows that
 * do, a leaf gives column k the integral over t in [0, 1] of value * (a_k - z_k) * product over the path's other
 * columns of (t a + (1 - t) z): the Shapley weights are Beta integrals. That is the product over all columns times
 * (a_k - z_k) / (t a_k + (1 - t) z_k), a factor that all leaves below an edge have in common until k is split again
 * (where the difference is added). So products are taken on the way down and sums of leaves on the way up, as in
 * Linear TreeSHAP (Yu et al., 2022), with polynomials held by their values at the points of a Gauss-Legendre
 * quadrature, which is exact for them. Whatever is divided by is positive.
 * Cost of a call: O(rows * nodes * d) for paths of d distinct columns. Holds about 9 d numbers a leaf.
 */
export function deepTreeShap(
  trees: readonly DeepTree[],
): (coded: Int32Array, width: number, x: DesignMatrix, values: Float64Array) => void {
  const buffers = buffersFor(trees);
  return (coded, width, x, values) => {
    for (const tree of trees)
      for (let row = 0; row < x.rows; row++) {
        const base = row * x.columns;
        goDown(tree, coded, row * width, buffers);
        addPairs(tree, coded, row * width, values, base, buffers);
        comeUp(tree, values, base, buffers);
      }
  };
}

/** Reused from row to row, tree to tree and call to call. */
interface Buffers {
  /** Shape [slots, points]: products on the way down, sums of the leaves on the way up. */
  sums: Float64Array;
  /** For each slot: bit k is set iff the row agrees with the path in the path's k-th distinct column. */
  patterns: Int32Array;
  /** State of the row at the left edge of each inner node. */
  states: Uint8Array;
}

function buffersFor(trees: readonly DeepTree[]): Buffers {
  const most = (of: (tree: DeepTree) => number): number => Math.max(0, ...trees.map(of));
  return {
    sums: new Float64Array(most(({ slots, points }) => slots * points)),
    patterns: new Int32Array(most(({ slots }) => slots)),
    states: new Uint8Array(most(({ inner }) => inner.length / NODE_FIELDS)),
  };
}

/** Free of branches: which way a row goes cannot be foretold, and a wrong guess costs as much as several nodes. */
function goDown(tree: DeepTree, coded: Int32Array, codedBase: number, buffers: Buffers): void {
  const { inner, factors, points } = tree;
  const { sums, patterns, states } = buffers;
  const side = STATES * points;
  patterns[0] = 0;
  sums.fill(1, 0, points);
  for (let at = 0, node = 0, table = 0; at < inner.length; at += NODE_FIELDS, node++) {
    const slot = inner[at]!;
    const left = inner[at + 4]!;
    const right = inner[at + 5]!;
    const bit = inner[at + 6]!;
    const pattern = patterns[slot]!;
    const isLeft = (coded[codedBase + inner[at + 1]!]! - inner[at + 2]! - 1) >>> 31; // 1, or 0
    const agreed = ((pattern >>> bit) | inner[at + 7]!) & 1;
    const state = agreed * (DIFFERS + isLeft);
    states[node] = state;
    const others = pattern & ~(1 << bit);
    patterns[left] = others | ((agreed & isLeft) << bit);
    patterns[right] = others | ((agreed & (1 - isLeft)) << bit);
    const from = slot * points;
    const toLeft = left * points;
    const toRight = right * points;
    const l = table + state * points;
    const r = table + side + agreed * (AGREES - isLeft) * points;
    for (let q = 0; q < points; q++) {
      const product = sums[from + q]!;
      sums[toLeft + q] = product * factors[l + q]!;
      sums[toRight + q] = product * factors[r + q]!;
    }
    table += 2 * side;
  }
}

/** Turns back at the nodes with two leaves. */
function addPairs(
  { pairs, points, sums: sumsOfOne, gains }: DeepTree,
  coded: Int32Array,
  codedBase: number,
  values: Float64Array,
  base: number,
  { sums, patterns }: Buffers,
): void {
  for (let at = 0, table = 0; at < pairs.length; at += NODE_FIELDS, table += STATES * points) {
    const slot = pairs[at]!;
    const isLeft = (coded[codedBase + pairs[at + 1]!]! - pairs[at + 2]! - 1) >>> 31; // 1, or 0
    const agreed = ((patterns[slot]! >>> pairs[at + 6]!) | pairs[at + 7]!) & 1;
    const from = slot * points;
    const k = table + agreed * (DIFFERS + isLeft) * points;
    let gained = 0;
    for (let q = 0; q < points; q++) {
      const product = sums[from + q]!;
      gained += product * gains[k + q]!;
      sums[from + q] = product * sumsOfOne[k + q]!;
    }
    values[base + pairs[at + 3]!]! += gained;
  }
}

function comeUp(
  { inner, points, weights }: DeepTree,
  values: Float64Array,
  base: number,
  { sums, states }: Buffers,
): void {
  const side = STATES * points;
  let node = inner.length / NODE_FIELDS - 1;
  for (let at = node * NODE_FIELDS; at >= 0; at -= NODE_FIELDS, node--) {
    const state = states[node]!;
    const other = state === LEFT_ABOVE ? LEFT_ABOVE : STATES - state;
    const to = inner[at]! * points;
    const left = inner[at + 4]! * points;
    const right = inner[at + 5]! * points;
    const l = node * 2 * side + state * points;
    const r = node * 2 * side + side + other * points;
    let gained = 0;
    for (let q = 0; q < points; q++) {
      const below = sums[left + q]!;
      const beside = sums[right + q]!;
      gained += weights[l + q]! * below + weights[r + q]! * beside;
      sums[to + q] = below + beside;
    }
    values[base + inner[at + 3]!]! += gained;
  }
}
