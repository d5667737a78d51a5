import fs from 'node:fs';
import { AppError } from '../kernel/error.js';

/**
 * What a JSON file holds; a byte order mark is passed over.
 * @param named the file in errors, such as `the map file m.json`
 * @throws AppError INVALID when it cannot be read, or is no JSON
 */
export function readJson(file: string, named = file): unknown {
  let text: string;
  try {
    text = fs.readFileSync(file, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new AppError('INVALID', `${named} cannot be read (${code ?? String(cause)})`, { cause });
  }
  try {
    return JSON.parse(text.replace(/^\ufeff/, ''));
  } catch (cause) {
    throw new AppError('INVALID', `${named} is no JSON: ${(cause as Error).message}`, { cause });
  }
}
