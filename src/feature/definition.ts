import { z } from 'zod';
import {
  checkFormulaSize,
  expressionNode,
  isComparison,
  mapReferences,
  reference,
  referencesIn,
  type Reference,
} from './definition-expression.js';
import { innerScope, scopeParts, storableText } from './definition-scope.js';

/**
 * What is aggregated: the event's value, a numeric property, or where the event lies on the circle of the
 * day or of the week (UTC, the week from Monday): sine and cosine, so that 23:59 is near 00:01.
 */
const valueSource = z.union([
  z.enum(['value', 'hourSine', 'hourCosine', 'weekdaySine', 'weekdayCosine']),
  z.strictObject({ property: storableText }),
]);

const counted = z.strictObject({
  kind: z.literal('events'),
  /** Number of events, or of distinct UTC days that have one. No events: 0. */
  aggregate: z.enum(['count', 'distinctDays']),
  ...scopeParts,
});

const distinct = z.strictObject({
  kind: z.literal('events'),
  /** Number of distinct devices, or of distinct texts of a property (1 and '1' are one). None: 0. */
  aggregate: z.literal('distinct'),
  of: z.union([z.literal('device'), z.strictObject({ property: storableText })]),
  ...scopeParts,
});

const shared = z.strictObject({
  kind: z.literal('events'),
  /** Share of the events of the scope that also meet `that`, 0..1; missing without events. */
  aggregate: z.literal('share'),
  that: innerScope,
  ...scopeParts,
});

const valued = z.strictObject({
  kind: z.literal('events'),
  /**
   * Over the values that are not null. No values: sum 0, the others missing. `standardDeviation` is of the
   * population. Of several first or last events at one instant the least or greatest value counts.
   */
  aggregate: z.enum(['sum', 'mean', 'min', 'max', 'standardDeviation', 'first', 'last']),
  value: valueSource.default('value'),
  ...scopeParts,
});

const percentiled = z.strictObject({
  kind: z.literal('events'),
  /** The interpolated percentile of the user's own values, or the share of them above it. */
  aggregate: z.enum(['percentile', 'shareAbovePercentile']),
  /** 0..1 */
  percentile: z.number().min(0).max(1),
  value: valueSource.default('value'),
  ...scopeParts,
});

const sinceEvent = z.strictObject({
  /** Days (with fraction) from the first or last such event to asOf; missing without one. */
  kind: z.literal('daysSince'),
  of: z.enum(['firstEvent', 'lastEvent']),
  ...scopeParts,
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
  ...scopeParts,
});

const attribute = z.strictObject({
  /** A profile attribute. Attributes have no history: the value is today's, whatever asOf says. */
  kind: z.literal('attribute'),
  name: storableText,
  /** Values of another kind are missing; `text` takes any and '' is missing. */
  as: z.enum(['number', 'text', 'boolean']),
});

const expression = z.strictObject({ kind: z.literal('expression'), expression: expressionNode });

/** At most 20 labels, all texts (a category) or all numbers (a score), each once. */
const labels = z
  .union([z.array(storableText), z.array(z.number())])
  .refine((list) => list.length >= 2 && list.length <= 20, 'must be 2..20')
  .refine((list) => new Set<unknown>(list).size === list.length, 'must differ');

/** When and on how many customers bounds were fitted as quantiles. */
const fitted = z.strictObject({
  quantiles: z.int().min(2).max(20),
  asOf: z.iso.datetime(),
  customers: z.int().positive(),
});

const bucket = z
  .strictObject({
    /** The label of the bucket that a number lies in: labels[i] where bounds[i-1] <= x < bounds[i]. Missing stays missing. */
    kind: z.literal('bucket'),
    of: reference,
    bounds: z.array(z.number()).min(1).max(19),
    labels,
    /** Left by registration where the bounds were fitted; a refit is the next version. */
    fitted: fitted.optional(),
  })
  .refine(({ bounds }) => bounds.every((bound, i) => i === 0 || bound > (bounds[i - 1] ?? bound)), {
    path: ['bounds'],
    message: 'must ascend',
  })
  .refine((it) => it.labels.length === it.bounds.length + 1, {
    path: ['labels'],
    message: 'must be one more than bounds',
  });

