import fs from 'node:fs/promises';
import path from 'node:path';
import type { z } from 'zod';
import { AppError, userError, type UserError } from '../../kernel/error.js';
import { MAX_TEXTS, newPersonaText, parseSeedTexts, type PersonaText } from './persona-text.js';
import type { PersonaTextStore } from './persona-text.store.js';

/**
 * Boot step: puts the texts of `folder`/persona/texts.json into the database, where they are edited from then on.
 * @param folder that of the models
 * @returns how many were new or brought up to date; 0 without the file
 * @throws AppError CONFIGURATION naming the row that is wrong
 */
export async function seedPersonaTexts(
  deps: Pick<PersonaTextStore, 'seed'>,
  folder: string,
): Promise<number> {
  const file = path.join(folder, 'persona', 'texts.json');
  const text = await fs.readFile(file, 'utf8').catch((error: unknown) => {
    if ((error as { code?: string }).code === 'ENOENT') return null;
    throw error;
  });
  if (text === null) return 0;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new AppError('CONFIGURATION', `${file} is not JSON`, { cause });
  }
  return deps.seed(parseSeedTexts(value, file));
}

/** A text written, or what is wrong with it: every error names its field below `input`. */
export async function writePersonaText(
  deps: Pick<PersonaTextStore, 'upsert'>,
  input: Record<keyof z.input<typeof newPersonaText>, unknown>,
  by: string,
): Promise<{ text: PersonaText | null; errors: UserError[] }> {
  const checked = newPersonaText.safeParse(input);
  if (!checked.success) return { text: null, errors: checked.error.issues.map(errorOf) };
  const text = await deps.upsert(checked.data, by, MAX_TEXTS);
  if (text) return { text, errors: [] };
  const why = `${checked.data.locale} has ${MAX_TEXTS} texts already, which is the most`;
  return { text: null, errors: [userError('TOO_LARGE', why, 'input', 'locale')] };
}

function errorOf({ message, path: at, code, ...issue }: z.core.$ZodIssue): UserError {
  const unknown = code === 'unrecognized_keys' && 'keys' in issue ? issue.keys : [];
  const [first] = unknown;
  const field = [...at.map(String), ...(first === undefined ? [] : [first])];
  return userError('INVALID', `${field.join('.')}: ${message}`, 'input', ...field);
}
