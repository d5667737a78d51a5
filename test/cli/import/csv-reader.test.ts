import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BadRow, Row } from '../../../src/cli/import/cell.js';
import { openCsv } from '../../../src/cli/import/csv-reader.js';
import { detectDelimiter } from '../../../src/cli/import/csv-record.js';

async function* chunked(text: string, size: number): AsyncGenerator<string, void> {
  await Promise.resolve();
  for (let at = 0; at < text.length; at += size) yield text.slice(at, at + size);
}

async function read(
  text: string,
  size = 7,
  delimiter: string | null = null,
): Promise<{ names: readonly string[]; rows: Row[]; bad: BadRow[]; notes: string[] }> {
  const table = await openCsv(chunked(text, size), delimiter);
  const rows: Row[] = [];
  const bad: BadRow[] = [];
  for await (const batch of table.batches) {
    rows.push(...batch.rows);
    bad.push(...batch.bad);
  }
  return { names: table.columns.names, rows, bad, notes: table.notes };
}

describe('reading CSV', () => {
  it('counts lines from 1 with the header, and a record of several lines by its first', async () => {
    const { names, rows, bad } = await read('a,b\n1,2\n\n"x\ny","z ""q"""\r\n3,4');
    expect(names).toEqual(['a', 'b']);
    expect(rows).toEqual([
      { line: 2, cells: ['1', '2'] },
      { line: 4, cells: ['x\ny', 'z "q"'] },
      { line: 6, cells: ['3', '4'] },
    ]);
    expect(bad).toEqual([]);
  });

  it('reads the same records as a reference parser, however the text is cut into chunks', async () => {
    const cell = fc.string({
      unit: fc.constantFrom('a', 'ü', '7', ' ', '"', ',', '\n', '\r\n', ';', '💶'),
      maxLength: 6,
    });
    const records = fc.array(fc.array(cell, { minLength: 3, maxLength: 3 }), { maxLength: 8 });
    const quote = (text: string): string =>
      /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
    await fc.assert(
      fc.asyncProperty(
        records,
        fc.integer({ min: 1, max: 20 }),
        fc.constantFrom('\n', '\r\n'),
        fc.boolean(),
        async (table, size, lineBreak, lastBreak) => {
          const lines = [['h1', 'h2', 'h3'], ...table].map((r) => r.map(quote).join(','));
          const text = lines.join(lineBreak) + (lastBreak ? lineBreak : '');
          const { rows, bad } = await read(text, size, ',');
          const expected = parse(text, { from_line: 2, skip_empty_lines: true });
          expect(rows.map((row) => row.cells)).toEqual(expected);
          expect(bad).toEqual([]);
        },
      ),
    );
  });

  it.each<[string, string]>([
    ['a stray quote that another quote closes wrongly', '3,"broken\n4,d\n5,"e"\n6,f'],
    ['a stray quote that nothing closes', '3,"broken\n4,d\n5,e\n6,f'],
    ['a quote closed in the middle of a field', '3,"bro"ken\n4,d\n5,e\n6,f'],
    ['a quote that swallows a comma and a line', '3,"broken\n4,d",x\n5,e\n6,f'],
  ])('loses one line to %s, and none after it', async (_, broken) => {
    const { rows, bad } = await read(`id,name\n1,a\n2,b\n${broken}\n7,g\n`);
    expect(bad.map((row) => row.line)[0]).toBe(4);
    const ids = [...rows.map(({ cells }) => cells[0])];
    const lost = bad.map(({ row }) => String(row).slice(0, 1));
    expect([...ids, ...lost].map(String).sort()).toEqual(['1', '2', '3', '4', '5', '6', '7']);
    expect(ids).toContain('7');
    expect(ids).toContain('5');
  });

  it('goes on after a quote that stays open for more than 1 MiB', async () => {
    const filler = Array.from({ length: 60_000 }, (_, i) => `${i},some text that is long enough`);
    const { rows, bad } = await read(`id,name\nx,"open\n${filler.join('\n')}\n`, 65_536);
    expect(bad).toHaveLength(1);
    expect(bad[0]).toMatchObject({ line: 2 });
    expect(rows).toHaveLength(60_000);
    expect(rows.at(-1)).toEqual({
      line: 60_002,
      cells: ['59999', 'some text that is long enough'],
    });
  });

  it('rejects a row with too many or too few fields and says so', async () => {
    const { rows, bad } = await read('a,b\n1\n1,2,3\n1,2\n');
    expect(bad.map(({ line, message }) => [line, message])).toEqual([
      [2, 'the row has 1 fields, the header 2'],
      [3, 'the row has 3 fields, the header 2'],
    ]);
    expect(rows).toHaveLength(1);
  });

  it('takes a quote inside an unquoted field as it stands', async () => {
    const { rows } = await read('a,b\nscreen 5",x\n');
    expect(rows[0]?.cells).toEqual(['screen 5"', 'x']);
  });

  it('tells columns of one name, or of none, apart', async () => {
    const { names, notes } = await read('id,,id\n1,2,3\n');
    expect(names).toEqual(['id', 'column_2', 'id_2']);
    expect(notes).toEqual(['the header names "id" more than once: number 2 is "id_2"']);
  });

  it.each<[string, string]>([
    ['a,b,c\n1,2,3', ','],
    ['a;b;c\n1,5;2,5;3,5\n', ';'],
    ['a\tb\n1\t2', '\t'],
    ['a|b|c\n1|2|3', '|'],
    ['"a,b";c\n"1,2";3', ';'],
    ['just one column\nx\n', ','],
  ])('finds the delimiter of %j', (text, delimiter) => {
    expect(detectDelimiter(text)).toBe(delimiter);
  });
});