const variants = [
  z.discriminatedUnion('aggregate', [counted, distinct, shared, valued, percentiled]),
  z.discriminatedUnion('of', [sinceEvent, sinceRegistration]),
  instant,
  attribute,
  expression,
] as const;

/** The definition language: what a feature is computed from, as data. docs/features.md shows each construct. */
export const definitionSchema = z.discriminatedUnion('kind', [...variants, bucket]);
export type Definition = z.infer<typeof definitionSchema>;
/** As a caller writes it: `value` may be left out. */
export type DefinitionInput = z.input<typeof definitionSchema>;

/** A bucket whose bounds registration fits: quantiles of the feature over customers as of then. */
export const quantileBucket = z
  .strictObject({
    kind: z.literal('bucket'),
    of: reference,
    quantiles: z.int().min(2).max(20),
    labels,
  })
  .refine((it) => it.labels.length === it.quantiles, {
    path: ['labels'],
    message: 'must be as many as quantiles',
  });
export type QuantileBucket = z.infer<typeof quantileBucket>;

export type CountDefinition = z.infer<typeof counted>;
export type DistinctDefinition = z.infer<typeof distinct>;
export type ShareDefinition = z.infer<typeof shared>;
export type ValueDefinition = z.infer<typeof valued>;
export type PercentileDefinition = z.infer<typeof percentiled>;
export type AttributeDefinition = z.infer<typeof attribute>;
export type BucketDefinition = z.infer<typeof bucket>;
export type ValueSource = z.infer<typeof valueSource>;
/** The kinds that go through events. */
export type EventDefinition = Exclude<
  Definition,
  { kind: 'attribute' | 'expression' | 'bucket' } | { of: 'registration' }
>;

/** What a definition yields. */
export type ValueKind = 'number' | 'text' | 'boolean' | 'instant';

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
    case 'expression':
      return isComparison(definition.expression) ? 'boolean' : 'number';
    case 'bucket':
      return typeof definition.labels[0] === 'number' ? 'number' : 'text';
  }
}

/** Names (and versions, where given) of the features a definition refers to, each once. */
export function referencesOf(definition: Definition): { name: string; version?: number }[] {
  const found = new Map<string, { name: string; version?: number }>();
  for (const { feature: name, version } of referencesIn(formulaOf(definition)))
    found.set(`${name}@${version ?? ''}`, version === undefined ? { name } : { name, version });
  return [...found.values()];
}

/** A bucket is, as far as references go, the formula that is its feature; what refers to nothing is 0. */
function formulaOf(definition: Definition): Parameters<typeof referencesIn>[0] {
  if (definition.kind === 'expression') return definition.expression;
  return definition.kind === 'bucket' ? definition.of : 0;
}

/** Why an expression is too large to compile, or null. */
export function checkSize(definition: Definition): string | null {
  return checkFormulaSize(formulaOf(definition));
}

/** The same definition with every reference pinned to a version, so that a later version changes nothing here. */
export function pinReferences(
  definition: Definition,
  versionOf: (name: string, version: number | undefined) => number,
): Definition {
  const pin = ({ feature, version }: Reference): Reference => ({
    feature,
    version: versionOf(feature, version),
  });
  if (definition.kind === 'bucket') return { ...definition, of: pin(definition.of) };
  if (definition.kind !== 'expression') return definition;
  return { kind: 'expression', expression: mapReferences(definition.expression, pin) };
}

/** Event types a definition names, those of `that` included; empty for any type or none. */
export function eventTypesOf(definition: Definition): readonly string[] {
  const own = 'types' in definition ? (definition.types ?? []) : [];
  const inner = 'that' in definition ? (definition.that.types ?? []) : [];
  return [...new Set([...own, ...inner])];
}
