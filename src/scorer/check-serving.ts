import { AppError } from '../kernel/error.js';
import { foreignRows, missingRows, type ForeignRows } from './foreign-rows.js';
import { nativeReason } from './native-reason.js';
import { packRows, type PackedRows } from './rows.js';
import { loadModel, scoreRows, type LoadedModel } from './session.js';

/** The same row in another batch may differ by this much in probability. */
const BATCH_TOLERANCE = 1e-5;
const MANY_ROWS = 1000;

/**
 * Loads a model as the scorer does and holds its answers to what serving needs: 1, 2 and 1,000 rows at once, the
 * same row the same answer in whatever batch and however often, a finite one to missing numbers and unknown
 * categories. No rows are never asked of a model: there it need not answer, only survive.
 * @throws AppError INVALID with what it fails at
 */
export async function checkServing(
  bytes: Uint8Array,
  sha256: string,
  { filled }: { filled: boolean },
): Promise<void> {
  const model = await loadModel(sha256, bytes, ['cpu']);
  try {
    const counts = {
      numeric: model.inputs.numericCount,
      categorical: model.inputs.categoricalCount,
    };
    await scoreRows(model, packed(foreignRows(counts, 0))).catch(() => undefined);
    const many = await answers(model, foreignRows(counts, MANY_ROWS), `${MANY_ROWS} rows`);
    for (const rows of [1, 2, MANY_ROWS]) {
      const again = await answers(model, foreignRows(counts, rows), `${rows} rows`);
      const off = again.findIndex((value, i) => !(Math.abs(value - many[i]!) <= BATCH_TOLERANCE));
      if (off >= 0)
        refuse(
          `the same row gets ${many[off]} among ${MANY_ROWS} and ${again[off]} among ${rows}: its answer must not depend on the others, nor on chance`,
        );
    }
    if (counts.numeric === 0) return;
    const what = `missing numbers${filled ? ', filled with 0' : ''}`;
    for (let column = -1; column < counts.numeric; column++)
      await answers(model, missingRows(counts, column), what);
  } finally {
    await model.session.release();
  }
}

async function answers(model: LoadedModel, rows: ForeignRows, what: string): Promise<Float64Array> {
  const { probability } = await scoreRows(model, packed(rows)).catch((error: unknown) =>
    refuse(`the model fails on ${what}: ${nativeReason(error)}`),
  );
  const bad = probability.find((value) => !Number.isFinite(value));
  if (bad !== undefined) refuse(`the model answers ${bad} to ${what}`);
  return probability;
}

function packed({ rows, counts, numeric, categorical }: ForeignRows): PackedRows {
  const table = {
    rows,
    numeric,
    categorical,
    numericNames: new Array<string>(counts.numeric).fill(''),
    categoricalNames: new Array<string>(counts.categorical).fill(''),
  };
  return packRows([{ request: { table }, from: 0, to: rows }]);
}

function refuse(reason: string): never {
  throw new AppError('INVALID', reason);
}
