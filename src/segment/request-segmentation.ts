import { userError, type UserError } from '../kernel/error.js';
import { pickVersion, type FeatureDefinition } from '../feature/feature.js';
import { isCategorical } from '../feature/read-features.js';
import { featureKey } from '../model/model-features.js';
import { segmentJobInput, type SegmentJobInput } from './segment.messages.js';
import {
  clusterAlgorithms,
  segmentationSpec,
  type ClusterAlgorithm,
  type SegmentationSpec,
} from './segmentation-spec.js';
import type { SegmentationModel } from './segmentation.js';

/** What a caller asked for; null comes from the recipe. */
export interface SegmentationWish {
  key: string;
  algorithms: readonly string[] | null;
  k: number | null;
  maxK: number | null;
  /** Names of approved features. */
  features: readonly string[] | null;
  seed: number | null;
  makeLive: boolean;
  /** Name of a profile attribute to compare with. */
  labels: string | null;
  /** Radius of DBSCAN's neighbourhoods in scaled units; null or left out: the recipe's. */
  dbscanEps?: number | null;
  /** Neighbours of a core point, itself counted. */
  dbscanMinPoints?: number | null;
}

export type SegmentationPlan =
  /** `spec`: to be registered first, where the segmentation is new. */
  | { input: SegmentJobInput; spec: SegmentationSpec | null; error: null }
  | { input: null; spec: null; error: UserError };

const KEY = /^[a-z][a-z0-9_-]{0,62}$/;
const MOST_FEATURES = 200;

/**
 * The input of the SEGMENT job: every choice made and every instant pinned. A key that is not registered yet gets a
 * recipe of its own from the features named. @param now the instant that features are read as of
 */
export function planSegmentation(
  model: SegmentationModel | null,
  registry: readonly FeatureDefinition[],
  wish: SegmentationWish,
  now: Date,
): SegmentationPlan {
  if (!KEY.test(wish.key))
    return wrong(
      'key',
      `key must match ${KEY.source}, got ${JSON.stringify(wish.key.slice(0, 80))}`,
    );
  if (!model && wish.features === null)
    return refuse(
      userError(
        'NOT_FOUND',
        `no segmentation has the key ${wish.key}: name the features it is to be made from`,
        'input',
        'features',
      ),
    );
  const names = wish.features ?? model?.spec.features.map(({ name }) => name) ?? [];
  const found = approved(registry, names);
  if ('error' in found) return refuse(found.error);
  const algorithms = algorithmsOf(wish, model, found.features);
  if ('error' in algorithms) return refuse(algorithms.error);
  const needless = needlessOf(wish, algorithms.algorithms);
  if (needless) return refuse(needless);
  const range = rangeOf(wish, model);
  if ('error' in range) return refuse(range.error);
  const seed = wish.seed ?? model?.spec.seed ?? 1;
  const input = {
    kind: 'RUN' as const,
    key: wish.key,
    asOf: now.toISOString(),
    algorithms: algorithms.algorithms,
    ...range,
    seed,
    features: found.features.map(featureKey),
    makeLive: wish.makeLive,
    labels: wish.labels,
    dbscanEps: wish.dbscanEps ?? null,
    dbscanMinPoints: wish.dbscanMinPoints ?? null,
  };
  const parsed = segmentJobInput.safeParse(input);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const field = String(issue?.path[0] ?? 'input');
    const got = Object.entries(input).find(([name]) => name === field)?.[1];
    return wrong(
      field,
      `${field} ${issue?.message ?? 'is not valid'}, got ${JSON.stringify(got ?? null).slice(0, 80)}`,
    );
  }
  return { input: parsed.data, spec: model ? null : ownSpec(wish.key, input), error: null };
}

