import { z } from 'zod';
import { unreachable } from '../kernel/id.js';
import { userError, type UserError } from '../kernel/error.js';
import { writtenIssues } from '../kernel/written-issue.js';
import { isStorableText } from '../plant/parameters.js';
import { columnOf, QUALITY_COLUMNS, type ColumnKind, type QualityTable } from './table.js';

const text = z
  .string()
  .min(1)
  .max(200)
  .refine(isStorableText, 'holds a character that cannot be stored');
const figure = z.number().min(-1e15).max(1e15);

/** What a condition is about: a column of the table, an attribute of a customer, a property of an event. */
const operand = z.union(
  [
    z.strictObject({ column: text }),
    z.strictObject({ attribute: text }),
    z.strictObject({ property: text }),
  ],
  'must be { "column": name }, { "attribute": name } or { "property": name }',
);
export type Operand = z.infer<typeof operand>;

/** What it is compared with: a constant, an instant, the instant of the scan, another operand. */
const counterpart = z.union([
  text,
  figure,
  z.boolean(),
  z.strictObject({ instant: z.iso.datetime() }),
  z.strictObject({ now: z.literal(true), plusSeconds: figure.optional() }),
  operand,
]);
export type Counterpart = z.infer<typeof counterpart>;

/** Forms that a text can be held to; the patterns are constants of ours. */
export const TEXT_FORMS = {
  email: '^[^[:space:]@]{1,64}@[^[:space:]@]+[.][^[:space:]@.]+$',
  uuid: '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$',
  httpUrl: '^https?://[^[:space:]/]+',
  digits: '^[0-9]+$',
} as const;

const condition = z.discriminatedUnion('op', [
  z.strictObject({
    of: operand,
    op: z.enum(['lt', 'lte', 'gt', 'gte', 'eq', 'ne']),
    to: counterpart,
  }),
  z.strictObject({ of: operand, op: z.enum(['present', 'absent']) }),
  z.strictObject({
    of: operand,
    op: z.enum(['in', 'notIn']),
    values: z.union([z.array(text).min(1).max(100), z.array(figure).min(1).max(100)]),
  }),
  z.strictObject({
    of: operand,
    op: z.literal('matches'),
    form: z.enum(['email', 'uuid', 'httpUrl', 'digits']),
  }),
  z.strictObject({
    of: operand,
    op: z.literal('maxLength'),
    length: z.int().min(0).max(1_000_000),
  }),
  z.strictObject({
    of: operand,
    op: z.literal('isA'),
    kind: z.enum(['number', 'text', 'boolean']),
  }),
]);
export type Condition = z.infer<typeof condition>;

const common = {
  /** Only rows for which all of these hold are looked at; without, every row. */
  when: z.array(condition).min(1).max(5).optional(),
  /** Share (0..1) of the rows looked at that may break the rule before its severity counts. */
  tolerance: z.number().min(0).max(1).default(0),
};

/**
 * A rule about rows. A row breaks it when `when` holds and a condition of `check` is false; a value that is
 * missing breaks nothing but `present`. `unique`: broken by every row whose values, all there, another row
 * has too.
 */
export const ruleSchema = z.union([
  z.strictObject({ check: z.array(condition).min(1).max(5), ...common }),
  z.strictObject({ unique: z.array(operand).min(1).max(4), ...common }),
]);
export type Rule = z.infer<typeof ruleSchema>;
/** As a caller writes it: `tolerance` may be left out. */
export type RuleInput = z.input<typeof ruleSchema>;

/** Longest rule as JSON text, in characters. */
export const MAX_RULE_LENGTH = 10_000;

/** A rule from outside, checked against the catalogue of its table; every error has a path inside the rule. */
export function parseRule(
  table: QualityTable,
  value: unknown,
): { rule: Rule; errors: [] } | { rule: null; errors: UserError[] } {
  const shape =
    typeof value === 'object' && value !== null && 'unique' in value
      ? ruleSchema.options[1]
      : ruleSchema.options[0];
  const parsed = shape.safeParse(value);
  if (!parsed.success)
    return {
      rule: null,
      errors: writtenIssues(parsed.error, value).map(({ path, message }) =>
        userError('INVALID', message.slice(0, 300), 'rule', ...path),
      ),
    };
  const errors = checkKinds(table, parsed.data);
  return errors.length > 0 ? { rule: null, errors } : { rule: parsed.data, errors: [] };
}

/** Kind of an operand: that of its column; `open` for attributes and properties, whose kind is each row's. */
export type OperandKind = ColumnKind | 'open';

/** Whether a counterpart is an operand. */
export function isOperand(value: Counterpart): value is Operand {
  return (
    typeof value === 'object' && ('column' in value || 'attribute' in value || 'property' in value)
  );
}

/** The kind of an operand; null where the table has no such thing. */
export function kindOfOperand(table: QualityTable, of: Operand): OperandKind | null {
  if ('column' in of) return columnOf(table, of.column)?.kind ?? null;
  if ('attribute' in of) return table === 'CUSTOMER' ? 'open' : null;
  return table === 'EVENT' ? 'open' : null;
}

