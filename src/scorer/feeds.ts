import { Tensor } from 'onnxruntime-node';
import type { ModelInputs } from './model-inputs.js';
import type { PackedRows } from './rows.js';
import { unpackCategorical } from './rows.js';

/** What one `session.run` is given of these rows. */
export function feedsOf(inputs: ModelInputs, rows: PackedRows): Record<string, Tensor> {
  const feeds: Record<string, Tensor> = {};
  const { numericCount, categoricalCount } = inputs;
  if (numericCount > 0)
    feeds['numeric'] = new Tensor('float32', rows.numeric, [rows.rows, numericCount]);
  if (categoricalCount > 0)
    feeds['categorical'] = new Tensor('string', unpackCategorical(rows), [
      rows.rows,
      categoricalCount,
    ]);
  return feeds;
}
