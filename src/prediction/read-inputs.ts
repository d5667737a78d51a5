import type { FeatureDefinition } from '../feature/feature.js';
import type { FeatureRows, ReadFeatures } from '../feature/read-features.js';
import { inputTable } from '../model/model-inputs.js';
import type { ServedModel } from '../model/serving.js';
import type { FeatureTable } from '../numeric/table.js';
import { rowOf } from './input-rows.js';
import type { InputRow } from './prediction.js';

/** The inputs of several versions of a model for the same customers. */
export interface ReadInputs {
  /** With `people`. */
  features: FeatureRows;
  /** The inputs of a version, of a customer by place. */
  row(served: ServedModel, place: number): InputRow;
}

/**
 * Reads what all of the versions take with one statement; with another one for each further set of versions that take
 * other versions of the same features.
 */
export async function readInputs(
  readFeatures: ReadFeatures,
  versions: readonly [ServedModel, ...ServedModel[]],
  users: readonly number[],
  asOf: Date,
): Promise<ReadInputs> {
  const sets = featureSets(versions);
  const [first, ...more] = await Promise.all(
    sets.map(({ features }, at) => readFeatures({ features, users, asOf, people: at === 0 })),
  );
  if (!first) throw new Error('no version was given');
  const tables = new Map<string, FeatureTable>();
  for (const [at, set] of sets.entries())
    for (const { version, inputs } of set.versions)
      tables.set(version.id, inputTable(at === 0 ? first : (more[at - 1] ?? first), inputs));
  return {
    features: first,
    row: ({ version }, place) => {
      const table = tables.get(version.id);
      if (!table) throw new Error(`the inputs of version ${version.id} were not read`);
      return rowOf(table, place);
    },
  };
}

interface FeatureSet {
  versions: ServedModel[];
  features: FeatureDefinition[];
}

/** A statement reads one version of a feature: versions that agree share it. */
function featureSets(versions: readonly ServedModel[]): FeatureSet[] {
  const sets: FeatureSet[] = [];
  for (const served of versions) {
    const agrees = ({ features }: FeatureSet): boolean =>
      served.features.every((own) =>
        features.every(({ name, id }) => name !== own.name || id === own.id),
      );
    const set = sets.find(agrees);
    if (!set) {
      sets.push({ versions: [served], features: [...served.features] });
      continue;
    }
    set.versions.push(served);
    const known = new Set(set.features.map(({ id }) => id));
    set.features.push(...served.features.filter(({ id }) => !known.has(id)));
  }
  return sets;
}
