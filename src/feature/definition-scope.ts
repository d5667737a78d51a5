import { z } from 'zod';
import { NAME_PATTERN } from '../event/event.js';
import { isStorableText } from '../plant/parameters.js';

/** A text of 1..100 characters that Postgres can hold. */
export const storableText = z
  .string()
  .min(1)
  .max(100)
  .refine(isStorableText, 'holds a character that cannot be stored');

const eventTypes = z.array(z.string().regex(NAME_PATTERN, 'is not an event type')).min(1).max(20);

const days = z.number().positive().max(3660);

const constant = z.union([storableText, z.number(), z.boolean()]);

/** What a condition looks at: a top-level property of the event, or its value. */
const onProperty = { property: storableText };
const onValue = { on: z.literal('value') };

/** Bounds of a number; at least one, not two of one side. */
const bounds = {
  atLeast: z.number().optional(),
  above: z.number().optional(),
  atMost: z.number().optional(),
  below: z.number().optional(),
};

type Bounds = Partial<Record<keyof typeof bounds, number | undefined>>;

function isRange({ atLeast, above, atMost, below }: Bounds): boolean {
  const lower = [atLeast, above].filter((bound) => bound !== undefined).length;
  const upper = [atMost, below].filter((bound) => bound !== undefined).length;
  return lower + upper > 0 && lower < 2 && upper < 2;
}

const RANGE_RULE = 'needs one of atLeast, above and/or one of atMost, below';

const condition = z.union([
  /** The property equals it, both as text: 5 and '5' are the same. Numbers are written out without an exponent. */
  z.strictObject({ ...onProperty, equals: constant }),
  /** It equals one of these, as text. */
  z.strictObject({ ...onProperty, in: z.array(constant).min(1).max(20) }),
  /** It is there and not null; or, with false, is not. */
  z.strictObject({ ...onProperty, exists: z.boolean() }),
  z.strictObject({ ...onValue, exists: z.boolean() }),
  /** It is a number of at most 1e15 inside the bounds; texts that look like numbers are not. */
  z.strictObject({ ...onProperty, ...bounds }).refine(isRange, RANGE_RULE),
  z.strictObject({ ...onValue, ...bounds }).refine(isRange, RANGE_RULE),
]);

/** Which of a user's events count. All parts must hold; an event always lies before `asOf`. */
export const scopeParts = {
  /** Event types; without, every type. */
  types: eventTypes.optional(),
  /** The window [asOf - offsetDays - windowDays, asOf - offsetDays), days of 24 hours; without, all history. */
  windowDays: days.optional(),
  /** How long before asOf the window ends; default 0. */
  offsetDays: days.optional(),
  /** Hours of the day (UTC) [from, to); from > to runs over midnight, for example 22..6. */
  hours: z
    .strictObject({ from: z.int().min(0).max(23), to: z.int().min(0).max(24) })
    .refine((hours) => hours.from !== hours.to, 'from and to must differ')
    .optional(),
  /** ISO weekdays (UTC), 1 = Monday. */
  weekdays: z.array(z.int().min(1).max(7)).min(1).max(7).optional(),
  /** Conditions on properties and on the value; all of them must hold. */
  where: z.array(condition).min(1).max(5).optional(),
};

/** The part of a scope that `share` counts: at least one part. */
export const innerScope = z
  .strictObject(scopeParts)
  .refine((scope) => Object.values(scope).some((part) => part !== undefined), {
    message: 'needs at least one part',
  });

export type EventScope = z.infer<z.ZodObject<typeof scopeParts>>;
export type Condition = z.infer<typeof condition>;

/** A number as Postgres prints a JSON number: never with an exponent. */
export function plainDecimal(value: number): string {
  const text = String(value);
  const match = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text);
  if (!match) return text;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  const digits = whole + fraction;
  const power = Number(exponent);
  return power < 0
    ? `${sign}0.${'0'.repeat(-power - 1)}${digits}`
    : `${sign}${digits.padEnd(power + 1, '0')}`;
}
