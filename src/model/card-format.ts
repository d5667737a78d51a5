/** A text that cannot break out of its line or cell. */
export function cell(text: string): string {
  return text
    .replaceAll(/\s+/g, ' ')
    .replaceAll('\\', '\\\\')
    .replaceAll('|', '\\|')
    .replaceAll('<', '&lt;')
    .trim();
}

/** A number as it is read: whole ones whole, others with four digits. */
export function figure(value: number): string {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(4)));
}

/** A share 0..1 in percent; a dash for none. */
export function percent(share: number | null): string {
  return share === null ? '–' : `${figure(100 * share)} %`;
}

/** `0.81 to 0.86`; a dash where there is no interval. */
export function withInterval({
  low,
  high,
}: {
  low?: number | undefined;
  high?: number | undefined;
}): string {
  return low === undefined || high === undefined ? '–' : `${figure(low)} to ${figure(high)}`;
}

/** A Markdown table; the first column is text, the others are figures. */
export function cardTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, at) => (at === 0 ? '---' : '---:'));
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}
