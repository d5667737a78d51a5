import type { FeatureDefinition, FeatureType } from '../feature/feature.js';
import { isCategorical, toFeatureTable, type FeatureRows } from '../feature/read-features.js';
import { pickColumns, type FeatureTable } from '../numeric/table.js';

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
  const kept = (all: readonly string[]): string[] => all.filter((name) => !names.has(name));
  return pickColumns(table, {
    numericNames: kept(table.numericNames),
    categoricalNames: kept(table.categoricalNames),
  });
}
