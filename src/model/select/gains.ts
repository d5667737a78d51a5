import {
  defaultBoostingParameters,
  fitBoosting,
  type BoostingFit,
  type BoostingParameters,
} from '../../numeric/boosting.js';
import { encode, fitEncoding, inputOfColumn } from '../../numeric/encoding.js';
import { stratifiedFolds } from '../../numeric/cross-validation.js';
import type { DesignMatrix, FeatureTable } from '../../numeric/table.js';

/** A design matrix that remembers which input each column is of. */
export interface Design {
  x: DesignMatrix;
  /** Index of the input of each column, shape [columns]. */
  inputOf: Int32Array;
  /** Names of the inputs, numbers first. */
  inputs: readonly string[];
}

/** Numbers with NaN for missing, categories one-hot; no label is looked at. */
export function designOf(table: FeatureTable): Design {
  const encoding = fitEncoding(
    table,
    Array.from({ length: table.rows }, (_, row) => row),
  );
  return {
    x: encode(encoding, table),
    inputOf: inputOfColumn(encoding),
    inputs: [...table.numericNames, ...table.categoricalNames],
  };
}

/** Some rows and the columns of some inputs. Cost: O(rows x columns). */
export function partOf(
  { x, inputOf }: Pick<Design, 'x' | 'inputOf'>,
  rows: ArrayLike<number>,
  inputs: ReadonlySet<number>,
): Pick<Design, 'x' | 'inputOf'> {
  const columns = inputOf.map((_, column) => column).filter((at) => inputs.has(inputOf[at] ?? -1));
  const width = columns.length;
  const values = new Float32Array(rows.length * width);
  for (let i = 0; i < rows.length; i++)
    for (let j = 0; j < width; j++)
      values[i * width + j] = x.values[(rows[i] ?? 0) * x.columns + (columns[j] ?? 0)] ?? NaN;
  return {
    x: { rows: rows.length, columns: width, values },
    inputOf: columns.map((column) => inputOf[column] ?? 0),
  };
}

/** Each input's share of the total split gain, 0..1; all 0 where nothing was split. Shape [inputs]. */
export function gainShares(
  fit: Pick<BoostingFit, 'gain'>,
  inputOf: Int32Array,
  inputs: number,
): Float64Array {
  const shares = new Float64Array(inputs);
  const total = fit.gain.reduce((sum, gain) => sum + gain, 0) || 1;
  inputOf.forEach((input, column) => {
    shares[input] = (shares[input] ?? 0) + (fit.gain[column] ?? 0) / total;
  });
  return shares;
}

const VALIDATION_FOLDS = 5;
const parameters: BoostingParameters = {
  ...defaultBoostingParameters,
  rounds: 200,
  maxDepth: 4,
  maxLeaves: 16,
  earlyStoppingRounds: 20,
};

/**
 * Normalised split gain of every input in one boosted forest, categories summed over their one-hot columns.
 * A fifth of the rows decides when to stop, so that a forest that learns nothing stays small. Of two
 * copies one gets the gain. @throws RangeError when a label has fewer than 5 rows
 */
export function modelImportance(
  design: Design,
  labels: Uint8Array,
  seed: number,
): { feature: string; score: number }[] {
  const foldOf = stratifiedFolds(labels, VALIDATION_FOLDS, seed);
  const part = (isValidation: boolean) => {
    const rows = Uint32Array.from(foldOf.keys()).filter(
      (row) => (foldOf[row] === 0) === isValidation,
    );
    const { x } = partOf(design, rows, new Set(design.inputs.keys()));
    return { x, labels: Uint8Array.from(rows, (row) => labels[row] ?? 0) };
  };
  const train = part(false);
  const fit = fitBoosting(
    train.x,
    train.labels,
    { ...parameters, seed },
    { validation: part(true) },
  );
  const shares = gainShares(fit, design.inputOf, design.inputs.length);
  return design.inputs.map((feature, input) => ({ feature, score: shares[input] ?? 0 }));
}
