import { bisectingKMeansRun } from '../../numeric/bisecting-k-means.js';
import type {
  ClusterAlgorithmRun,
  ClusterRun,
  ClusterRunOptions,
} from '../../numeric/cluster-algorithm.js';
import type { Clusterer, Preparation } from '../../numeric/clusterer.js';
import type { PointMatrix } from '../../numeric/clustering.js';
import { dbscanRun } from '../../numeric/dbscan-run.js';
import { thinCorePoints } from '../../numeric/dbscan-prototypes.js';
import { defaultMixtureOptions } from '../../numeric/gaussian-mixture.js';
import { mixtureRun } from '../../numeric/gaussian-mixture-run.js';
import { gowerClusterer, gowerScale, type GowerScale } from '../../numeric/gower.js';
import { kmeansRunOf } from '../../numeric/kmeans-run.js';
import { gowerMedoidsRun } from '../../numeric/medoids-run.js';
import { prototypeClusterer } from '../../numeric/prototype-clusterer.js';
import { pickRows, type FeatureTable } from '../../numeric/table.js';
import { wardRun } from '../../numeric/ward-run.js';
import type { ClusterAlgorithm, ClusterFeature, SegmentationSpec } from '../segmentation-spec.js';
import type { ChoiceAlgorithm, RunContext } from './choice.js';
import { fitKMeansParallel } from './kmeans-threads.js';
import { onSample } from './sampled-runs.js';

/** What the algorithms need of a recipe and of what was asked for. */
export interface AlgorithmTask {
  algorithms: readonly ClusterAlgorithm[];
  features: readonly ClusterFeature[];
  recipe: Pick<SegmentationSpec, 'restarts' | 'dbscan' | 'winsorise'>;
}

/** Above: a random sample. Expectation maximisation looks at every row for every component many times. */
const MIXTURE_ROWS = 10_000;
/** Above: a random sample. Its search for neighbours grows faster than the table in many columns. */
const DENSITY_ROWS = 50_000;
/** Starts of a mixture at most, each from k-means; the likeliest is kept. */
const MIXTURE_STARTS = 3;
/** Starts of k-means on made points of the gap statistic, and on their like of the real ones. */
const REFERENCE_STARTS = 2;
/**
 * Added to the variances of mixtures, of prepared columns with variance 1: with scikit-learn's 1e-6 a component falls onto
 * one value of a discrete column and BIC grows without meaning.
 */
const MIXTURE_REGULARISATION = 0.01;

/**
 * The algorithms of a recipe for the chooser, in its order. `table` are the raw rows of `points`.
 * @throws RangeError where they are not
 */
export function choiceAlgorithms(
  task: AlgorithmTask,
  table: FeatureTable,
  points: PointMatrix,
): ChoiceAlgorithm[] {
  if (points.rows !== table.rows)
    throw new RangeError(`points must be the ${table.rows} rows of the table, got ${points.rows}`);
  return task.algorithms.map((name) => algorithmOf(name, task, table));
}

function algorithmOf(
  name: ClusterAlgorithm,
  task: AlgorithmTask,
  table: FeatureTable,
): ChoiceAlgorithm {
  const { restarts } = task.recipe;
  switch (name) {
    case 'kmeans':
      return kmeans(restarts);
    case 'mixture': {
      const options = { ...defaultMixtureOptions, regularisation: MIXTURE_REGULARISATION };
      const run = onSample(mixtureRun(options), MIXTURE_ROWS);
      return ofPoints(name, run, task, Math.min(MIXTURE_STARTS, restarts));
    }
    case 'ward':
      return ofPoints(name, wardRun(), task, restarts);
    case 'dbscan':
      return ofPoints(name, onSample(dbscanRun, DENSITY_ROWS), task, restarts);
    case 'medoids':
      return medoids(task, table);
    case 'bisecting':
      return ofPoints(name, bisectingKMeansRun, task, restarts);
  }
}

function optionsOf(
  { recipe }: AlgorithmTask,
  { seed }: RunContext,
  restarts: number,
): ClusterRunOptions {
  return { seed, restarts, dbscan: recipe.dbscan };
}

