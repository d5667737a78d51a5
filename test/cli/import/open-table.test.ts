import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { parquetWriteFile } from 'hyparquet-writer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BadRow, Row } from '../../../src/cli/import/cell.js';
import { openTable, type OpenOptions } from '../../../src/cli/import/open-table.js';

let folder: string;
beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'augury-open-table-'));
});
afterAll(() => {
  fs.rmSync(folder, { recursive: true });
});

const plain: OpenOptions = { format: null, delimiter: null, encoding: 'utf-8' };

function write(name: string, content: string | Buffer): string {
  const file = path.join(folder, name);
  fs.writeFileSync(file, content);
  return file;
}

async function read(
  file: string,
  options: Partial<OpenOptions> = {},
): Promise<{
  format: string;
  names: readonly string[];
  rows: Row[];
  bad: BadRow[];
  share: number;
}> {
  const table = await openTable(file, { ...plain, ...options });
  const rows: Row[] = [];
  const bad: BadRow[] = [];
  for await (const batch of table.batches) {
    rows.push(...batch.rows);
    bad.push(...batch.bad);
  }
  return { format: table.format, names: table.columns.names, rows, bad, share: table.share() };
}

const csv = '\ufeffid,name\r\n1,Zoë\r\n2,"a\r\nb"\r\n';
const csvRows = [
  { line: 2, cells: ['1', 'Zoë'] },
  { line: 3, cells: ['2', 'a\r\nb'] },
];

describe('opening a file', () => {
  it('reads CSV with a byte order mark and CRLF', async () => {
    expect(await read(write('plain.csv', csv))).toMatchObject({
      format: 'csv',
      names: ['id', 'name'],
      rows: csvRows,
      bad: [],
      share: 1,
    });
  });

  it('knows gzip by its content, whatever the name says', async () => {
    expect((await read(write('zipped.csv', gzipSync(csv)))).rows).toEqual(csvRows);
    expect((await read(write('zipped.csv.gz', gzipSync(csv)))).rows).toEqual(csvRows);
    expect((await read(write('not-zipped.csv.gz', csv))).rows).toEqual(csvRows);
  });

  it('reads UTF-16 by its mark and other encodings when told', async () => {
    const utf16 = Buffer.from(csv, 'utf16le');
    expect((await read(write('utf16.csv', utf16))).rows).toEqual(csvRows);
    const latin = Buffer.from(csv.slice(1), 'latin1');
    const { rows } = await read(write('latin.csv', latin), { encoding: 'windows-1252' });
    expect(rows).toEqual(csvRows);
  });

  it('reads JSON lines, and goes on after a line that is none', async () => {
    const lines = [
      '{"id":1,"name":"a"}',
      '',
      '{"id":2,',
      '[3]',
      '{"name":"d","id":4,"more":{"x":true}}',
    ];
    const result = await read(write('lines.ndjson', lines.join('\n')));
    expect(result.format).toBe('ndjson');
    expect(result.names).toEqual(['id', 'name', 'more']);
    expect(result.rows).toEqual([
      { line: 1, cells: [1, 'a'] },
      { line: 5, cells: [4, 'd', { x: true }] },
    ]);
    expect(result.bad.map(({ line, message }) => `${line} ${message.slice(0, 8)}`)).toEqual([
      '3 no JSON:',
      '4 the line',
    ]);
  });

  it('knows JSON lines by content, and reaches into objects by a dotted name', async () => {
    const file = write('events.log', gzipSync('{"user":{"id":"u7"}}\n'));
    const table = await openTable(file, plain);
    expect(table.format).toBe('ndjson');
    const get = table.columns.find('user.id');
    for await (const { rows } of table.batches) expect(get?.(rows[0]?.cells ?? [])).toBe('u7');
  });

  it('reads Parquet row group by row group, with dates, big integers and missing values', async () => {
    const file = path.join(folder, 'table.parquet');
    const n = 2_500;
    parquetWriteFile({
      filename: file,
      rowGroupSize: 1_000,
      columnData: [
        { name: 'id', data: Array.from({ length: n }, (_, i) => BigInt(i)), type: 'INT64' },
        {
          name: 'at',
          data: Array.from({ length: n }, (_, i) => new Date(i * 1000)),
          type: 'TIMESTAMP',
        },
        {
          name: 'amount',
          data: Array.from({ length: n }, (_, i) => (i % 2 ? i / 4 : null)),
          type: 'DOUBLE',
        },
        {
          name: 'kind',
          data: Array.from({ length: n }, (_, i) => (i % 3 ? 'a' : 'b')),
          type: 'STRING',
        },
      ],
    });
    const table = await openTable(file, plain);
    const sizes: number[] = [];
    const rows: Row[] = [];
    for await (const batch of table.batches) {
      sizes.push(batch.rows.length);
      rows.push(...batch.rows);
    }
    expect(table.columns.names).toEqual(['id', 'at', 'amount', 'kind']);
    expect(sizes).toEqual([1_000, 1_000, 500]);
    expect(rows[0]).toEqual({ line: 2, cells: [0, '1970-01-01T00:00:00.000Z', null, 'b'] });
    expect(rows[2_499]).toEqual({
      line: 2_501,
      cells: [2_499, '1970-01-01T00:41:39.000Z', 624.75, 'b'],
    });
    expect(table.share()).toBe(1);
  });

  it.each<[string, () => string, RegExp]>([
    ['a missing file', () => path.join(folder, 'none.csv'), /there is no file .*none\.csv/],
    ['a folder', () => folder, /is a folder/],
    ['an empty file', () => write('empty.csv', ''), /is empty/],
    ['an empty gzip', () => write('empty.csv.gz', gzipSync('')), /is empty/],
    [
      'a ZIP',
      () => write('book.xlsx', Buffer.from('PK\u0003\u0004rest')),
      /ZIP archive or an Excel/,
    ],
    ['other binary content', () => write('x.csv', Buffer.from([1, 2, 0, 3])), /is a binary file/],
    ['a JSON array', () => write('a.json', '[{"id":1}]'), /is one JSON array/],
    [
      'a cut Parquet file',
      () => write('cut.parquet', Buffer.from('PAR1abcdefgh')),
      /no whole Parquet file/,
    ],
    ['an unknown encoding', () => write('enc.csv', csv), /no encoding "klingon"/],
  ])('refuses %s in one sentence', async (what, file, message) => {
    const options = what === 'an unknown encoding' ? { encoding: 'klingon' } : {};
    await expect(read(file(), options)).rejects.toMatchObject({
      code: 'INVALID',
      message: expect.stringMatching(message),
    });
  });

  it('says that a gzip file was cut off, after handing over what stood before', async () => {
    const text = `id,name\n${Array.from({ length: 50_000 }, (_, i) => `${i},n${(i * 7919) % 10_007}`).join('\n')}\n`;
    const whole = gzipSync(text);
    const table = await openTable(write('cut.csv.gz', whole.subarray(0, whole.length / 2)), plain);
    let rows = 0;
    const reading = (async () => {
      for await (const batch of table.batches) rows += batch.rows.length;
    })();
    await expect(reading).rejects.toThrow(/damaged or cut off gzip file/);
    expect(rows).toBeGreaterThan(1_000);
  });
});
