import { AppError } from '../../kernel/error.js';
import type { BadRow, Row } from './cell.js';
import { fixedColumns, type Columns } from './columns.js';
import { detectDelimiter, scanRecord } from './csv-record.js';

/** Rows and bad rows of one stretch of the file, in its order. */
export interface RowBatch {
  rows: Row[];
  bad: BadRow[];
  /** The last line read so far. */
  line: number;
}

/** An opened table: its columns, and its rows as a stream that keeps the memory bounded. */
export interface Table {
  columns: Columns;
  batches: AsyncIterable<RowBatch>;
  /** Things worth telling once, such as the delimiter that was found; may grow while reading. */
  notes: string[];
}

/** A quoted field may span this much; a quote open for longer is taken for a stray one. */
const MAX_RECORD = 1 << 20;
const MAX_LINE = 16 << 20;
const SHOWN = 300;

/**
 * Reads CSV with a header line, chunk by chunk.
 * A record that cannot be read costs its first line only: reading goes on at the very next line, so a stray
 * quote never swallows what follows. Lines without anything are left out.
 * @throws AppError INVALID when there is no header or a line is longer than 16 MiB
 */
export async function openCsv(
  chunks: AsyncIterator<string>,
  delimiter: string | null,
): Promise<Table> {
  const head = await fill(chunks, '');
  const sign = delimiter ?? detectDelimiter(head.text.slice(0, 65536));
  const first = /^(?:\s*\r?\n)*/.exec(head.text)?.[0] ?? '';
  const scan = scanRecord(head.text, first.length, sign, head.ended);
  if (scan.kind !== 'record')
    throw new AppError('INVALID', `the header line cannot be read: a quote is not closed`);
  const names = headerNames(scan.cells);
  return {
    columns: fixedColumns(names.names),
    notes: names.notes,
    batches: readRows(chunks, {
      buffer: head.text.slice(scan.end),
      ended: head.ended,
      line: 1 + scan.lines + (first.match(/\n/g)?.length ?? 0),
      delimiter: sign,
      width: names.names.length,
    }),
  };
}

interface State {
  buffer: string;
  ended: boolean;
  /** Of the next record. */
  line: number;
  delimiter: string;
  width: number;
}

/** Enough text for a header and a look at the first lines. */
async function fill(
  chunks: AsyncIterator<string>,
  start: string,
): Promise<{ text: string; ended: boolean }> {
  let text = start;
  while (text.length < 65536 || !text.includes('\n')) {
    if (text.length > MAX_LINE)
      throw new AppError('INVALID', 'the first 16 MiB hold no line break: this is no CSV file');
    const next = await chunks.next();
    if (next.done === true) return { text, ended: true };
    text += next.value;
  }
  return { text, ended: false };
}

function headerNames(cells: readonly string[]): { names: string[]; notes: string[] } {
  const seen = new Map<string, number>();
  const notes: string[] = [];
  const names = cells.map((cell, i) => {
    const name = cell.trim() === '' ? `column_${i + 1}` : cell.trim();
    const times = (seen.get(name) ?? 0) + 1;
    seen.set(name, times);
    if (times === 1) return name;
    notes.push(`the header names "${name}" more than once: number ${times} is "${name}_${times}"`);
    return `${name}_${times}`;
  });
  return { names, notes };
}

async function* readRows(chunks: AsyncIterator<string>, state: State): AsyncGenerator<RowBatch> {
  for (;;) {
    const batch = takeRecords(state);
    if (batch.rows.length > 0 || batch.bad.length > 0) yield batch;
    if (state.ended) {
      if (state.buffer === '') return;
      continue;
    }
    const next = await chunks.next();
    if (next.done === true) state.ended = true;
    else state.buffer += next.value;
    if (state.buffer.length > MAX_LINE && !state.buffer.includes('\n'))
      throw new AppError(
        'INVALID',
        `line ${state.line} is longer than 16 MiB: this is no CSV file`,
      );
  }
}

/** Every record that the buffer holds in full; the rest stays in it. */
function takeRecords(state: State): RowBatch {
  const { buffer, delimiter, width } = state;
  const batch: RowBatch = { rows: [], bad: [], line: state.line - 1 };
  let at = 0;
  let quote = buffer.indexOf('"');
  while (at < buffer.length) {
    const found = buffer.indexOf('\n', at);
    if (found < 0 && !state.ended) break;
    const lineEnd = found < 0 ? buffer.length : found;
    if (quote >= 0 && quote < at) quote = buffer.indexOf('"', at);
    const textEnd = buffer.charCodeAt(lineEnd - 1) === 13 && lineEnd > at ? lineEnd - 1 : lineEnd;
    if (quote < 0 || quote > lineEnd) {
      if (textEnd > at) take(batch, state.line, buffer.slice(at, textEnd).split(delimiter), width);
      at = lineEnd + 1;
      state.line++;
      continue;
    }
    const scan = scanRecord(buffer, at, delimiter, state.ended);
    if (scan.kind === 'open' && buffer.length - at <= MAX_RECORD) break;
    if (scan.kind === 'record' && (scan.lines === 1 || scan.cells.length === width)) {
      take(batch, state.line, scan.cells, width);
      at = scan.end;
      state.line += scan.lines;
      continue;
    }
    batch.bad.push({
      line: state.line,
      code: 'INVALID',
      message: brokenMessage(scan, width),
      row: buffer.slice(at, Math.min(textEnd, at + SHOWN)),
    });
    at = lineEnd + 1;
    state.line++;
  }
  state.buffer = buffer.slice(Math.min(at, buffer.length));
  batch.line = state.line - 1;
  return batch;
}

function brokenMessage(scan: ReturnType<typeof scanRecord>, width: number): string {
  switch (scan.kind) {
    case 'broken':
      return `${scan.message}; reading went on at the next line`;
    case 'open':
      return 'a quote is opened and not closed within 1 MiB; reading went on at the next line';
    case 'record':
      return `a quoted field runs over ${scan.lines} lines to a row of ${scan.cells.length} fields, the header has ${width}; reading went on at the next line`;
  }
}

function take(batch: RowBatch, line: number, cells: string[], width: number): void {
  if (cells.length === width) batch.rows.push({ line, cells });
  else
    batch.bad.push({
      line,
      code: 'INVALID',
      message: `the row has ${cells.length} fields, the header ${width}`,
      row: cells.join('\u001f').slice(0, SHOWN).split('\u001f'),
    });
}
