import { userError, type UserError } from '../kernel/error.js';
import { isStorableText } from '../plant/parameters.js';
import { checkExperiment, type ExperimentDraft } from './check-experiment.js';
import type { Experiment, Variant } from './experiment.js';
import type { ExperimentStore } from './experiment.store.js';

export interface CreateExperimentDeps extends Pick<ExperimentStore, 'create' | 'byKey'> {
  /** A model that scores, by name. */
  modelByName(name: string): Promise<{ id: string } | null>;
  versionsByIds(ids: readonly string[]): Promise<{ id: string; modelId: string }[]>;
  wall(): Date;
  /** Tells every process, this one first. */
  changed(): Promise<void>;
}

/** Writes an experiment down, or says everything that is wrong with it, field by field; audited. */
export async function createExperiment(
  deps: CreateExperimentDeps,
  draft: ExperimentDraft,
  createdBy: string,
): Promise<{ experiment: Experiment | null; userErrors: UserError[] }> {
  const { model: name } = draft;
  const model = name !== null && isStorableText(name) ? await deps.modelByName(name) : null;
  const userErrors = [...checkExperiment(draft), ...(await checkKnown(deps, draft, model))];
  if (userErrors.length > 0) return { experiment: null, userErrors };
  const { model: _, variants, ...rest } = draft;
  const experiment = await deps.create({
    ...rest,
    modelId: model?.id ?? null,
    variants: withControl(variants),
    createdAt: deps.wall(),
    createdBy,
  });
  if (!experiment) return { experiment: null, userErrors: [taken(draft.key)] };
  await deps.changed();
  return { experiment, userErrors: [] };
}

/** What only the other rows can tell: model and versions, and whether the key is free. */
async function checkKnown(
  deps: CreateExperimentDeps,
  { key, model: name, variants }: ExperimentDraft,
  model: { id: string } | null,
): Promise<UserError[]> {
  const problems: UserError[] = [];
  if (name !== null && !model)
    problems.push(
      userError('NOT_FOUND', `no model is named ${name.slice(0, 80)}`, 'input', 'model'),
    );
  const ids = variants.flatMap(({ modelVersionId }) => modelVersionId || []);
  const [present, versions] = await Promise.all([
    deps.byKey(key),
    ids.length > 0 ? deps.versionsByIds([...new Set(ids)]) : [],
  ]);
  if (present) problems.push(taken(key));
  const modelOf = new Map(versions.map(({ id, modelId }) => [id, modelId]));
  for (const [index, { modelVersionId }] of variants.entries()) {
    if (!modelVersionId) continue;
    const path = ['input', 'variants', String(index), 'modelVersion'];
    const owner = modelOf.get(modelVersionId);
    if (owner === undefined)
      problems.push(userError('NOT_FOUND', 'modelVersion is no version that there is', ...path));
    else if (model && owner !== model.id)
      problems.push(
        userError('INVALID', `modelVersion is a version of another model than ${name}`, ...path),
      );
  }
  return problems;
}

function taken(key: string): UserError {
  return userError(
    'CONFLICT',
    `an experiment has the key ${key.slice(0, 80)} already`,
    'input',
    'key',
  );
}

/** Where no arm is marked, the first is the control. */
function withControl(variants: readonly Variant[]): Variant[] {
  const marked = variants.some(({ control }) => control);
  return variants.map((variant, index) =>
    marked ? variant : { ...variant, control: index === 0 },
  );
}
