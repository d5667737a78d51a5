import { encodeId } from '../kernel/id.js';
import type { Model } from '../model/model.js';
import { verdictOf, type InputRow, type PredictionAnswer } from './prediction.js';
import type { PredictionType } from './prediction.type.js';

/** What can be explained: the inputs of a score and the version that gave it. */
export interface Explainable {
  modelVersionId: string;
  inputs: InputRow;
  /** Rules or the score card answered in the version's place. */
  byRules: boolean;
}

/** A prediction as the graph shows it, with what its resolvers need. */
export interface PredictionNode extends PredictionType {
  userId: number;
  modelId: string;
  /** The customer has opted out since: no value of a feature is shown. */
  optedOut: boolean;
  /** Null where there is no score. */
  explainable: Explainable | null;
}

/**
 * An answer as the graph shows it. One that is not in the ledger has a synthetic id,
 * `Prediction:none:<user>:<model>`, which no look-up knows.
 */
export function predictionNode(
  answer: PredictionAnswer,
  model: Pick<Model, 'name' | 'spec'>,
  wall: Date,
): PredictionNode {
  const { userId, modelId, eligibility, source, scoredAt, asOf, latencyMs } = answer;
  const ageSeconds = (wall.getTime() - scoredAt.getTime()) / 1000;
  const common = { userId, modelId, eligibility, source, scoredAt, asOf, latencyMs, ageSeconds };
  if (answer.eligibility !== 'ELIGIBLE')
    return {
      ...common,
      id: encodeId('Prediction', `none:${userId}:${model.name}`),
      probability: null,
      label: null,
      positive: null,
      confidence: null,
      risk: null,
      threshold: null,
      optedOut: false,
      explainable: null,
    };
  const { probability, threshold, modelVersionId, inputs, optedOut } = answer;
  const key = answer.ledgerId ?? `none:${userId}:${model.name}`;
  return {
    ...common,
    ...verdictOf(probability, threshold, model.spec),
    id: encodeId('Prediction', key),
    probability,
    threshold,
    optedOut,
    explainable: { modelVersionId, inputs, byRules: source === 'RULES' },
  };
}
