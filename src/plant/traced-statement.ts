import type { SentStatement } from './counted-pool.js';

const TABLE = /\b(?:from|into|update|table|copy)\s+(?:only\s+)?("?[a-z_][\w.]*"?)/i;
const VERB = /^\s*(?:\/\*.*?\*\/\s*)?([a-z]+)/i;

/**
 * What a statement is called in a trace: its own name, else its verb and the first table it names. Nothing else of the
 * text comes along, so that no constant in it does.
 */
export function statementName({ name, text }: SentStatement): string {
  if (name !== null) return name;
  const verb = (VERB.exec(text)?.[1] ?? 'statement').toLowerCase();
  const table = TABLE.exec(text)?.[1]?.replaceAll('"', '');
  return table === undefined ? verb : `${verb} ${table}`;
}
