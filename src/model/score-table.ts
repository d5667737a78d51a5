import { pickRows, type FeatureTable } from '../numeric/table.js';
import type { Scorer } from '../scorer/ports.js';

/** Rows of one call: far below what the scorer's queue takes, so that live scores go on beside it. */
const ROWS_PER_CALL = 5_000;

/**
 * Margins (log-odds) of all rows of a table of any size, by a model that is loaded; shape [rows].
 * @param look is shown each part with its margins, one after the other
 */
export async function scoreTable(
  scorer: Pick<Scorer, 'score'>,
  sha256: string,
  table: FeatureTable,
  look?: (part: FeatureTable, margins: Float64Array) => void,
): Promise<Float64Array> {
  const margins = new Float64Array(table.rows);
  for (let start = 0; start < table.rows; start += ROWS_PER_CALL) {
    const length = Math.min(ROWS_PER_CALL, table.rows - start);
    const rows = Array.from({ length }, (_, i) => start + i);
    const part = pickRows(table, rows);
    const { margin } = await scorer.score(sha256, part);
    look?.(part, margin);
    margins.set(margin, start);
  }
  return margins;
}
