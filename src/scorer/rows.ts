import type { FeatureTable } from '../numeric/table.js';
import type { Piece } from './batch.js';

/**
 * Rows on their way to a worker: typed arrays that are transferred, strings as codes into a dictionary
 * (cloning 4,096 x 16 strings into a thread costs 4 ms, the codes 1-2).
 */
export interface PackedRows {
  rows: number;
  numeric: Float32Array<ArrayBuffer>;
  /** Row-major, shape [rows, categorical inputs]; indices into `dictionary`. */
  codes: Int32Array<ArrayBuffer>;
  dictionary: string[];
}

/** Copies the pieces, one after the other; all tables have the same columns. */
export function packRows(pieces: readonly Piece<{ table: FeatureTable }>[]): PackedRows {
  const { numericNames, categoricalNames } = pieces[0]?.request.table ?? EMPTY;
  const wide = numericNames.length;
  const high = categoricalNames.length;
  const rows = pieces.reduce((sum, piece) => sum + piece.to - piece.from, 0);
  const numeric = new Float32Array(rows * wide);
  const codes = new Int32Array(rows * high);
  const known = new Map<string, number>();
  let row = 0;
  for (const { request, from, to } of pieces) {
    numeric.set(request.table.numeric.subarray(from * wide, to * wide), row * wide);
    const strings = request.table.categorical;
    for (let i = from * high, at = row * high; i < to * high; i++, at++) {
      const text = strings[i] ?? '';
      let code = known.get(text);
      if (code === undefined) {
        code = known.size;
        known.set(text, code);
      }
      codes[at] = code;
    }
    row += to - from;
  }
  return { rows, numeric, codes, dictionary: [...known.keys()] };
}

/** The strings behind the codes, row-major. */
export function unpackCategorical(packed: PackedRows): string[] {
  const strings = new Array<string>(packed.codes.length);
  for (let i = 0; i < strings.length; i++)
    strings[i] = packed.dictionary[packed.codes[i] ?? 0] ?? '';
  return strings;
}

const EMPTY: Pick<FeatureTable, 'numericNames' | 'categoricalNames'> = {
  numericNames: [],
  categoricalNames: [],
};
