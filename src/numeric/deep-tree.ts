import type { Forest } from './forest.js';
import { gaussLegendre, type Quadrature } from './quadrature.js';
import type { ThresholdCodes } from './threshold-codes.js';

/**
 * One tree as its Shapley values are computed from: what each edge does to the product of the path above it and
 * to the column it splits, for every state a row can be in and every point of the quadrature. Nodes have numbers
 * ("slots") in preorder, 0 = the root.
 */
export interface DeepTree {
  slots: number;
  /** Of the quadrature: ceil(d / 2) for a longest path of d distinct columns, which is exact. */
  points: number;
  /** NODE_FIELDS numbers for each inner node but those with two leaves, in preorder. */
  inner: Int32Array;
  /** For each of them, shape [2 sides, states, points]: factor of the product on the way down, a leaf's value in it. */
  factors: Float64Array;
  /** The same shape: weight of the sum of the leaves below the edge in what the column gets. */
  weights: Float64Array;
  /** NODE_FIELDS numbers for each inner node with two leaves. */
  pairs: Int32Array;
  /** For each of them, shape [states of the left one, points]: sum of both leaves where the product above is 1. */
  sums: Float64Array;
  /** The same shape: what both leaves give the column there. */
  gains: Float64Array;
  /** The cover-weighted mean leaf value. */
  expected: number;
}

/** Slot, position in a coded row, node code, column, slots of both children, bit of the column, 1 where it is new on the path. */
export const NODE_FIELDS = 8;

/** A row and an edge: it has left the path in this column above; it takes the other edge; it takes this one. */
export const STATES = 3;
export const LEFT_ABOVE = 0;
export const DIFFERS = 1;
export const AGREES = 2;

/**
 * Reads a tree whose longest path has `width` distinct columns. Cost: O(nodes * points).
 */
export function readDeepTree(
  forest: Forest,
  codes: ThresholdCodes,
  root: number,
  width: number,
): DeepTree {
  const points = Math.max(1, Math.ceil(width / 2));
  const reader = new TreeReader(forest, codes, gaussLegendre(points));
  reader.visit(root, 1);
  return {
    slots: reader.slots,
    points,
    inner: Int32Array.from(reader.inner),
    factors: Float64Array.from(reader.factors),
    weights: Float64Array.from(reader.weights),
    pairs: Int32Array.from(reader.pairs),
    sums: Float64Array.from(reader.sums),
    gains: Float64Array.from(reader.gains),
    expected: reader.expected,
  };
}

interface Edge {
  /** Share of the training rows that agree in the column before the edge; 1 where it is new. */
  before: number;
  /** Of the child among the node's rows. */
  share: number;
  isNew: boolean;
  /** Of the leaf it leads to, else 1. */
  value: number;
}

/** What an edge does in a state at the point t, of weight w. */
function edgeAt(
  { before, share, isNew, value }: Edge,
  state: number,
  t: number,
  w: number,
): { factor: number; weight: number } {
  if (state === LEFT_ABOVE) return { factor: share * value, weight: 0 };
  // what the column has put into the product, and got, above
  const known = isNew ? 1 : t + (1 - t) * before;
  const got = isNew ? 0 : (1 - before) / known;
  const z = before * share;
  if (state === DIFFERS)
    return { factor: (((1 - t) * z) / known) * value, weight: w * (-1 / (1 - t) - got) };
  const next = t + (1 - t) * z;
  return { factor: (next / known) * value, weight: w * ((1 - z) / next - got) };
}

class TreeReader {
  readonly inner: number[] = [];
  readonly factors: number[] = [];
  readonly weights: number[] = [];
  readonly pairs: number[] = [];
  readonly sums: number[] = [];
  readonly gains: number[] = [];
  slots = 0;
  expected = 0;
  /** Columns of the path, and the shares that agree with it in them. */
  private readonly path: number[] = [];
  private readonly shares: number[] = [];

  constructor(
    private readonly forest: Forest,
    private readonly codes: ThresholdCodes,
    private readonly quadrature: Quadrature,
  ) {}

  /** Reads what is below a node that the share `reach` of the training rows comes to; its slot. */
  visit(node: number, reach: number): number {
    const { forest, codes, path, shares } = this;
    const slot = this.slots++;
    const column = forest.feature[node]!;
    if (column < 0) {
      this.expected += reach * forest.value[node]!;
      return slot;
    }
    const position = path.indexOf(column);
    const isNew = position < 0;
    const bit = isNew ? path.length : position;
    const before = isNew ? 1 : shares[bit]!;
    if (isNew) path.push(column);
    const children = [forest.left[node]!, forest.right[node]!];
    const edges = children.map((child) => this.edgeTo(child, node, before, isNew));
    const isPair = children.every((child) => forest.feature[child]! < 0);
    const list = isPair ? this.pairs : this.inner;
    const at = list.length;
    list.push(slot, codes.nodePosition[node]!, codes.nodeCode[node]!, column, 0, 0, bit);
    list.push(isNew ? 1 : 0);
    if (isPair) this.addPair(edges);
    else edges.forEach((edge) => this.addEdge(edge));
    children.forEach((child, side) => {
      const { share, value } = edges[side]!;
      shares[bit] = before * share;
      if (isPair) this.expected += reach * share * value;
      else list[at + 4 + side] = this.visit(child, reach * share);
    });
    shares[bit] = before;
    if (isNew) {
      path.pop();
      shares.pop();
    }
    return slot;
  }

  private edgeTo(child: number, node: number, before: number, isNew: boolean): Edge {
    const { cover, feature, value } = this.forest;
    const share = cover[node]! > 0 ? cover[child]! / cover[node]! : 0;
    return { before, share, isNew, value: feature[child]! < 0 ? value[child]! : 1 };
  }

  private each(visit: (state: number, t: number, w: number) => void): void {
    const { nodes, weights } = this.quadrature;
    for (let state = 0; state < STATES; state++)
      nodes.forEach((t, q) => {
        visit(state, t, weights[q]!);
      });
  }

  private addEdge(edge: Edge): void {
    this.each((state, t, w) => {
      const { factor, weight } = edgeAt(edge, state, t, w);
      this.factors.push(factor);
      this.weights.push(weight);
    });
  }

  private addPair([left, right]: readonly Edge[]): void {
    this.each((state, t, w) => {
      const one = edgeAt(left!, state, t, w);
      const other = edgeAt(right!, state === LEFT_ABOVE ? state : STATES - state, t, w);
      this.sums.push(one.factor + other.factor);
      this.gains.push(one.factor * one.weight + other.factor * other.weight);
    });
  }
}
