import { inputNames } from '../model/model-inputs.js';
import { crossTabulate } from '../numeric/chi-square.js';
import { clustererInputs } from '../numeric/clusterer.js';
import type { VersionReport } from '../model/version-report.js';
import type { ClusterOutcome } from './cluster-task.js';
import { matchSegments, type Identity } from './identity.js';
import { personasOf } from './persona/persona-rules.js';
import type { SegmentsBefore } from './run-segmentation.js';
import type { SegmentJobInput } from './segment.messages.js';
import type { SegmentReport } from './segment.js';
import type { SegmentationSpec } from './segmentation-spec.js';
import { diversityOf, type SegmentationModel, type SegmentationReport } from './segmentation.js';

export interface FinishedRun {
  model: SegmentationModel;
  input: Extract<SegmentJobInput, { kind: 'RUN' }>;
  outcome: ClusterOutcome;
  /** Customers in the order of `outcome.segmentOf`. */
  userIds: Float64Array;
  /** Of the version that is live; null when none is. */
  before: SegmentsBefore | null;
  /** Every key that a segment ever had. */
  usedKeys: readonly string[];
  /** Largest difference between the ONNX graph and our own predictor. */
  worst: number;
  seconds: number;
}

/**
 * The record of a run: what every version of a model has, and the segmentation beside it, its segments with the keys
 * that follow from those before.
 */
export function reportOfRun(
  run: FinishedRun,
): VersionReport & { segmentation: SegmentationReport } {
  const { model, input, outcome, userIds, worst, seconds } = run;
  const identity = identityOf(run);
  const segments = segmentsOf(run, identity.keys);
  const { candidates, chosenBecause, stability, featureImportance, explainedVariance } = outcome;
  const parity = { rows: userIds.length, worstDifference: worst };
  const segmentation: SegmentationReport = {
    rows: userIds.length,
    k: segments.length,
    ...{ candidates, chosenBecause, stability, featureImportance, explainedVariance },
    choose: model.spec.choose,
    diversity: diversityOf(segments.map(({ size }) => size)),
    external: outcome.external,
    identity: identity.changes,
    segments,
    treatments: outcome.treatments,
    recipe: {
      asOf: input.asOf,
      seed: input.seed,
      algorithms: input.algorithms,
      minK: input.minK,
      maxK: input.maxK,
      features: input.features,
      spec: { ...model.spec, dbscan: densityOf(model.spec, input) },
    },
    parity,
    seconds,
  };
  return { ...versionParts(run, segmentation), parity, segmentation };
}

/** The parts that a classifier would fill with judgements of its answers: a segmentation has none, and says so by being empty. */
function versionParts(
  { model, input, outcome, seconds }: FinishedRun,
  { candidates, stability, diversity }: SegmentationReport,
): Omit<VersionReport, 'parity'> {
  const chosen = candidates.find(({ chosen }) => chosen);
  const metric = (name: string, value: number | null | undefined) =>
    typeof value === 'number' ? [{ name, split: 'TRAIN' as const, value }] : [];
  return {
    metrics: [
      ...metric('silhouette', chosen?.silhouette),
      ...metric('calinskiHarabasz', chosen?.calinskiHarabasz),
      ...metric('daviesBouldin', chosen?.daviesBouldin),
      ...metric('inertia', chosen?.inertia),
      ...metric('bic', chosen?.bic),
      ...metric('stability', stability.mean),
      ...metric('diversity', diversity),
    ],
    confusionMatrix: null,
    rocCurve: [],
    precisionRecallCurve: [],
    calibrationCurve: [],
    importances: [],
    trials: [],
    baseline: [],
    targets: [],
    ignoredFeatures: outcome.ignored,
    seconds,
    recipe: {
      label: 'BEHAVIOUR',
      asOf: input.asOf,
      horizonDays: 0,
      algorithms: input.algorithms,
      trials: candidates.length,
      folds: 0,
      seed: input.seed,
      selectionMetric: model.spec.choose,
      features: input.features,
    },
  };
}

function identityOf({ outcome, userIds, before, usedKeys }: FinishedRun): Identity {
  const features = clustererInputs(outcome.clusterer).numericNames;
  const after = {
    features,
    segments: outcome.facts.map(({ size }, number) => ({
      center: outcome.centers[number] ?? [],
      size,
    })),
  };
  const spread = new Map(features.map((name, j) => [name, outcome.spread[j] ?? 0]));
  const old = before?.segments ?? [];
  return matchSegments({
    before: { features: before?.numericNames ?? [], segments: old },
    after,
    spread,
    overlap: before && overlapOf(before, outcome, userIds),
    usedKeys,
  });
}

/** Who was where and is where; of customers who are in both versions. */
function overlapOf(
  { segments, keyOf }: SegmentsBefore,
  { segmentOf, segments: now }: ClusterOutcome,
  userIds: Float64Array,
) {
  const numberOf = new Map(segments.map(({ key }, place) => [key, place]));
  const [from, to]: [number[], number[]] = [[], []];
  userIds.forEach((id, row) => {
    const key = keyOf.get(id);
    const place = key === undefined ? undefined : numberOf.get(key);
    if (place === undefined) return;
    from.push(place);
    to.push(segmentOf[row] ?? 0);
  });
  return from.length === 0 ? null : crossTabulate(from, segments.length, to, now);
}

function segmentsOf({ model, outcome }: FinishedRun, keys: readonly string[]): SegmentReport[] {
  const personas = personasOf(outcome.facts, model.spec.persona);
  return outcome.facts.map(({ number, size, share, features, mixes }, at) => {
    const persona = personas[at];
    const key = keys[number];
    if (!persona || key === undefined) throw new RangeError(`segment ${number} has no persona`);
    return {
      number,
      key,
      size,
      share,
      features,
      mixes,
      persona,
      center: outcome.centers[number] ?? [],
    };
  });
}

/** What DBSCAN is told: as asked for, else as the recipe says. */
export function densityOf(
  { dbscan }: Pick<SegmentationSpec, 'dbscan'>,
  { dbscanEps, dbscanMinPoints }: { dbscanEps: number | null; dbscanMinPoints: number | null },
): SegmentationSpec['dbscan'] {
  return { eps: dbscanEps ?? dbscan.eps, minPoints: dbscanMinPoints ?? dbscan.minPoints };
}

/** Names of the inputs of a version, numerical first. */
export function inputsOfOutcome({ clusterer }: Pick<ClusterOutcome, 'clusterer'>): string[] {
  return inputNames(clustererInputs(clusterer));
}
