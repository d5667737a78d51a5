/** Where a command writes; `json` asks for machine-readable lines on stdout and nothing else there. */
export interface Output {
  json: boolean;
  line(text: string): void;
  note(text: string): void;
}

/** Writes lines to stdout and notes to stderr. */
export function consoleOutput(json: boolean): Output {
  return {
    json,
    line: (text) => process.stdout.write(`${text}\n`),
    note: (text) => {
      if (!json) process.stderr.write(`${text}\n`);
    },
  };
}

/** Columns aligned with two spaces between; numbers to the right. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const width = header.map((title, column) =>
    Math.max(widthOf(title), ...rows.map((row) => widthOf(row[column] ?? ''))),
  );
  const numeric = header.map(
    (_, column) => rows.length > 0 && rows.every((row) => /^-?[\d.,%]*$/.test(row[column] ?? '')),
  );
  const render = (row: readonly string[]): string =>
    row
      .map((cell, column) => {
        const blanks = ' '.repeat(Math.max(0, (width[column] ?? 0) - widthOf(cell)));
        return numeric[column] ? blanks + cell : cell + blanks;
      })
      .join('  ')
      .trimEnd();
  return [header, ...rows].map(render).join('\n');
}

const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60]/g;

/** Cells of a terminal: Chinese, Japanese and Korean signs take two. */
function widthOf(text: string): number {
  return text.length + (text.match(WIDE)?.length ?? 0);
}

/** A number for people: at most four significant decimals, thousands separated. */
export function figure(value: number | null | undefined): string {
  if (value === null || value === undefined) return '–';
  if (Number.isInteger(value)) return value.toLocaleString('en-US');
  return value.toLocaleString('en-US', { maximumFractionDigits: 4 });
}

/** Long text on lines of at most `width` characters, broken between words; a longer word has its own line. */
export function wrap(text: string, width = 110): string {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.join('\n');
}
