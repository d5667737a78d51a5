import { AppError } from '../kernel/error.js';
import type { ThreadProgress } from '../model/work-in-thread.js';
import { applyPreparation } from '../numeric/apply-preparation.js';
import { sharedMemory } from '../numeric/buffers.js';
import { clustererInputs, type Clusterer } from '../numeric/clusterer.js';
import { labelAgreement } from '../numeric/label-agreement.js';
import { predictClusterer } from '../numeric/predict-clusterer.js';
import { fitPreparation, type FittedPreparation } from '../numeric/prepare-points.js';
import { projectTwo } from '../numeric/principal-components.js';
import { randomStream, sampleAscending } from '../numeric/random.js';
import type { FeatureTable } from '../numeric/table.js';
import { worstMembershipDifference } from '../onnx/parity.js';
import { readClusterer } from '../onnx/read-clusterer.js';
import { writeClusterer } from '../onnx/write-clusterer.js';
import { chooseClustering } from './choose/choose-clustering.js';
import { choiceAlgorithms, clustererOf } from './choose/algorithms.js';
import { featureImportance } from './choose/feature-importance.js';
import {
  PROJECTED_ROWS,
  type ClusterOutcome,
  type ClusterTask,
  type ProjectedRow,
} from './cluster-task.js';
import { AGE_BORDERS, describeSegments } from './persona/describe-segments.js';
import type { ClusterFeature } from './segmentation-spec.js';

export interface ClusterHooks {
  onProgress: (progress: ThreadProgress) => void;
  monotonicMs: () => number;
}

/**
 * Groups customers: treatment of the inputs, every candidate, the choice, the served form, and what the segments are
 * like. Same task, same outcome to the bit, but for the seconds.
 * @throws AppError INVALID for customers that cannot be grouped so: too few, all alike, an infinite value
 */
export async function clusterTable(
  task: ClusterTask,
  hooks: ClusterHooks,
): Promise<ClusterOutcome> {
  try {
    return await clusterRows(task, hooks);
  } catch (error) {
    if (error instanceof RangeError) throw new AppError('INVALID', error.message, { cause: error });
    throw error;
  }
}

async function clusterRows(task: ClusterTask, hooks: ClusterHooks): Promise<ClusterOutcome> {
  const { table } = task.population;
  const { minK, maxK, seed, recipe } = task;
  hooks.onProgress({
    share: 0,
    stage: `looking at ${table.rows.toLocaleString('en-US')} customers`,
  });
  if (table.rows < Math.max(2, minK))
    throw new RangeError(
      `${Math.max(2, minK)} groups need at least as many customers with values, got ${table.rows}`,
    );
  const prepared = prepare(task);
  const { preparation } = prepared;
  // in shared memory, so that the threads of k-means need no copy
  const points = applyPreparation(preparation, table, sharedMemory);
  const choice = await chooseClustering(points, choiceAlgorithms(task, table, points), {
    minK,
    maxK: Math.min(maxK, Math.max(minK, table.rows - 1)),
    rule: recipe.choose,
    minShare: recipe.minShare,
    seed,
    onProgress: ({ share, stage }) => {
      hooks.onProgress({ share: 0.05 + 0.85 * share, stage });
    },
    monotonicMs: hooks.monotonicMs,
  });
  const { algorithm, k, run } = choice.chosen;
  hooks.onProgress({ share: 0.92, stage: 'describing the segments' });
  const served = clustererOf(run, { task, table, points, preparation });
  const said = predictClusterer(served.clusterer, table);
  const { segment: segmentOf, segments } = said;
  const onnx = writeClusterer(served.clusterer);
  const reread = readClusterer(onnx);
  if (!reread) throw new AppError('INTERNAL', 'the written ONNX file does not hold its clusterer');
  const { coordinates, explained } = projectTwo(points);
  const external = task.labels === null ? null : agreement(task.labels, segmentOf);
  return {
    algorithm,
    hyperparameters: { k, restarts: recipe.restarts, ...served.hyperparameters },
    clusterer: served.clusterer,
    onnx,
    worstDifference: worstMembershipDifference(predictClusterer(reread, table), said),
    segmentOf,
    segments,
    candidates: choice.candidates,
    chosenBecause: choice.chosenBecause,
    stability: choice.stability,
    featureImportance: featureImportance(table, segmentOf, segments),
    explainedVariance: [...explained],
    projection: projectionOf(coordinates, table.rows, seed),
    facts: describeSegments(banded(task), segmentOf, segments),
    ...centersOf(served.clusterer, table, segmentOf, segments),
    external,
    ignored: prepared.ignored,
    treatments: [
      ...prepared.treatments,
      ...choice.notes,
      ...served.notes,
      ...(task.labels !== null && external === null
        ? ['Fewer than two customers have a label: the segments were compared with none.']
        : []),
    ],
  };
}

