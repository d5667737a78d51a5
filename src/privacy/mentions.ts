/** What a customer can be mentioned by; all of it is searched for as whole words, in any case. */
export interface Traces {
  /** Our own number. */
  id: number;
  externalId: string;
  email: string | null;
  name: string | null;
  /** Texts of the profile that nobody else has. */
  ownTexts: readonly string[];
}

/** Regular expressions of PostgreSQL (advanced, to be matched in any case). */
export interface MentionPatterns {
  /** For columns of text. */
  text: string;
  /** For JSON as text: what could be a number or a word of JSON counts only as a whole string. */
  json: string;
}

/** Shorter profile texts and names of one word say too little about whom they mean. */
export const MIN_OWN_TEXT = 8;
const BARE_JSON = /^(?:-?[0-9][0-9.eE+-]*|true|false|null)$/;

/** The patterns that find a customer in text and JSON. Never empty: the id in the graph is always one. */
export function mentionPatterns(traces: Traces): MentionPatterns {
  const words = [
    `User:${traces.id}`,
    traces.externalId,
    ...(traces.email === null ? [] : [traces.email]),
    ...(traces.name !== null && /\S\s+\S/.test(traces.name) ? [traces.name] : []),
    ...traces.ownTexts.filter((text) => text.length >= MIN_OWN_TEXT),
  ];
  const text = words.map((word) => (BARE_JSON.test(word) ? afterNoColon(word) : wholeWord(word)));
  const json = words.map((word) => {
    const escaped = JSON.stringify(word).slice(1, -1);
    return BARE_JSON.test(word) ? `(?<=")${quoted(escaped)}(?=")` : wholeWord(escaped);
  });
  return { text: text.join('|'), json: json.join('|') };
}

// an escape such as \n ends in a letter and is no part of the word behind it
const BEFORE = '(?:(?<![[:alnum:]_])|(?<=\\\\[nrtbf]))';
const STARTS_AS_WORD = /^[\p{L}\p{N}_]/u;
const ENDS_AS_WORD = /[\p{L}\p{N}_]$/u;
const BEHIND = '(?![[:alnum:]_])';

function wholeWord(word: string): string {
  const before = STARTS_AS_WORD.test(word) ? BEFORE : '';
  return `${before}${quoted(word)}${ENDS_AS_WORD.test(word) ? BEHIND : ''}`;
}

/** `17` must not be found in `User:17`, which is somebody else. */
function afterNoColon(word: string): string {
  return `(?<![[:alnum:]_:])${quoted(word)}${BEHIND}`;
}

function quoted(word: string): string {
  return word
    .replaceAll(/[^\p{L}\p{N}\s]/gu, (character) => `\\${character}`)
    .replaceAll(/\p{Lt}/gu, '.'); // PostgreSQL does not find a letter in title case (ǅ) in any case, itself included
}

/** What stands in the place of a mention. */
export const REDACTED = 'erased';