/** The kind of a counterpart; null for an operand that the table does not have. */
export function kindOfCounterpart(table: QualityTable, to: Counterpart): OperandKind | null {
  if (typeof to === 'string') return 'text';
  if (typeof to === 'number') return 'number';
  if (typeof to === 'boolean') return 'boolean';
  return isOperand(to) ? kindOfOperand(table, to) : 'instant';
}

/** The kind in which two sides are compared; null when they cannot be. */
export function comparedAs(left: OperandKind, right: OperandKind): ColumnKind | null {
  if (left === 'json' || right === 'json') return null;
  if (left === 'open' && right === 'open') return 'number';
  const kind = left === 'open' ? right : left;
  if (kind === 'open' || ((left === 'open' || right === 'open') && kind === 'instant')) return null;
  return left === 'open' || right === 'open' || left === right ? kind : null;
}

function checkKinds(table: QualityTable, rule: Rule): UserError[] {
  const lists: [string, readonly Condition[]][] = [['when', rule.when ?? []]];
  if ('check' in rule) lists.push(['check', rule.check]);
  const errors = lists.flatMap(([name, conditions]) =>
    conditions.flatMap((each, index) => checkCondition(table, each, ['rule', name, String(index)])),
  );
  if ('unique' in rule)
    rule.unique.forEach((of, index) => {
      errors.push(...checkOperand(table, of, ['rule', 'unique', String(index)]));
    });
  return errors;
}

function checkOperand(table: QualityTable, of: Operand, path: string[]): UserError[] {
  if (kindOfOperand(table, of) !== null) return [];
  if (!('column' in of)) {
    const what = 'attribute' in of ? 'attributes' : 'properties';
    return [userError('INVALID', `${table} has no ${what}`, ...path)];
  }
  const names = QUALITY_COLUMNS[table].map(({ name }) => name).join(', ');
  const message = `${table} has no column ${of.column.slice(0, 60)}; it has ${names}`;
  return [userError('INVALID', message, ...path, 'column')];
}

function checkCondition(table: QualityTable, each: Condition, path: string[]): UserError[] {
  const errors = checkOperand(table, each.of, [...path, 'of']);
  if ('to' in each && isOperand(each.to))
    errors.push(...checkOperand(table, each.to, [...path, 'to']));
  if (errors.length > 0) return errors;
  const kind = kindOfOperand(table, each.of) ?? 'json';
  const refuse = (message: string, field: string): UserError[] => [
    userError('INVALID', message, ...path, field),
  ];
  switch (each.op) {
    case 'present':
    case 'absent':
      return [];
    case 'in':
    case 'notIn': {
      const wanted = typeof each.values[0] === 'number' ? 'number' : 'text';
      return comparedAs(kind, wanted) === null
        ? refuse(`${kind} values cannot be looked for in a list of ${wanted}s`, 'values')
        : [];
    }
    case 'matches':
    case 'maxLength':
      return comparedAs(kind, 'text') === null
        ? refuse(`${each.op} is for texts, not for ${kind} values`, 'op')
        : [];
    case 'isA':
      return kind === 'open' ? [] : refuse(`isA is for attributes and properties`, 'op');
    case 'lt':
    case 'lte':
    case 'gt':
    case 'gte':
    case 'eq':
    case 'ne': {
      const right = kindOfCounterpart(table, each.to) ?? 'json';
      const as = comparedAs(kind, right);
      if (as === null) return refuse(`${kind} and ${right} values cannot be compared`, 'to');
      return as === 'boolean' && each.op !== 'eq' && each.op !== 'ne'
        ? refuse('true and false have no order: use eq or ne', 'op')
        : [];
    }
    default:
      return unreachable(each);
  }
}

/** The rule in one line, for people: `when type eq purchase: value gte 0`. */
export function ruleText(rule: Rule): string {
  const when = rule.when ? `when ${rule.when.map(conditionText).join(' and ')}: ` : '';
  const what =
    'unique' in rule
      ? `${rule.unique.map(operandText).join(', ')} unique`
      : rule.check.map(conditionText).join(' and ');
  return when + what;
}

function operandText(of: Operand): string {
  if ('column' in of) return of.column;
  return 'attribute' in of ? `attributes.${of.attribute}` : `properties.${of.property}`;
}

function counterpartText(to: Counterpart): string {
  if (typeof to !== 'object') return String(to);
  if (isOperand(to)) return operandText(to);
  if ('instant' in to) return to.instant;
  return to.plusSeconds === undefined ? 'now' : `now + ${to.plusSeconds} s`;
}

function conditionText(each: Condition): string {
  const of = operandText(each.of);
  switch (each.op) {
    case 'present':
    case 'absent':
      return `${of} ${each.op}`;
    case 'in':
    case 'notIn':
      return `${of} ${each.op} ${each.values.join(', ')}`;
    case 'matches':
      return `${of} matches ${each.form}`;
    case 'maxLength':
      return `${of} maxLength ${each.length}`;
    case 'isA':
      return `${of} isA ${each.kind}`;
    case 'lt':
    case 'lte':
    case 'gt':
    case 'gte':
    case 'eq':
    case 'ne':
      return `${of} ${each.op} ${counterpartText(each.to)}`;
  }
}
