import { asyncBufferFromFile, parquetMetadataAsync, parquetRead } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { AppError } from '../../kernel/error.js';
import type { Cell } from './cell.js';
import { fixedColumns } from './columns.js';
import type { RowBatch, Table } from './csv-reader.js';

/** Rows of one read inside a row group. */
const SLICE = 50_000;

/**
 * Reads Parquet row group by row group. Row `i` (1-based) is "line" i + 1, as if there were a header.
 * @throws AppError INVALID when the file is damaged
 */
export async function openParquet(
  file: string,
  onRows: (done: number, total: number) => void,
): Promise<Table> {
  const buffer = await asyncBufferFromFile(file);
  const metadata = await parquetMetadataAsync(buffer).catch((cause: unknown) => {
    throw new AppError('INVALID', `${file} is no whole Parquet file: ${messageOf(cause)}`, {
      cause,
    });
  });
  const names = metadata.schema.slice(1).reduce<{ names: string[]; skip: number }>(
    (state, element) => {
      // The schema is a tree in prefix order: children of a nested column are not columns.
      if (state.skip > 0)
        return { names: state.names, skip: state.skip - 1 + (element.num_children ?? 0) };
      return { names: [...state.names, element.name], skip: element.num_children ?? 0 };
    },
    { names: [], skip: 0 },
  ).names;
  const total = Number(metadata.num_rows);
  async function* batches(): AsyncGenerator<RowBatch> {
    let start = 0;
    for (const group of metadata.row_groups) {
      const end = start + Number(group.num_rows);
      for (let rowStart = start; rowStart < end; rowStart += SLICE) {
        const rowEnd = Math.min(end, rowStart + SLICE);
        let read: unknown[][] = [];
        await parquetRead({
          file: buffer,
          metadata,
          compressors,
          rowStart,
          rowEnd,
          columns: names,
          onComplete: (rows) => {
            read = rows;
          },
        }).catch((cause: unknown) => {
          throw new AppError(
            'INVALID',
            `${file}, rows ${rowStart + 1} to ${rowEnd} cannot be read: ${messageOf(cause)}`,
            { cause },
          );
        });
        onRows(rowEnd, total);
        yield {
          rows: read.map((cells, i) => ({ line: rowStart + i + 2, cells: cells.map(plain) })),
          bad: [],
          line: rowEnd + 1,
        };
      }
      start = end;
    }
  }
  return { columns: fixedColumns(names), notes: [], batches: batches() };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Dates become ISO text, 64-bit integers numbers where exact and text where not, bytes base64. */
function plain(value: unknown): Cell {
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'boolean':
      return value;
    case 'bigint':
      return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
    case 'object':
      if (value === null) return null;
      if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
      if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
      return JSON.parse(
        JSON.stringify(value, (_, inner: unknown) =>
          typeof inner === 'bigint' ? inner.toString() : inner,
        ),
      ) as Cell;
    case 'undefined':
    case 'symbol':
    case 'function':
      return null;
  }
}
