import { z } from 'zod';
import { AppError } from '../../kernel/error.js';
import { LABELS, type LabelDimension } from './label.js';
import { PLACEHOLDERS, type Figures, fillText } from './fill-text.js';

export const TEXT_KINDS = ['TRAIT', 'INSIGHT', 'STRATEGY', 'GOAL'] as const;
export type PersonaTextKind = (typeof TEXT_KINDS)[number];

/** Labels that a persona must have: one of those listed in each dimension; {} holds for everybody. */
export type TextCondition = Partial<Record<LabelDimension, string[]>>;

/** What is said of a persona, and when; data that people edit. */
export interface PersonaText {
  /** uuid v7. */
  id: string;
  kind: PersonaTextKind;
  /** A language tag: en, zh. */
  locale: string;
  /** The same text in several languages has the same key. */
  key: string;
  condition: TextCondition;
  /** Order among those that hold, ascending. */
  position: number;
  /** With placeholders such as {share}. */
  text: string;
  updatedAt: Date;
  updatedBy: string;
}

/** A text as it is written. */
export type NewPersonaText = Omit<PersonaText, 'id' | 'updatedAt' | 'updatedBy'>;

/** At most so many texts a language: each persona reads all of its language. */
export const MAX_TEXTS = 1_000;
const MAX_TEXT_LENGTH = 500;

const DIMENSIONS = Object.keys(LABELS) as LabelDimension[];

const listOf = (known: readonly string[] | null): z.ZodType<string[]> => {
  const wording = known ? `one or more of ${known.join(', ')}` : '1 to 20 texts';
  const label = known
    ? z.enum(known, { error: `must be ${wording}` })
    : z
        .string()
        .min(1, { error: `must be ${wording}` })
        .max(100);
  return z
    .array(label, { error: `must be a list: ${wording}` })
    .min(1, { error: `must be ${wording}` })
    .max(20, { error: `must be ${wording}` });
};

/** @throws nothing: use safeParse; issues name the dimension */
const textCondition: z.ZodType<TextCondition> = z.strictObject(
  Object.fromEntries(
    DIMENSIONS.map((dimension) => [dimension, listOf(LABELS[dimension]).optional()]),
  ),
  {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? `unknown dimension ${issue.keys.join(', ')}; known are ${DIMENSIONS.join(', ')}`
        : 'must be an object of lists of labels, by dimension',
  },
);

const placeholdersKnown = (text: string, context: z.RefinementCtx): void => {
  for (const [whole, name = ''] of text.matchAll(/\{([^{}]*)\}/g))
    if (!PLACEHOLDERS.some((known) => known === name))
      context.addIssue({
        code: 'custom',
        message: `unknown placeholder ${whole}; known are ${PLACEHOLDERS.join(', ')}`,
      });
  // told to the reader as they stand otherwise
  if (/[{}]/.test(text.replace(/\{[^{}]*\}/g, '')))
    context.addIssue({ code: 'custom', message: 'has a brace that is not closed or not opened' });
};

const POSITION = 'must be a whole number 0..9999';
const LOCALE = 'must be a language tag such as en, zh or pt-BR';
const TEXT = `must have 1..${MAX_TEXT_LENGTH} characters`;
const KEY = 'must be 1..80 of a-z, 0-9, dot, dash and underscore, beginning with a letter or digit';

/** A text from outside, in bounds; the locale in its canonical spelling. */
export const newPersonaText = z.strictObject({
  kind: z.enum(TEXT_KINDS, { error: `must be one of ${TEXT_KINDS.join(', ')}` }),
  locale: z
    .string({ error: LOCALE })
    .regex(/^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$/, { error: LOCALE })
    .transform((tag, context) => canonicalLocale(tag) ?? reject(context, LOCALE)),
  key: z.string({ error: KEY }).regex(/^[a-z0-9][a-z0-9._-]{0,79}$/, { error: KEY }),
  condition: textCondition,
  position: z.int({ error: POSITION }).min(0, { error: POSITION }).max(9_999, { error: POSITION }),
  text: z
    .string({ error: TEXT })
    .trim()
    .min(1, { error: TEXT })
    .max(MAX_TEXT_LENGTH, { error: TEXT })
    .superRefine(placeholdersKnown),
});

function reject(context: z.RefinementCtx, message: string): never {
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
}

/** A language tag in its canonical spelling, or null where it is none. */
export function canonicalLocale(tag: string): string | null {
  try {
    return Intl.getCanonicalLocales(tag)[0] ?? null;
  } catch {
    return null;
  }
}

const seedRow = z.strictObject({
  kind: z.enum(TEXT_KINDS),
  key: z.string(),
  condition: textCondition,
  position: z.int(),
  en: z.string(),
  zh: z.string(),
});

/** The texts of models/persona/texts.json, one a language. @throws AppError CONFIGURATION naming the row */
export function parseSeedTexts(value: unknown, where: string): NewPersonaText[] {
  const rows = z.array(seedRow).safeParse(value);
  if (!rows.success)
    throw new AppError('CONFIGURATION', `${where}: ${z.prettifyError(rows.error)}`);
  return rows.data.flatMap(({ en, zh, ...row }) =>
    [
      { ...row, locale: 'en', text: en },
      { ...row, locale: 'zh', text: zh },
    ].map((text) => {
      const parsed = newPersonaText.safeParse(text);
      if (parsed.success) return parsed.data;
      const which = `${text.kind} ${text.key} (${text.locale})`;
      throw new AppError('CONFIGURATION', `${where}, ${which}: ${z.prettifyError(parsed.error)}`);
    }),
  );
}

/**
 * The languages to look for, in order: the tag itself, its language, English. A tag that is none of a language is
 * looked up as English.
 */
export function localeChain(tag: string): string[] {
  const own = canonicalLocale(tag);
  const chain = own === null ? [] : [own, own.split('-')[0] ?? own];
  return [...new Set([...chain, 'en'])];
}

/** A label, however it came about. */
interface GivenLabel {
  dimension: string;
  label: string;
}

/** Whether a persona with these labels is one that the text speaks of. */
export function conditionHolds(condition: TextCondition, labels: readonly GivenLabel[]): boolean {
  return DIMENSIONS.every((dimension) => {
    const wanted = condition[dimension];
    if (!wanted) return true;
    return labels.some((each) => each.dimension === dimension && wanted.includes(each.label));
  });
}

/**
 * What is said of a persona, by kind and in order; a text with a placeholder that the segment has no figure for is
 * left out.
 * @param figuresIn figures as they are written in a language
 */
export function tellPersona(
  texts: readonly Pick<
    PersonaText,
    'kind' | 'locale' | 'key' | 'condition' | 'position' | 'text'
  >[],
  labels: readonly GivenLabel[],
  figuresIn: (locale: string) => Figures,
): Record<PersonaTextKind, string[]> {
  const told: Record<PersonaTextKind, string[]> = {
    TRAIT: [],
    INSIGHT: [],
    STRATEGY: [],
    GOAL: [],
  };
  const figures = new Map<string, Figures>();
  const figuresOnce = (locale: string): Figures => {
    const known = figures.get(locale) ?? figuresIn(locale);
    figures.set(locale, known);
    return known;
  };
  const ordered = [...texts].sort(
    (a, b) => a.position - b.position || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0),
  );
  for (const { kind, locale, condition, text } of ordered) {
    if (!conditionHolds(condition, labels)) continue;
    const filled = fillText(text, figuresOnce(locale));
    if (filled !== null) told[kind].push(filled);
  }
  return told;
}
