import { z } from 'zod';
import { NAME_PATTERN } from '../event/event.js';
import { isStorableText } from '../plant/parameters.js';
import { isStorableNumber } from '../user/user.js';

/** Feature names: what SQL people and models can both live with. */
export const FEATURE_NAME = /^[a-z][a-z0-9_]{0,62}$/;

const storable = z
  .string()
  .min(1)
  .max(100)
  .refine(isStorableText, 'holds a character that cannot be stored');

const eventTypes = z.array(z.string().regex(NAME_PATTERN, 'is not an event type')).min(1).max(20);

/** Which of a user's events count. All parts must hold; an event always lies before `asOf`. */
const scope = {
  /** Event types; without, every type. */
  types: eventTypes.optional(),
  /** The window [asOf - windowDays, asOf), days of 24 hours; without, all history. */
  windowDays: z.number().positive().max(3660).optional(),
  /** Hours of the day (UTC) [from, to); from > to runs over midnight, for example 22..6. */
  hours: z
    .strictObject({ from: z.int().min(0).max(23), to: z.int().min(0).max(24) })
    .refine((hours) => hours.from !== hours.to, 'from and to must differ')
    .optional(),
  /** ISO weekdays (UTC), 1 = Monday. */
  weekdays: z.array(z.int().min(1).max(7)).min(1).max(7).optional(),
  /** Top-level properties of the event that must equal a value, compared as text. */
  where: z
    .array(
      z.strictObject({
        property: storable,
        equals: z.union([storable, z.number(), z.boolean()]),
      }),
    )
    .min(1)
    .max(5)
    .optional(),
};

/**
 * What is aggregated: the event's value, a numeric property, or where the event lies on the circle of the
 * day or of the week (UTC, the week from Monday): sine and cosine, so that 23:59 is near 00:01.
 */
const valueSource = z.union([
  z.enum(['value', 'hourSine', 'hourCosine', 'weekdaySine', 'weekdayCosine']),
  z.strictObject({ property: storable }),
]);

const counted = z.strictObject({
  kind: z.literal('events'),
  /** Number of events, or of distinct UTC days that have one. No events: 0. */
  aggregate: z.enum(['count', 'distinctDays']),
  ...scope,
});

const valued = z.strictObject({
  kind: z.literal('events'),
  /** Over the values that are not null. No values: sum 0, the others missing. `standardDeviation` is of the population. */
  aggregate: z.enum(['sum', 'mean', 'min', 'max', 'standardDeviation', 'first', 'last']),
  value: valueSource.default('value'),
  ...scope,
});

const percentiled = z.strictObject({
  kind: z.literal('events'),
  /** The interpolated percentile of the user's own values, or the share of them above it. */
  aggregate: z.enum(['percentile', 'shareAbovePercentile']),
  /** 0..1 */
  percentile: z.number().min(0).max(1),
  value: valueSource.default('value'),
  ...scope,
});

const sinceEvent = z.strictObject({
  /** Days (with fraction) from the first or last such event to asOf; missing without one. */
  kind: z.literal('daysSince'),
  of: z.enum(['firstEvent', 'lastEvent']),
  ...scope,
});

const sinceRegistration = z.strictObject({
  /** Missing when unknown or not before asOf. */
  kind: z.literal('daysSince'),
  of: z.literal('registration'),
});

const instant = z.strictObject({
  /** The instant itself. */
  kind: z.literal('instant'),
  of: z.enum(['firstEvent', 'lastEvent']),
  ...scope,
});

const attribute = z.strictObject({
  /** A profile attribute. Attributes have no history: the value is today's, whatever asOf says. */
  kind: z.literal('attribute'),
  name: storable,
  /** Values of another kind are missing; `text` takes any and '' is missing. */
  as: z.enum(['number', 'text', 'boolean']),
});

/** A formula over other features; a missing part makes the result missing, except in `coalesce`. */
export type Expression =
  | number
  | { feature: string; version?: number | undefined }
  | { op: NaryOperator; of: Expression[] }
  | { op: BinaryOperator; of: [Expression, Expression] }
  | { op: UnaryOperator; of: [Expression] };

