import { AppError } from '../../kernel/error.js';
import type { BadRow, Cell, Row } from './cell.js';
import { indexOf, type CellGetter, type Columns } from './columns.js';
import type { RowBatch, Table } from './csv-reader.js';

const MAX_LINE = 16 << 20;
/** So many lines are looked at for the names of columns before the mapping is checked. */
const PEEK_LINES = 1000;

/** Columns of JSON lines: keys in order of first appearance; `a.b` reaches into an object. */
class JsonColumns implements Columns {
  readonly names: string[] = [];
  private readonly places = new Map<string, number>();

  place(key: string): number {
    const known = this.places.get(key);
    if (known !== undefined) return known;
    this.places.set(key, this.names.length);
    this.names.push(key);
    return this.names.length - 1;
  }

  find(name: string): CellGetter | null {
    const index = indexOf(this.names, name);
    if (index !== null) return (cells) => cells[index] ?? null;
    const dot = name.indexOf('.');
    if (dot < 0) return null;
    const parent = this.find(name.slice(0, dot));
    const path = name.slice(dot + 1).split('.');
    return parent === null ? null : (cells) => reach(parent(cells), path);
  }
}

function reach(start: Cell, path: readonly string[]): Cell {
  let value: unknown = start;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return null;
    value = (value as Record<string, unknown>)[key];
  }
  return value ?? null;
}

/**
 * Reads one JSON object a line. A line that is none is a bad row; reading goes on at the next.
 * @throws AppError INVALID when none of the first lines is an object
 */
export async function openNdjson(chunks: AsyncIterator<string>): Promise<Table> {
  const columns = new JsonColumns();
  const source = readLines(chunks, columns);
  const peeked: RowBatch[] = [];
  let lines = 0;
  let rows = 0;
  while (lines < PEEK_LINES) {
    const next = await source.next();
    if (next.done === true) break;
    peeked.push(next.value);
    lines = next.value.line;
    rows += next.value.rows.length;
  }
  if (rows === 0) {
    const first = peeked[0]?.bad[0];
    throw new AppError(
      'INVALID',
      first
        ? `no line of the first ${lines} is a JSON object; line ${first.line}: ${first.message}`
        : 'the file holds no rows',
    );
  }
  return { columns, notes: [], batches: chain(peeked, source) };
}

async function* chain(
  first: readonly RowBatch[],
  rest: AsyncIterable<RowBatch>,
): AsyncGenerator<RowBatch> {
  yield* first;
  yield* rest;
}

async function* readLines(
  chunks: AsyncIterator<string>,
  columns: JsonColumns,
): AsyncGenerator<RowBatch> {
  let buffer = '';
  let line = 0;
  for (;;) {
    const next = await chunks.next();
    const ended = next.done === true;
    if (!ended) buffer += next.value;
    if (buffer.length > MAX_LINE && !buffer.includes('\n'))
      throw new AppError('INVALID', `line ${line + 1} is longer than 16 MiB`);
    const batch: RowBatch = { rows: [], bad: [], line };
    const lines = buffer.split('\n');
    buffer = ended ? '' : (lines.pop() ?? '');
    for (const text of lines) {
      line++;
      if (text.trim() === '') continue;
      const read = readObject(text, line, columns);
      if ('cells' in read) batch.rows.push(read);
      else batch.bad.push(read);
    }
    batch.line = line;
    if (batch.rows.length > 0 || batch.bad.length > 0) yield batch;
    if (ended) return;
  }
}

function readObject(text: string, line: number, columns: JsonColumns): Row | BadRow {
  const bad = (message: string): BadRow => ({
    line,
    code: 'INVALID',
    message,
    row: text.slice(0, 300),
  });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return bad(`no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return bad('the line is JSON, but no object');
  const cells: Cell[] = [];
  for (const [key, cell] of Object.entries(value)) cells[columns.place(key)] = cell as Cell;
  for (let i = 0; i < cells.length; i++) cells[i] ??= null;
  return { line, cells };
}