function ofPoints(
  name: ClusterAlgorithm,
  algorithm: ClusterAlgorithmRun,
  task: AlgorithmTask,
  restarts: number,
): ChoiceAlgorithm {
  const { findsK, run, runEach } = algorithm;
  return {
    name,
    findsK,
    gap: false,
    run: (points, k, context) => run(points, k, optionsOf(task, context, restarts)),
    ...(runEach && {
      runEach: (points: PointMatrix, ks: readonly number[], context: RunContext) =>
        runEach(points, ks, optionsOf(task, context, restarts)),
    }),
  };
}

function kmeans(restarts: number): ChoiceAlgorithm {
  return {
    name: 'kmeans',
    findsK: false,
    gap: true,
    run: async (points, k, { seed, purpose }) => {
      const starts = purpose === 'REFERENCE' ? Math.min(REFERENCE_STARTS, restarts) : restarts;
      return kmeansRunOf(await fitKMeansParallel(points, k, { seed, restarts: starts }));
    },
  };
}

function medoids(task: AlgorithmTask, table: FeatureTable): ChoiceAlgorithm {
  const scale = scaleOf(task, table);
  const whole = gowerMedoidsRun(table, scale);
  return {
    name: 'medoids',
    findsK: false,
    gap: false,
    run: (points, k, context) => {
      const own = context.rows
        ? gowerMedoidsRun(pickRows(table, Array.from(context.rows)), scale)
        : whole;
      return own.run(points, k, optionsOf(task, context, task.recipe.restarts));
    },
  };
}

function scaleOf({ features, recipe }: AlgorithmTask, table: FeatureTable): GowerScale {
  const weights = [...table.numericNames, ...table.categoricalNames].map(
    (name) => features.find((feature) => feature.name === name)?.weight ?? 1,
  );
  return gowerScale(table, weights, recipe.winsorise);
}

/** A chosen run in the form that is served. */
export interface ServedForm {
  clusterer: Clusterer;
  /** For the record of the version. */
  hyperparameters: Record<string, number>;
  notes: string[];
}

/**
 * What serves a run from now on. `points` are the rows the run labelled, prepared by `preparation` from `table`.
 * @throws RangeError for density without groups or with more than can be served
 */
export function clustererOf(
  run: ClusterRun,
  from: {
    task: AlgorithmTask;
    table: FeatureTable;
    points: PointMatrix;
    preparation: Preparation;
  },
): ServedForm {
  const { task, table, points, preparation } = from;
  const { detail } = run;
  switch (detail.kind) {
    case 'centroids': {
      return {
        clusterer: prototypeClusterer(run, points, preparation),
        hyperparameters: {},
        notes: [],
      };
    }
    case 'mixture': {
      const { weights, means, whitening, logDeterminants } = detail.fit;
      const form = { weights, means, whitening, logDeterminants };
      return {
        clusterer: { kind: 'mixture', preparation, segments: run.k, ...form },
        hyperparameters: { regularisation: MIXTURE_REGULARISATION },
        notes: [],
      };
    }
    case 'density':
      return densityForm(run, detail, task, points, preparation);
    case 'medoids': {
      const clusterer = gowerClusterer(table, scaleOf(task, table), detail.medoids, run.labels);
      return { clusterer, hyperparameters: {}, notes: [] };
    }
  }
}

function densityForm(
  run: ClusterRun,
  { eps, corePoints }: { eps: number; corePoints: Int32Array },
  { recipe }: AlgorithmTask,
  points: PointMatrix,
  preparation: Preparation,
): ServedForm {
  const noise = run.labels.reduce((count, label) => count + (label < 0 ? 1 : 0), 0);
  const thinned = thinCorePoints(points, { ...run, eps, corePoints, noise });
  const agreed = (100 * thinned.agreement).toFixed(1);
  return {
    clusterer: prototypeClusterer(run, points, preparation, thinned),
    hyperparameters: { eps, minPoints: recipe.dbscan.minPoints, radius: thinned.radius },
    notes: [
      `DBSCAN is served by ${thinned.rows.length} of its ${corePoints.length} core points, which give ${agreed} % of the rows their segment.`,
    ],
  };
}
