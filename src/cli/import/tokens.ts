import { AppError } from '../../kernel/error.js';

/** A piece of an expression; `at` is the 0-based place in the text, for messages. */
export type Token =
  | { kind: 'number'; value: number; at: number }
  | { kind: 'text'; value: string; at: number }
  | { kind: 'name'; value: string; quoted: boolean; at: number }
  | { kind: 'sign'; value: string; at: number }
  | { kind: 'end'; at: number };

const NUMBER = /(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y;
const NAME = /[\p{L}_$][\p{L}\p{N}_$.]*/uy;
const SIGN = /<=|>=|!=|<>|==|[-+*/%()=<>,]/y;
const BLANK = /\s+/y;

function match(pattern: RegExp, text: string, at: number): string | null {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? null;
}

/** The text between quotes from `at` on, a doubled quote standing for one; `end` is the place after it. */
function quoted(text: string, at: number): { value: string; end: number } {
  const quote = text.charAt(at);
  let value = '';
  for (let i = at + 1; i < text.length; i++) {
    const character = text.charAt(i);
    if (character !== quote) value += character;
    else if (text.charAt(i + 1) === quote) {
      value += quote;
      i++;
    } else return { value, end: i + 1 };
  }
  throw new AppError('INVALID', `in "${text}": the ${quote} at place ${at + 1} is never closed`);
}

/**
 * Cuts an expression into tokens. `'…'` is text; a name stands bare, or in backquotes or double quotes.
 * @throws AppError INVALID that names the place of what cannot be read
 */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const blank = match(BLANK, text, at);
    if (blank !== null) {
      at += blank.length;
      continue;
    }
    const character = text.charAt(at);
    if (character === "'" || character === '`' || character === '"') {
      const { value, end } = quoted(text, at);
      tokens.push(
        character === "'" ? { kind: 'text', value, at } : { kind: 'name', value, quoted: true, at },
      );
      at = end;
      continue;
    }
    const number = match(NUMBER, text, at);
    const name = number === null ? match(NAME, text, at) : null;
    const sign = number === null && name === null ? match(SIGN, text, at) : null;
    if (number !== null) tokens.push({ kind: 'number', value: Number(number), at });
    else if (name !== null) tokens.push({ kind: 'name', value: name, quoted: false, at });
    else if (sign !== null) tokens.push({ kind: 'sign', value: sign, at });
    else
      throw new AppError(
        'INVALID',
        `in "${text}": ${JSON.stringify(character)} at place ${at + 1} is no part of an expression; names with special characters stand in \`backquotes\``,
      );
    at += (number ?? name ?? sign ?? '').length;
  }
  tokens.push({ kind: 'end', at: text.length });
  return tokens;
}
