import { DAY_MS } from '../kernel/clock.js';
import { AppError } from '../kernel/error.js';
import type { BehaviourLabelQuery, Labels } from './labels.js';
import type { Model } from './model.js';
import { behaviourRule } from './model-spec.js';

export interface KnownLabelsDeps {
  modelByName(name: string): Promise<Model | null>;
  behaviourLabels(query: BehaviourLabelQuery): Promise<Labels>;
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

/** The same for a model at hand. */
export function labelsOf(
  deps: Pick<KnownLabelsDeps, 'behaviourLabels'>,
  { spec }: Model,
  until: Date,
): Promise<Labels> {
  const { horizonDays, eventTypes } = behaviourRule(spec);
  const { minAgeDays, activeWithinHorizons } = spec.eligible;
  return deps.behaviourLabels({
    asOf: new Date(until.getTime() - horizonDays * DAY_MS),
    horizonDays,
    eventTypes,
    minAgeDays,
    activeWithinDays: activeWithinHorizons === null ? null : activeWithinHorizons * horizonDays,
  });
}
