import type { FeatureTable } from '../../numeric/table.js';

/** A column of the table that may be selected. */
export interface Candidate {
  name: string;
  kind: 'NUMBER' | 'BOOLEAN' | 'CATEGORY';
  /** Index among the numbers (and booleans), or among the categories. */
  position: number;
}

/** Categories told apart; the rest of a column is one more, so that rare ones do not look telling by chance. */
const MAX_CATEGORIES = 100;
const MISSING_BOOLEAN = 2;

/** Every column, numbers first. @param booleans names of the numbers that are 0, 1 or missing */
export function candidatesOf(table: FeatureTable, booleans: ReadonlySet<string>): Candidate[] {
  return [
    ...table.numericNames.map((name, position): Candidate => {
      return { name, kind: booleans.has(name) ? 'BOOLEAN' : 'NUMBER', position };
    }),
    ...table.categoricalNames.map((name, position): Candidate => {
      return { name, kind: 'CATEGORY', position };
    }),
  ];
}

/** The values of a number or boolean, missing NaN. Cost: O(rows). */
export function numbersOf(table: FeatureTable, { position }: Candidate): Float32Array {
  const width = table.numericNames.length;
  const values = new Float32Array(table.rows);
  for (let row = 0; row < table.rows; row++)
    values[row] = table.numeric[row * width + position] ?? NaN;
  return values;
}

/** Codes 0..count - 1 of a category or boolean; missing is a category of its own. Cost: O(rows). */
export function codesOf(
  table: FeatureTable,
  candidate: Candidate,
): { codes: Uint8Array; count: number } {
  if (candidate.kind !== 'CATEGORY') {
    const values = numbersOf(table, candidate);
    const codes = Uint8Array.from(values, (x) => (Number.isNaN(x) ? MISSING_BOOLEAN : x));
    return { codes, count: MISSING_BOOLEAN + 1 };
  }
  const width = table.categoricalNames.length;
  const textOf = (row: number): string => table.categorical[row * width + candidate.position] ?? '';
  const counts = new Map<string, number>();
  for (let row = 0; row < table.rows; row++)
    counts.set(textOf(row), (counts.get(textOf(row)) ?? 0) + 1);
  const frequent = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  const codeOf = new Map(
    frequent.slice(0, MAX_CATEGORIES).map(([text], code): [string, number] => [text, code]),
  );
  const codes = new Uint8Array(table.rows);
  for (let row = 0; row < table.rows; row++) codes[row] = codeOf.get(textOf(row)) ?? MAX_CATEGORIES;
  return { codes, count: Math.min(counts.size, MAX_CATEGORIES + 1) };
}

/** At most `most` of the rows 0..rows - 1, evenly spaced, ascending. */
export function evenRows(rows: number, most: number): number[] {
  const count = Math.min(rows, most);
  return Array.from({ length: count }, (_, k) => Math.floor((k * rows) / count));
}
