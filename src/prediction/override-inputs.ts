import { AppError } from '../kernel/error.js';
import type { FeatureDefinition } from '../feature/feature.js';
import { isCategorical } from '../feature/read-features.js';
import type { ModelInputs } from '../model/model-inputs.js';
import type { InputRow } from './prediction.js';

/** A value given in the place of a feature's; exactly one of the three, or none for missing. */
export interface Override {
  name: string;
  number: number | null;
  text: string | null;
  boolean: boolean | null;
}

/** A row in which nothing is known. */
export function emptyRow(inputs: ModelInputs): InputRow {
  return {
    numeric: new Float32Array(inputs.numericNames.length).fill(NaN),
    categorical: inputs.categoricalNames.map(() => ''),
  };
}

/**
 * The row with the overrides put in.
 * @throws AppError INVALID for a name the model does not use, or a value of another kind
 */
export function overridden(
  row: InputRow,
  overrides: readonly Override[],
  inputs: ModelInputs,
  features: readonly FeatureDefinition[],
): InputRow {
  const numeric = row.numeric.slice();
  const categorical = [...row.categorical];
  for (const override of overrides) {
    const feature = features.find(({ name }) => name === override.name);
    if (!feature)
      throw new AppError(
        'INVALID',
        `${override.name} is not a feature of the model; it takes ${features.map(({ name }) => name).join(', ')}`,
      );
    if (isCategorical(feature.type))
      categorical[inputs.categoricalNames.indexOf(feature.name)] = textOf(override);
    else numeric[inputs.numericNames.indexOf(feature.name)] = numberOf(override);
  }
  return { numeric, categorical };
}

/**
 * The row of one of several versions with the overrides put in: a feature that another of them takes and this one does
 * not changes nothing. @throws AppError INVALID for a name that none of them takes, or a value of another kind
 */
export function overriddenFor(
  row: InputRow,
  overrides: readonly Override[],
  { inputs, features }: { inputs: ModelInputs; features: readonly FeatureDefinition[] },
  versions: readonly { features: readonly FeatureDefinition[] }[],
): InputRow {
  const takes = (name: string, all: readonly FeatureDefinition[]): boolean =>
    all.some((feature) => feature.name === name);
  const told = overrides.filter(
    ({ name }) =>
      takes(name, features) || !versions.some((version) => takes(name, version.features)),
  );
  return overridden(row, told, inputs, features);
}

function textOf({ name, number, text, boolean }: Override): string {
  if (number !== null || boolean !== null)
    throw new AppError('INVALID', `${name} is a category: give text`);
  return text ?? '';
}

function numberOf({ name, number, text, boolean }: Override): number {
  if (text !== null) throw new AppError('INVALID', `${name} is a number: give number or boolean`);
  if (number !== null && boolean !== null)
    throw new AppError('INVALID', `${name}: give number or boolean, not both`);
  if (number !== null && !Number.isFinite(Math.fround(number)))
    throw new AppError('INVALID', `${name} must be finite in 32 bits, got ${number}`);
  return number ?? (boolean === null ? NaN : Number(boolean));
}

/** The overrides as given in the graph, where a part may be left out. */
export function overridesOf(
  given: readonly {
    name: string;
    number?: number | null;
    text?: string | null;
    boolean?: boolean | null;
  }[],
): Override[] {
  return given.map(({ name, number, text, boolean }) => ({
    name,
    number: number ?? null,
    text: text ?? null,
    boolean: boolean ?? null,
  }));
}
