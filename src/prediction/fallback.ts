import type { ServedModel } from '../model/serving.js';
import { ruleHolds } from '../model/rule-holds.js';
import { scoreByCard, type CardCell } from '../model/score-card/score-card.js';
import { reportOf } from '../model/version-report.js';
import { cellOf } from './input-rows.js';
import type { InputRow } from './prediction.js';

/** What is said of a row without the model; base value plus the contributions is the logit of the probability. */
export interface FallbackAnswer {
  /** 0..1 */
  probability: number;
  /** Log-odds. */
  baseValue: number;
  /** The way to the answer. */
  lines: { feature: string; contribution: number; text: string }[];
}

/** A certain rule has no finite logit: it is told as this one, 2e-9 from certainty. */
const CERTAIN = 20;

/**
 * The answer of the spec's rules, the first that holds, or else of the version's score card; null where
 * neither says anything. Pure: a row of the ledger that rules answered comes out the same again, as long as
 * the spec keeps its rules.
 */
export function answerByFallback(
  { model, version, inputs }: Pick<ServedModel, 'model' | 'version' | 'inputs'>,
  row: InputRow,
): FallbackAnswer | null {
  const cell = (feature: string): CardCell => cellOf(row, inputs, feature);
  const rule = model.spec.fallback.rules.find(({ when }) => ruleHolds(when, cell));
  if (rule) {
    const { probability, name, when } = rule;
    const logit = Math.log(probability / (1 - probability));
    const contribution = Math.min(Math.max(logit, -CERTAIN), CERTAIN);
    const feature = when[0]?.feature ?? '';
    return { probability, baseValue: 0, lines: [{ feature, contribution, text: name }] };
  }
  const { scoreCard } = reportOf(version);
  if (!scoreCard) return null;
  const { probability, base, lines } = scoreByCard(scoreCard, cell);
  return {
    probability,
    baseValue: base,
    lines: lines.map(({ feature, bin, points }) => ({
      feature,
      contribution: points,
      text: cardText(feature, bin, points),
    })),
  };
}

function cardText(feature: string, bin: string, points: number): string {
  const effect = points > 0 ? 'raises' : 'lowers';
  return `${feature.replaceAll('_', ' ')} ${bin} ${effect} the risk by the score card`;
}
