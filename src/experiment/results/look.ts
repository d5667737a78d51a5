import type { Experiment } from '../experiment.js';
import type { Comparison, ExperimentResults } from './results.js';

/** What a treatment does to a metric that must not become worse. */
export interface GuardrailState {
  metric: string;
  treatment: string;
  /** Whether it is significantly worse, at the sequential p-value adjusted for the treatments. */
  harmed: boolean;
  /** The difference in the bad direction: above 0 it is worse. */
  harm: number;
  /** Adjusted; 1 where it is not worse. */
  sequentialPValue: number;
}

/** Results as they are kept: what the row of a look holds, instants as ISO 8601. */
export type LookReport = Omit<ExperimentResults, 'asOf' | 'until'> & {
  asOf: string;
  until: string;
  guardrails: GuardrailState[];
};

/** The guardrails of an experiment, each with every treatment that could be compared. */
export function guardrailStates(
  { guardrails, lowerIsBetter }: Pick<Experiment, 'guardrails' | 'lowerIsBetter'>,
  comparisons: readonly Comparison[],
): GuardrailState[] {
  return comparisons
    .filter(({ metric }) => guardrails.includes(metric))
    .map(({ metric, treatment, difference, adjustedPValue, verdict }) => {
      const harm = lowerIsBetter.includes(metric) ? difference : 0 - difference;
      return {
        ...{ metric, treatment, harm, harmed: verdict === 'WORSE' },
        sequentialPValue: harm > 0 ? adjustedPValue : 1,
      };
    });
}

/** Results with the state of the guardrails, as they are kept. */
export function lookReport(
  experiment: Pick<Experiment, 'guardrails' | 'lowerIsBetter'>,
  results: ExperimentResults,
): LookReport {
  return {
    ...results,
    asOf: results.asOf.toISOString(),
    until: results.until.toISOString(),
    guardrails: guardrailStates(experiment, results.comparisons),
  };
}
