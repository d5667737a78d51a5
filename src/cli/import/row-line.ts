import type { Cell } from './cell.js';
import type { RowBatch } from './csv-reader.js';
import type { OpenedTable } from './open-table.js';

/**
 * A table of which an expression may ask for the line of a row, `line()`: a key for rows that have none. Lines and not a count of
 * rows, so that a row keeps its key when another one cannot be read. Costs nothing where nobody asks.
 */
export function withLines(table: OpenedTable): OpenedTable {
  const lines = new WeakMap<readonly Cell[], number>();
  const { columns, batches } = table;
  let asked = false;
  async function* remembered(): AsyncGenerator<RowBatch, void, void> {
    for await (const batch of batches) {
      if (asked) for (const { cells, line } of batch.rows) lines.set(cells, line);
      yield batch;
    }
  }
  return {
    ...table,
    batches: remembered(),
    columns: {
      get names() {
        return columns.names;
      },
      find: (name) => columns.find(name),
      lines() {
        asked = true;
        return (cells) => lines.get(cells) ?? null;
      },
    },
  };
}
