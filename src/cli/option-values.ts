import { InvalidArgumentError } from 'commander';

/**
 * Parses an option that is a whole number `min`..`max`.
 * @throws InvalidArgumentError (wrong usage) with the bounds; a silent NaN would mean "not given" further on
 */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^[+-]?\d{1,15}$/.test(text.trim()) ? Number(text) : NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a whole number ${min}..${max}.`);
  };
}

/** Parses an option that is a number above 0. @throws InvalidArgumentError (wrong usage) */
export function positive(text: string): number {
  const value = text.trim() === '' ? NaN : Number(text);
  if (value > 0 && value < Infinity) return value;
  throw new InvalidArgumentError('It must be a number above 0.');
}

const INSTANT = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d))?$/;

/**
 * Parses an option that is an ISO day (its first instant, UTC) or an instant with its zone.
 * @throws InvalidArgumentError for anything else, days that no month has included
 */
export function instant(text: string): string {
  const [year = 0, month = 0, day = 0] = text.slice(0, 10).split('-').map(Number);
  const daysInMonth = new Date(Date.UTC(year, month, 0)).getUTCDate();
  const time = INSTANT.test(text) && day <= daysInMonth ? Date.parse(text) : NaN;
  if (!Number.isNaN(time)) return new Date(time).toISOString();
  throw new InvalidArgumentError(
    'It must be an ISO day or instant with its zone, such as 1997-10-01 or 1997-10-01T00:00:00Z.',
  );
}

/**
 * Parses a comma-separated list of words out of `known`, in either case; gives them as `known` writes them.
 * @throws InvalidArgumentError that names the words there are
 */
export function listOf<const Word extends string>(
  known: readonly Word[],
): (text: string) => Word[] {
  return (text) =>
    text.split(',').map((part) => {
      const word = known.find((one) => one.toLowerCase() === part.trim().toLowerCase());
      if (word !== undefined) return word;
      throw new InvalidArgumentError(`It must be one of ${known.join(', ')}.`);
    });
}

/** Parses one word out of `known`, in either case. @throws InvalidArgumentError that names the words there are */
export function oneOf<const Word extends string>(known: readonly Word[]): (text: string) => Word {
  const parse = listOf(known);
  return (text) => {
    const [word, ...more] = parse(text);
    if (word !== undefined && more.length === 0) return word;
    throw new InvalidArgumentError(`It must be one of ${known.join(', ')}.`);
  };
}

/** Parses a comma-separated list of names. @throws InvalidArgumentError where one is empty */
export function namesOf(text: string): string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.includes('')) throw new InvalidArgumentError('It must be names with commas between.');
  return names;
}
