import type { BehaviourLabelQuery, Labels } from './labels.js';
import type { Model } from './model.js';
import type { TrainJobInput } from './model.messages.js';
import { behaviourRule } from './model-spec.js';

export interface ReadLabelsDeps {
  behaviourLabels(query: BehaviourLabelQuery): Promise<Labels>;
  outcomeLabels(query: { modelId: string; until: Date }): Promise<Labels>;
}

/** The labelled customers of a model as of an instant: by its spec's rule, or by recorded outcomes. */
export function readLabels(
  deps: ReadLabelsDeps,
  model: Model,
  input: Pick<TrainJobInput, 'asOf' | 'label' | 'horizonDays'>,
): Promise<Labels> {
  const asOf = new Date(input.asOf);
  const horizons = model.spec.eligible.activeWithinHorizons;
  if (input.label === 'OUTCOMES') return deps.outcomeLabels({ modelId: model.id, until: asOf });
  return deps.behaviourLabels({
    asOf,
    horizonDays: input.horizonDays,
    eventTypes: behaviourRule(model.spec).eventTypes,
    minAgeDays: model.spec.eligible.minAgeDays,
    activeWithinDays: horizons === null ? null : horizons * input.horizonDays,
  });
}
