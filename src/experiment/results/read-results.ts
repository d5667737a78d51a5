import { goodnessOfFit } from '../../numeric/goodness-of-fit.js';
import { controlOf, type Experiment } from '../experiment.js';
import { parseMetric, type EventMetricKind, type ExperimentMetric } from '../metric.js';
import { compareArms, metricFigure, type ArmSample, type MetricSamples } from './compare-arms.js';
import { eventFigure, modelFigure, type ArmLabels, type EventSums } from './metric-samples.js';
import type { ArmSums, EventMetric, ReadMetricSums } from './metric-sums.store.js';
import type { ModelLabelStore } from './model-labels.store.js';
import {
  decide,
  SAMPLE_RATIO_ALPHA,
  untilOf,
  type Evidence,
  type ExperimentResults,
  type SampleRatioCheck,
} from './results.js';

export interface ReadResultsDeps {
  sums: ReadMetricSums;
  models: ModelLabelStore;
  /** How long after a prediction of the model its label may lie, in ms; null: without end. */
  horizonMs(modelId: string): Promise<number | null>;
}

/** Reads what an experiment has shown as of an instant. */
export type ReadResults = (experiment: Experiment, asOf: Date) => Promise<ExperimentResults>;

/** Three statements at most: events, predictions with outcomes, disagreement; the last two only for arms that are models. */
export function readResults(deps: ReadResultsDeps): ReadResults {
  return async (experiment, asOf) => {
    const until = untilOf(experiment, asOf);
    const { id: experimentId, variants, modelId, prePeriodDays } = experiment;
    const metrics = metricsOf(experiment);
    const events = metrics.flatMap(({ parsed }) => (parsed.kind === 'model' ? [] : [parsed]));
    const [arms, labels, disagreement] = await Promise.all([
      deps.sums({ experimentId, metrics: events, prePeriodDays, until }),
      modelId !== null && metrics.some(({ parsed }) => parsed.kind === 'model')
        ? deps
            .horizonMs(modelId)
            .then((horizonMs) =>
              deps.models.labels({ experimentId, modelId, variants, until, asOf, horizonMs }),
            )
        : new Map<string, ArmLabels>(),
      modelId === null ? null : deps.models.disagreement({ experimentId, variants }),
    ]);
    const evidence = judge(experiment, asOf, { arms, events, labels });
    return { ...evidence, ...decide(experiment, evidence), until, disagreement };
  };
}

/** What was measured of an experiment. */
export interface Measured {
  /** Arms that have anybody. */
  arms: readonly ArmSums[];
  /** What the sums of the arms are of, in their order. */
  events: readonly EventMetric[];
  /** By key of the arm. */
  labels: ReadonlyMap<string, ArmLabels>;
}

/** From what was measured to figures and comparisons; pure. */
export function judge(experiment: Experiment, asOf: Date, measured: Measured): Evidence {
  const control = controlOf(experiment).key;
  const keys = experiment.variants.map(({ key }) => key);
  const metrics = metricsOf(experiment).map(({ metric, parsed }) => {
    const samples = samplesOf(keys, parsed, measured);
    const request: MetricSamples = {
      metric,
      lowerIsBetter: experiment.lowerIsBetter.includes(metric),
      control,
      arms: samples,
    };
    return { metric, samples, ...compareArms(request, experiment.minimumUsers) };
  });
  const variants = keys.map((key, at) => {
    const arm = measured.arms.find(({ variant }) => variant === key);
    const own = metrics.flatMap(({ metric, samples }) => {
      const sample = samples[at];
      return sample ? [{ sample, figure: metricFigure(metric, sample) }] : [];
    });
    const { value: mean = null, low = null, high = null } = own[0]?.figure ?? {};
    return {
      ...{ variant: key, users: arm?.users ?? 0, exposures: arm?.exposures ?? 0 },
      ...{ outcomes: own[0]?.sample.outcomes ?? 0, mean, low, high },
      metrics: own.map(({ figure }) => figure),
    };
  });
  return {
    asOf,
    variants,
    comparisons: metrics.flatMap(({ comparisons }) => comparisons),
    sampleRatio: sampleRatioOf(
      experiment,
      variants.map(({ users }) => users),
    ),
    waitingFor: metrics.flatMap(({ waitingFor }) => waitingFor),
  };
}

/** The primary metric, then the guardrails; what is no metric (the rows were not made here) is left out. */
function metricsOf({
  primaryMetric,
  guardrails,
}: Pick<Experiment, 'primaryMetric' | 'guardrails'>): {
  metric: string;
  parsed: ExperimentMetric;
}[] {
  return [...new Set([primaryMetric, ...guardrails])].flatMap((metric) => {
    const parsed = parseMetric(metric);
    return parsed ? [{ metric, parsed }] : [];
  });
}

function samplesOf(
  keys: readonly string[],
  metric: ExperimentMetric,
  { arms, events, labels }: Measured,
): ArmSample[] {
  if (metric.kind === 'model')
    return keys.map((variant) => {
      const own = labels.get(variant) ?? NO_LABELS;
      const users = arms.find((arm) => arm.variant === variant)?.users ?? 0;
      const known = own.labels.length;
      const figure = modelFigure(metric.name, own);
      return { variant, users, units: known, outcomes: known, figure };
    });
  const at = events.findIndex(({ kind, type }) => kind === metric.kind && type === metric.type);
  const sums = keys.map((variant) => arms.find((arm) => arm.variant === variant)?.metrics[at]);
  const adjusting = sums.some((own) => own !== undefined && own.eventsBefore > 0);
  return keys.map((variant, place) =>
    eventSample(variant, metric.kind, sums[place] ?? NO_SUMS, adjusting),
  );
}

function eventSample(
  variant: string,
  kind: EventMetricKind,
  sums: EventSums,
  adjusting: boolean,
): ArmSample {
  const { n, outcomes } = sums;
  return { variant, users: n, units: n, outcomes, figure: eventFigure(kind, sums, adjusting) };
}

function sampleRatioOf(
  { variants }: Pick<Experiment, 'variants'>,
  users: readonly number[],
): SampleRatioCheck {
  const weights = variants.map(({ weight }) => weight);
  const { pValue } = goodnessOfFit(users, weights);
  return { pValue, mismatch: pValue < SAMPLE_RATIO_ALPHA };
}

const NO_LABELS: ArmLabels = {
  labels: new Uint8Array(0),
  probabilities: new Float64Array(0),
  called: new Uint8Array(0),
};

const NO_SUMS: EventSums = {
  ...{ n: 0, mean: 0, variance: 0, meanBefore: 0, varianceBefore: 0, covariance: 0 },
  ...{ outcomes: 0, eventsBefore: 0, ratio: null },
};
