import type { FeatureDefinition, FeatureType } from '../feature/feature.js';
import { isCategorical, toFeatureTable, type FeatureRows } from '../feature/read-features.js';
import type { FeatureTable } from '../numeric/table.js';

/** What a model's graph takes, in its order. */
export interface ModelInputs {
  numericNames: readonly string[];
  categoricalNames: readonly string[];
}

/** The features as inputs of a graph, those of each kind in the order given. */
export function inputsOf(
  features: readonly Pick<FeatureDefinition, 'name' | 'type'>[],
): ModelInputs {
  const names = (categorical: boolean): string[] =>
    features.filter(({ type }) => isCategorical(type) === categorical).map(({ name }) => name);
  return { numericNames: names(false), categoricalNames: names(true) };
}

/** Every input's name in the order of the graph: numerical first. */
export function inputNames({ numericNames, categoricalNames }: ModelInputs): string[] {
  return [...numericNames, ...categoricalNames];
}

/** The rows as the graph takes them. @throws AppError INVALID for an input that was not read */
export function inputTable(rows: FeatureRows, inputs: ModelInputs): FeatureTable {
  const types: FeatureType[] = [
    ...inputs.numericNames.map((): FeatureType => 'NUMERICAL'),
    ...inputs.categoricalNames.map((): FeatureType => 'CATEGORICAL'),
  ];
  return toFeatureTable(rows, inputNames(inputs), types);
}

/** The table without the columns named. Cost: O(rows x columns). */
export function withoutColumns(table: FeatureTable, names: ReadonlySet<string>): FeatureTable {
  const kept = (all: readonly string[]): number[] =>
    [...all.keys()].filter((at) => !names.has(all[at] ?? ''));
  const numbers = kept(table.numericNames);
  const texts = kept(table.categoricalNames);
  const numeric = new Float32Array(table.rows * numbers.length);
  const categorical = new Array<string>(table.rows * texts.length).fill('');
  const width = table.numericNames.length;
  const textWidth = table.categoricalNames.length;
  for (let row = 0; row < table.rows; row++) {
    for (const [to, from] of numbers.entries())
      numeric[row * numbers.length + to] = table.numeric[row * width + from] ?? NaN;
    for (const [to, from] of texts.entries())
      categorical[row * texts.length + to] = table.categorical[row * textWidth + from] ?? '';
  }
  return {
    rows: table.rows,
    numericNames: numbers.map((at) => table.numericNames[at] ?? ''),
    numeric,
    categoricalNames: texts.map((at) => table.categoricalNames[at] ?? ''),
    categorical,
  };
}