function approved(
  registry: readonly FeatureDefinition[],
  names: readonly string[],
): { features: FeatureDefinition[] } | { error: UserError } {
  const field = (message: string): { error: UserError } => ({
    error: userError('INVALID', message, 'input', 'features'),
  });
  if (names.length === 0 || names.length > MOST_FEATURES)
    return field(`features must be 1..${MOST_FEATURES} names, got ${names.length}`);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) return field(`features must be named once each, got ${twice} twice`);
  const features: FeatureDefinition[] = [];
  for (const name of names) {
    const versions = registry.filter(
      (feature) => feature.name === name && feature.status === 'APPROVED',
    );
    const feature = pickVersion(versions, undefined);
    if (!feature) return field(`features must be approved ones; none is named ${name}`);
    if (feature.type === 'DATETIME' || feature.type === 'TEXT')
      return field(`features must be numbers, booleans or categories; ${name} is ${feature.type}`);
    features.push(feature);
  }
  return { features };
}

/** Categories have no mean: tables that hold some are grouped by medoids, unless told otherwise. */
function algorithmsOf(
  wish: SegmentationWish,
  model: SegmentationModel | null,
  features: readonly FeatureDefinition[],
): { algorithms: ClusterAlgorithm[] } | { error: UserError } {
  const mixed = features.some(({ type }) => isCategorical(type));
  const usual: ClusterAlgorithm[] = mixed ? ['medoids'] : ['kmeans', 'mixture', 'ward'];
  const wanted = wish.algorithms ?? model?.spec.algorithms ?? usual;
  const known = wanted.flatMap((name) => clusterAlgorithms.filter((each) => each === name));
  if (known.length === wanted.length && known.length > 0)
    return { algorithms: [...new Set(known)] };
  const message = `algorithms must be one or more of ${clusterAlgorithms.join(', ')}, got ${wanted.join(', ') || 'none'}`;
  return { error: userError('INVALID', message, 'input', 'algorithms') };
}

/** What is said of DBSCAN where it is not tried would be ignored without a word. */
function needlessOf(
  { dbscanEps = null, dbscanMinPoints = null }: SegmentationWish,
  algorithms: readonly ClusterAlgorithm[],
): UserError | null {
  if (algorithms.includes('dbscan')) return null;
  const given = Object.entries({ dbscanEps, dbscanMinPoints }).find(([, value]) => value !== null);
  if (!given) return null;
  const message = `${given[0]} is for dbscan, which is not among the algorithms: ${algorithms.join(', ')}`;
  return userError('INVALID', message, 'input', given[0]);
}

function rangeOf(
  { k, maxK }: Pick<SegmentationWish, 'k' | 'maxK'>,
  model: SegmentationModel | null,
): { minK: number; maxK: number } | { error: UserError } {
  if (k !== null && maxK !== null)
    return { error: userError('INVALID', 'give k or maxK, not both', 'input', 'k') };
  for (const [field, value] of Object.entries({ k, maxK }))
    if (value !== null && !(Number.isInteger(value) && value >= 2 && value <= 50))
      return {
        error: userError(
          'INVALID',
          `${field} must be a whole number 2..50, got ${value}`,
          'input',
          field,
        ),
      };
  if (k !== null) return { minK: k, maxK: k };
  const most = maxK ?? model?.spec.maxK ?? 15;
  return { minK: Math.min(model?.spec.minK ?? 2, most), maxK: most };
}

/** The input of the SEGMENT job that puts everybody where the live version says. */
export function planAssignment(key: string, asOf: Date): SegmentJobInput {
  return { kind: 'ASSIGN', key, asOf: asOf.toISOString() };
}

/** The recipe of a segmentation that was asked for by features alone. */
function ownSpec(
  key: string,
  input: {
    features: string[];
    algorithms: ClusterAlgorithm[];
    seed: number;
    dbscanEps: number | null;
    dbscanMinPoints: number | null;
  },
): SegmentationSpec {
  const names = input.features.map((feature) => feature.split('@')[0] ?? feature);
  return segmentationSpec.parse({
    name: key,
    task: 'CLUSTERING',
    description: `Customers grouped by ${names.join(', ')}`.slice(0, 400),
    features: names.map((name) => ({ name })),
    algorithms: input.algorithms,
    seed: input.seed,
    dbscan: { eps: input.dbscanEps, minPoints: input.dbscanMinPoints ?? 5 },
  });
}

function wrong(field: string, message: string): SegmentationPlan {
  return refuse(userError('INVALID', message, 'input', field));
}

function refuse(error: UserError): SegmentationPlan {
  return { input: null, spec: null, error };
}
