import { applyPreparation } from './apply-preparation.js';
import type { Preparation } from './clusterer.js';
import { prepareCategories, type CategoryColumns } from './prepare-categories.js';
import { prepareNumber, type NumberColumn, type NumberTreatment } from './prepare-number.js';
import { fitPrincipalComponents } from './principal-components.js';
import type { FeatureTable } from './table.js';

export interface PreparationOptions {
  /** One a numerical input of the table, in its order. */
  inputs: readonly NumberTreatment[];
  /** One a categorical input of the table, in its order; > 0. */
  categoricalWeights: readonly number[];
  /** Share cut off at either end of each number, 0..0.25; see `winsorFence`. */
  winsorise: number;
  /** Principal components that explain at least this share, 0..1, are taken; null: none, the columns themselves. */
  explainedVariance: number | null;
}

/** An input that cannot tell rows apart. */
export interface IgnoredInput {
  feature: string;
  /** Follows the name: `is constant: 5 in every row`. */
  reason: string;
}

export interface FittedPreparation {
  preparation: Preparation;
  ignored: IgnoredInput[];
  /** What was done to the data and is worth saying, one sentence each, those on ignored inputs included. */
  treatments: string[];
}

/**
 * Learns from `table` how its rows become points: numbers are filled, cut, put through log1p where they are skewed, and
 * divided by their population standard deviation after all that, times their weight. Categories become 0/1 columns, of
 * the 50 most frequent each, times their weight: two rows of different categories are then √2 apart, which is the root
 * mean square distance of two rows in one number, so a category never outweighs a number of the same weight (its
 * variance, 1 - sum of squared shares, is below the 1 of a number). Constant inputs and those without any value are left out.
 * @throws RangeError for no rows; options that do not fit the table; an infinite number, naming its feature; LOG1P of
 * negative numbers; and when no input is left, naming them all
 * Cost: O(rows log rows) an input; with components O(rows x columns^2 + columns^3).
 */
export function fitPreparation(
  table: FeatureTable,
  options: PreparationOptions,
): FittedPreparation {
  checkOptions(table, options);
  const ignored: IgnoredInput[] = [];
  const treatments: string[] = [];
  const keep = <Column extends object>(
    feature: string,
    found: { column: Column; treatments: string[] } | { reason: string },
  ): Column[] => {
    if ('reason' in found) {
      ignored.push({ feature, reason: found.reason });
      treatments.push(`${feature} ${found.reason}; it was left out`);
      return [];
    }
    treatments.push(...found.treatments);
    return [found.column];
  };
  const numbers = table.numericNames.flatMap((name, j) =>
    keep(name, prepareNumber(table, j, options.inputs[j]!, options.winsorise)),
  );
  const texts = table.categoricalNames.flatMap((name, j) =>
    keep(name, prepareCategories(table, j, options.categoricalWeights[j]!)),
  );
  if (numbers.length + texts.length === 0) {
    const all = ignored.map(({ feature, reason }) => `${feature} ${reason}`);
    throw new RangeError(`no input tells the rows apart: ${all.join('; ')}`);
  }
  const scaled = assemble(numbers, texts);
  if (options.explainedVariance === null) return { preparation: scaled, ignored, treatments };
  const rotated = rotate(scaled, table, options.explainedVariance);
  treatments.push(rotated.treatment);
  return { preparation: rotated.preparation, ignored, treatments };
}

function checkOptions(table: FeatureTable, options: PreparationOptions): void {
  const { inputs, categoricalWeights, explainedVariance } = options;
  if (table.rows < 1) throw new RangeError('rows must be at least 1, got 0');
  checkLength('inputs', inputs.length, table.numericNames.length);
  checkLength('categoricalWeights', categoricalWeights.length, table.categoricalNames.length);
  for (const weight of [...inputs.map((input) => input.weight), ...categoricalWeights]) {
    if (!(weight > 0 && weight < Infinity)) {
      throw new RangeError(`weights must be finite and above 0, got ${weight}`);
    }
  }
  if (explainedVariance !== null && !(explainedVariance > 0 && explainedVariance <= 1)) {
    throw new RangeError(
      `explainedVariance must be above 0 and at most 1, got ${explainedVariance}`,
    );
  }
}

function checkLength(name: string, given: number, wanted: number): void {
  if (given !== wanted) throw new RangeError(`${name} must be ${wanted}, got ${given}`);
}

function assemble(
  numbers: readonly NumberColumn[],
  texts: readonly CategoryColumns[],
): Preparation {
  const perNumber = (read: (column: NumberColumn) => number): Float64Array =>
    Float64Array.from(numbers, read);
  const perColumn = (
    read: (column: NumberColumn) => number,
    readBlock: (block: CategoryColumns, category: number) => number,
  ): Float64Array =>
    Float64Array.from([
      ...numbers.map(read),
      ...texts.flatMap((block) => block.categories.map((_, i) => readBlock(block, i))),
    ]);
  return {
    encoding: {
      numericNames: numbers.map(({ name }) => name),
      categoricalNames: texts.map(({ name }) => name),
      categories: texts.map(({ categories }) => categories),
    },
    fill: perNumber(({ fill }) => fill),
    low: perNumber(({ low }) => low),
    high: perNumber(({ high }) => high),
    logarithm: Uint8Array.from(numbers, ({ logarithm }) => (logarithm ? 1 : 0)),
    mean: perColumn(
      ({ mean }) => mean,
      ({ shares }, i) => shares[i]!,
    ),
    scale: perColumn(
      ({ deviation }) => deviation,
      () => 1,
    ),
    weight: perColumn(
      ({ weight }) => weight,
      ({ weight }) => weight,
    ),
    rotation: null,
  };
}

/** Adds the first components that explain the share. */
function rotate(
  scaled: Preparation,
  table: FeatureTable,
  share: number,
): { preparation: Preparation; treatment: string } {
  const columns = scaled.mean.length;
  const { components, ratio } = fitPrincipalComponents(applyPreparation(scaled, table));
  let kept = 0;
  let explained = 0;
  // Rounding must not ask for one more component than there is variance.
  while (kept < columns && explained < share - 1e-12) explained += ratio[kept++]!;
  const rotation = { kept, components: components.slice(0, kept * columns) };
  const percent = (explained * 100).toFixed(1);
  return {
    preparation: { ...scaled, rotation },
    treatment: `${kept} of ${columns} principal components were taken; they explain ${percent} % of the variance`,
  };
}
