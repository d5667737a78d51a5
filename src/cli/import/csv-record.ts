/** One CSV record, or a line that is none. `end` is the place after its line break. */
export type Scan =
  | { kind: 'record'; cells: string[]; end: number; lines: number }
  /** A quoted field still stands open at the end of the text. */
  | { kind: 'open' }
  | { kind: 'broken'; message: string };

/**
 * Reads one record from `start` (RFC 4180: fields in double quotes may hold delimiters, line breaks and doubled
 * quotes; a quote inside an unquoted field is an ordinary character). `text` must hold the record's line break,
 * unless `last` says that the file ends with it.
 */
export function scanRecord(text: string, start: number, delimiter: string, last: boolean): Scan {
  const cells: string[] = [];
  let lines = 1;
  let at = start;
  for (;;) {
    if (text.charAt(at) === '"') {
      const field = scanQuoted(text, at);
      if (field === null)
        return last
          ? { kind: 'broken', message: 'a quote is opened and never closed' }
          : { kind: 'open' };
      lines += field.breaks;
      at = field.end;
      const after = text.charAt(at);
      if (after === '' && !last) return { kind: 'open' };
      if (after !== delimiter && !isBreak(text, at) && after !== '')
        return {
          kind: 'broken',
          message: `field ${cells.length + 1}: ${JSON.stringify(after)} follows the closing quote, where ${JSON.stringify(delimiter)} or the line's end must stand`,
        };
      cells.push(field.value);
    } else {
      const end = endOfPlain(text, at, delimiter);
      cells.push(text.slice(at, end));
      at = end;
    }
    if (text.charAt(at) === delimiter) {
      at++;
      continue;
    }
    if (text.charAt(at) === '\r') at++;
    return { kind: 'record', cells, end: Math.min(at + 1, text.length), lines };
  }
}

function isBreak(text: string, at: number): boolean {
  const character = text.charAt(at);
  return character === '\n' || (character === '\r' && /^\r(?:\n|$)/.test(text.slice(at, at + 2)));
}

function endOfPlain(text: string, start: number, delimiter: string): number {
  let at = start;
  while (at < text.length && text.charAt(at) !== delimiter && !isBreak(text, at)) at++;
  return at;
}

function scanQuoted(
  text: string,
  start: number,
): { value: string; end: number; breaks: number } | null {
  let value = '';
  let from = start + 1;
  for (;;) {
    const quote = text.indexOf('"', from);
    if (quote < 0) return null;
    value += text.slice(from, quote);
    if (text.charAt(quote + 1) !== '"') {
      let breaks = 0;
      for (let at = value.indexOf('\n'); at >= 0; at = value.indexOf('\n', at + 1)) breaks++;
      return { value, end: quote + 1, breaks };
    }
    value += '"';
    from = quote + 2;
  }
}

const DELIMITERS = [',', ';', '\t', '|'];

/**
 * The delimiter that cuts the first lines of a file into the most, and most even, columns; a comma when none does.
 * Quoted text is left out of the count.
 */
export function detectDelimiter(head: string): string {
  const plain = head.replace(/"[^"]*"/g, 'x');
  const lines = plain.split(/\r?\n/, 12).filter((line) => line !== '');
  if (lines.length > 2) lines.pop(); // may be cut off
  let best = { delimiter: ',', score: 0 };
  for (const delimiter of DELIMITERS) {
    const counts = lines.map((line) => line.split(delimiter).length - 1);
    const header = counts[0] ?? 0;
    const even = counts.filter((count) => count === header).length / Math.max(1, counts.length);
    const score = header * even;
    if (score > best.score) best = { delimiter, score };
  }
  return best.delimiter;
}