function prepare({ population: { table }, features, recipe }: ClusterTask): FittedPreparation {
  const usual: Omit<ClusterFeature, 'name'> = { missing: 'MEDIAN', transform: 'AUTO', weight: 1 };
  const treatmentOf = (name: string): Omit<ClusterFeature, 'name'> =>
    features.find((feature) => feature.name === name) ?? usual;
  return fitPreparation(table, {
    inputs: table.numericNames.map(treatmentOf),
    categoricalWeights: table.categoricalNames.map((name) => treatmentOf(name).weight),
    winsorise: recipe.winsorise,
    explainedVariance: recipe.explainedVariance,
  });
}

/** A seeded sample of the rows, in random order: the first few are a sample too. */
function projectionOf(coordinates: Float64Array, rows: number, seed: number): ProjectedRow[] {
  const random = randomStream(seed);
  const sample =
    rows <= PROJECTED_ROWS
      ? Array.from({ length: rows }, (_, row) => row)
      : Array.from(sampleAscending(rows, PROJECTED_ROWS, random));
  for (let i = sample.length - 1; i > 0; i--) {
    const other = Math.floor(random() * (i + 1));
    [sample[i], sample[other]] = [sample[other] ?? 0, sample[i] ?? 0];
  }
  return sample.map((row) => ({
    row,
    x: coordinates[2 * row] ?? 0,
    y: coordinates[2 * row + 1] ?? 0,
  }));
}

/** Ages, where they are told of, also as bands. */
function banded({ population, age }: ClusterTask): ClusterTask['population'] {
  return age === null ? population : { ...population, bands: { [age]: AGE_BORDERS } };
}

/** Means of the numerical inputs of each segment, missing values filled as the clusterer does. */
function centersOf(
  clusterer: Clusterer,
  table: FeatureTable,
  segmentOf: Int32Array,
  segments: number,
): { centers: number[][]; spread: number[] } {
  const names = clustererInputs(clusterer).numericNames;
  const fill = clusterer.kind === 'medoids' ? null : clusterer.preparation.fill;
  const width = table.numericNames.length;
  const centers = Array.from({ length: segments }, () => new Array<number>(names.length).fill(0));
  const spread: number[] = [];
  for (const [j, name] of names.entries()) {
    const column = table.numericNames.indexOf(name);
    const sums = new Float64Array(segments);
    const counts = new Float64Array(segments);
    let [count, mean, squares] = [0, 0, 0];
    for (let row = 0; row < table.rows; row++) {
      const raw = table.numeric[row * width + column] ?? NaN;
      const value = Number.isNaN(raw) && fill ? (fill[j] ?? NaN) : raw;
      if (Number.isNaN(value)) continue;
      const at = segmentOf[row] ?? 0;
      sums[at] = (sums[at] ?? 0) + value;
      counts[at] = (counts[at] ?? 0) + 1;
      count++;
      const off = value - mean;
      mean += off / count;
      squares += off * (value - mean);
    }
    centers.forEach((center, at) => {
      const size = counts[at] ?? 0;
      center[j] = size > 0 ? (sums[at] ?? 0) / size : mean;
    });
    spread.push(count > 0 ? Math.sqrt(squares / count) : 0);
  }
  return { centers, spread };
}

/** Over the customers whose label is known; null when fewer than two are. */
function agreement(labels: readonly string[], segmentOf: Int32Array): ClusterOutcome['external'] {
  const codes = new Map<string, number>();
  const classes: number[] = [];
  const groups: number[] = [];
  labels.forEach((label, row) => {
    if (label === '') return;
    const code = codes.get(label) ?? codes.size;
    codes.set(label, code);
    classes.push(code);
    groups.push(segmentOf[row] ?? 0);
  });
  return classes.length < 2 ? null : labelAgreement(classes, groups);
}