const NARY = ['add', 'multiply', 'min', 'max', 'coalesce'] as const;
const BINARY = ['subtract', 'divide', 'greaterThan', 'lessThan'] as const;
const UNARY = ['log1p', 'exp', 'negate', 'absolute'] as const;
export type NaryOperator = (typeof NARY)[number];
/** `divide` by 0 is missing; comparisons give 1 or 0. */
export type BinaryOperator = (typeof BINARY)[number];
/** `log1p` of -1 or less is missing; the argument of `exp` is kept within -100..100. */
export type UnaryOperator = (typeof UNARY)[number];

const expressionNode: z.ZodType<Expression> = z.lazy(() =>
  z.union([
    z.number().refine(isStorableNumber, 'must be 0 or of magnitude 1e-15..1e15'),
    z.strictObject({
      feature: z.string().regex(FEATURE_NAME),
      version: z.int().positive().optional(),
    }),
    z.strictObject({ op: z.enum(NARY), of: z.array(expressionNode).min(2).max(8) }),
    z.strictObject({ op: z.enum(BINARY), of: z.tuple([expressionNode, expressionNode]) }),
    z.strictObject({ op: z.enum(UNARY), of: z.tuple([expressionNode]) }),
  ]),
);

const expression = z.strictObject({ kind: z.literal('expression'), expression: expressionNode });

/** The definition language: what a feature is computed from, as data. */
export const definitionSchema = z.union([
  counted,
  valued,
  percentiled,
  sinceEvent,
  sinceRegistration,
  instant,
  attribute,
  expression,
]);
export type Definition = z.infer<typeof definitionSchema>;
/** As a caller writes it: `value` may be left out. */
export type DefinitionInput = z.input<typeof definitionSchema>;

export type CountDefinition = z.infer<typeof counted>;
export type ValueDefinition = z.infer<typeof valued>;
export type PercentileDefinition = z.infer<typeof percentiled>;
export type EventScope = Pick<
  CountDefinition,
  'types' | 'windowDays' | 'hours' | 'weekdays' | 'where'
>;
export type ValueSource = z.infer<typeof valueSource>;

/** What a definition yields. */
export type ValueKind = 'number' | 'text' | 'boolean' | 'instant';

const MAX_NODES = 64;
const MAX_DEPTH = 8;
const COMPARISONS: readonly string[] = ['greaterThan', 'lessThan'];

/** The kind of value a definition yields. */
export function kindOf(definition: Definition): ValueKind {
  switch (definition.kind) {
    case 'events':
    case 'daysSince':
      return 'number';
    case 'instant':
      return 'instant';
    case 'attribute':
      return definition.as;
    case 'expression': {
      const { expression: root } = definition;
      return typeof root === 'object' && 'op' in root && COMPARISONS.includes(root.op)
        ? 'boolean'
        : 'number';
    }
  }
}

/** Names (and versions, where given) of the features a definition refers to, each once. */
export function referencesOf(definition: Definition): { name: string; version?: number }[] {
  const found = new Map<string, { name: string; version?: number }>();
  if (definition.kind === 'expression')
    walk(definition.expression, 1, (node) => {
      if (typeof node !== 'object' || !('feature' in node)) return;
      const { feature: name, version } = node;
      found.set(`${name}@${version ?? ''}`, version === undefined ? { name } : { name, version });
    });
  return [...found.values()];
}

/** Why an expression is too large to compile, or null. */
export function checkSize(definition: Definition): string | null {
  if (definition.kind !== 'expression') return null;
  let nodes = 0;
  let deepest = 0;
  walk(definition.expression, 1, (_, depth) => {
    nodes += 1;
    deepest = Math.max(deepest, depth);
  });
  if (nodes > MAX_NODES) return `an expression must have at most ${MAX_NODES} parts, got ${nodes}`;
  return deepest > MAX_DEPTH
    ? `an expression must nest at most ${MAX_DEPTH} deep, got ${deepest}`
    : null;
}

/** The same definition with every reference pinned to a version, so that a later version changes nothing here. */
export function pinReferences(
  definition: Definition,
  versionOf: (name: string, version: number | undefined) => number,
): Definition {
  if (definition.kind !== 'expression') return definition;
  const pin = (node: Expression): Expression => {
    if (typeof node === 'number') return node;
    if ('feature' in node)
      return { feature: node.feature, version: versionOf(node.feature, node.version) };
    return { op: node.op, of: node.of.map(pin) } as Expression;
  };
  return { kind: 'expression', expression: pin(definition.expression) };
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

/** Event types a definition names; empty for any type or none. */
export function eventTypesOf(definition: Definition): readonly string[] {
  return 'types' in definition ? (definition.types ?? []) : [];
}
