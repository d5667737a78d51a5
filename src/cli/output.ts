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
    Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const numeric = header.map(
    (_, column) => rows.length > 0 && rows.every((row) => /^-?[\d.,%]*$/.test(row[column] ?? '')),
  );
  const render = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        numeric[column] ? cell.padStart(width[column] ?? 0) : cell.padEnd(width[column] ?? 0),
      )
      .join('  ')
      .trimEnd();
  return [header, ...rows].map(render).join('\n');
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
