import { z } from 'zod';
import { isStorableNumber } from '../user/user.js';

/** Feature names: what SQL people and models can both live with. */
export const FEATURE_NAME = /^[a-z][a-z0-9_]{0,62}$/;

/** A feature that another one refers to; without a version the newest approved one, pinned at registration. */
export const reference = z.strictObject({
  feature: z.string().regex(FEATURE_NAME),
  version: z.int().positive().optional(),
});
export type Reference = z.infer<typeof reference>;

const NARY = ['add', 'multiply', 'min', 'max', 'coalesce'] as const;
const BINARY = ['subtract', 'divide', 'greaterThan', 'lessThan'] as const;
const UNARY = ['log1p', 'exp', 'negate', 'absolute', 'squareRoot'] as const;
const CYCLIC = ['sine', 'cosine'] as const;

/** `min` and `max` cap: min of a feature and 100 is at most 100. */
export type NaryOperator = (typeof NARY)[number];
/** `divide` by 0 is missing; comparisons give 1 or 0. */
export type BinaryOperator = (typeof BINARY)[number];
/**
 * `log1p` of -1 or less and `squareRoot` of a negative number are missing; the argument of `exp` is kept
 * within -100..100.
 */
export type UnaryOperator = (typeof UNARY)[number];
/** A number on a circle of length `period`: sin or cos of 2 pi x / period, so that the end lies next to the start. */
export type CyclicOperator = (typeof CYCLIC)[number];

/** A formula over other features; a missing part makes the result missing, except in `coalesce`. */
export type Expression =
  | number
  | Reference
  | { op: NaryOperator; of: Expression[] }
  | { op: BinaryOperator; of: [Expression, Expression] }
  | { op: UnaryOperator; of: [Expression] }
  | { op: CyclicOperator; of: [Expression]; period: number };

const operation = z.lazy(() =>
  // told apart by `op`: a plain union would try every branch at every level, which doubles the work with each
  z.discriminatedUnion('op', [
    z.strictObject({ op: z.enum(NARY), of: z.array(expressionNode).min(2).max(8) }),
    z.strictObject({ op: z.enum(BINARY), of: z.tuple([expressionNode, expressionNode]) }),
    z.strictObject({ op: z.enum(UNARY), of: z.tuple([expressionNode]) }),
    z.strictObject({
      op: z.enum(CYCLIC),
      of: z.tuple([expressionNode]),
      period: z.number().min(0.001).max(1e9),
    }),
  ]),
);

/** A node of a formula and, below it, the whole formula. */
export const expressionNode: z.ZodType<Expression> = z.lazy(() =>
  z.union(
    [
      z.number().refine(isStorableNumber, 'must be 0 or of magnitude 1e-15..1e15'),
      reference,
      operation,
    ],
    'must be a number, { "feature": name } or { "op": operator, "of": [parts] }',
  ),
);

const MAX_NODES = 64;
const MAX_DEPTH = 8;
const COMPARISONS: readonly string[] = ['greaterThan', 'lessThan'];

/** Whether the formula is a comparison: true or false, as 1 or 0. */
export function isComparison(root: Expression): boolean {
  return typeof root === 'object' && 'op' in root && COMPARISONS.includes(root.op);
}

/** Why a formula is too large to compile, or null. */
export function checkFormulaSize(root: Expression): string | null {
  let nodes = 0;
  let deepest = 0;
  walk(root, 1, (_, depth) => {
    nodes += 1;
    deepest = Math.max(deepest, depth);
  });
  if (nodes > MAX_NODES) return `an expression must have at most ${MAX_NODES} parts, got ${nodes}`;
  return deepest > MAX_DEPTH
    ? `an expression must nest at most ${MAX_DEPTH} deep, got ${deepest}`
    : null;
}

/** The references of a formula, in order. */
export function referencesIn(root: Expression): Reference[] {
  const found: Reference[] = [];
  walk(root, 1, (node) => {
    if (typeof node === 'object' && 'feature' in node) found.push(node);
  });
  return found;
}

/** The same formula with every reference replaced. */
export function mapReferences(root: Expression, change: (to: Reference) => Reference): Expression {
  if (typeof root === 'number') return root;
  if ('feature' in root) return change(root);
  return { ...root, of: root.of.map((part) => mapReferences(part, change)) } as Expression;
}

function walk(
  node: Expression,
  depth: number,
  visit: (node: Expression, depth: number) => void,
): void {
  visit(node, depth);
  if (typeof node === 'object' && 'op' in node)
    for (const child of node.of) walk(child, depth + 1, visit);
}
