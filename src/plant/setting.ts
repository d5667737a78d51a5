import { isIP } from 'node:net';
import { z } from 'zod';

/** One setting: its variable, its default, what it means, and how its text is read. */
export interface Setting<T> {
  variable: string;
  /** Text as it would stand in the environment; '' = not set. */
  fallback: string;
  meaning: string;
  /** Its value is never shown in an error. */
  secret?: boolean;
  schema: z.ZodType<T, string>;
}

export const setting = <T>(definition: Setting<T>): Setting<T> => definition;

/** A whole number in bounds. */
export const integer = (min: number, max: number): z.ZodType<number, string> => {
  const message = `must be a whole number ${min}..${max}`;
  return z
    .string()
    .regex(/^\d{1,15}$/, message)
    .transform(Number)
    .refine((value) => value >= min && value <= max, message);
};

export const oneOf = <const T extends readonly [string, ...string[]]>(
  ...values: T
): z.ZodType<T[number], string> =>
  z.string().pipe(z.enum(values, { error: `must be one of ${values.join(', ')}` }));

const WORDS: Readonly<Record<string, boolean>> = {
  true: true,
  '1': true,
  yes: true,
  on: true,
  false: false,
  '0': false,
  no: false,
  off: false,
};

export const flag: z.ZodType<boolean, string> = z.string().transform((text, context) => {
  const value = WORDS[text.toLowerCase()];
  if (value !== undefined) return value;
  context.addIssue({ code: 'custom', message: 'must be true or false' });
  return z.NEVER;
});

export const textOrNull: z.ZodType<string | null, string> = z
  .string()
  .transform((text) => (text === '' ? null : text));

export const urlOrNull = (...protocols: string[]): z.ZodType<string | null, string> =>
  z.string().transform((text, context) => {
    if (text === '') return null;
    if (protocols.some((protocol) => text.startsWith(`${protocol}://`))) return text;
    const starts = protocols.map((protocol) => `${protocol}://`).join(' or ');
    context.addIssue({ code: 'custom', message: `must start with ${starts}` });
    return z.NEVER;
  });

const INSTANT = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d))?$/;

export const instantOrNull: z.ZodType<Date | null, string> = z
  .string()
  .transform((text, context) => {
    if (text === '') return null;
    const time = INSTANT.test(text) ? Date.parse(text) : NaN;
    if (!Number.isNaN(time)) return new Date(time);
    context.addIssue({
      code: 'custom',
      message: 'must be an ISO 8601 day or instant with its zone, such as 1997-10-01T00:00:00Z',
    });
    return z.NEVER;
  });

export const origins: z.ZodType<string[], string> = z.string().transform((text, context) => {
  const list = text
    .split(',')
    .map((entry) => entry.trim().replace(/\/$/, ''))
    .filter((entry) => entry !== '');
  const wrong = list.find((entry) => !/^https?:\/\/[^/\s]+$/.test(entry));
  if (wrong === undefined) return list;
  context.addIssue({
    code: 'custom',
    message: `must be a comma-separated list of origins such as https://crm.example.com, not "${wrong}"`,
  });
  return z.NEVER;
});

/** Networks as `address/bits`, IPv4 or IPv6. */
export const networks: z.ZodType<string[], string> = z.string().transform((text, context) => {
  const list = text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
  const wrong = list.find((entry) => !isNetwork(entry));
  if (wrong === undefined) return list;
  context.addIssue({
    code: 'custom',
    message: `must be a comma-separated list of networks such as 10.1.0.0/16, not "${wrong}"`,
  });
  return z.NEVER;
});

function isNetwork(text: string): boolean {
  const [address = '', bits = '', ...rest] = text.split('/');
  const most = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  return rest.length === 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= most;
}
