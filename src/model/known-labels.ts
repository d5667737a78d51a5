import { DAY_MS } from '../kernel/clock.js';
import { AppError } from '../kernel/error.js';
import type { BehaviourLabelQuery, Labels } from './labels.js';
import type { Model } from './model.js';

export interface KnownLabelsDeps {
  modelByName(name: string): Promise<Model | null>;
  behaviourLabels(query: BehaviourLabelQuery): Promise<Labels>;
  outcomeLabels(query: { modelId: string; until: Date }): Promise<Labels>;
}

/** The newest labels of a model by its own rule that are known at `until`: its horizon ends there. */
export type KnownLabels = (model: string, until: Date) => Promise<Labels>;

/** Reads them. @throws AppError NOT_FOUND when no model has the name */
export function knownLabels(deps: KnownLabelsDeps): KnownLabels {
  return async (name, until) => {
    const model = await deps.modelByName(name);
    if (!model) throw new AppError('NOT_FOUND', `no model is named ${name}`);
    return labelsOf(deps, model, until);
  };
}

/** The same for a model at hand; one without a rule on behaviour goes by the outcomes recorded up to then. */
export function labelsOf(
  deps: Pick<KnownLabelsDeps, 'behaviourLabels' | 'outcomeLabels'>,
  { id, spec }: Model,
  until: Date,
): Promise<Labels> {
  if (spec.label.kind === 'OUTCOMES') return deps.outcomeLabels({ modelId: id, until });
  const { horizonDays, eventTypes } = spec.label;
  const { minAgeDays, activeWithinHorizons } = spec.eligible;
  return deps.behaviourLabels({
    asOf: new Date(until.getTime() - horizonDays * DAY_MS),
    horizonDays,
    eventTypes,
    minAgeDays,
    activeWithinDays: activeWithinHorizons === null ? null : activeWithinHorizons * horizonDays,
  });
}
