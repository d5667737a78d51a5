import type { ClusterRun } from '../../numeric/cluster-algorithm.js';
import type { PointMatrix } from '../../numeric/clustering.js';
import { gapStatistics, type Gap } from '../../numeric/gap-statistic.js';
import { fitPrincipalComponents } from '../../numeric/principal-components.js';
import { meanSilhouettes } from '../../numeric/silhouette.js';
import type { ClusterCandidate } from '../segmentation.js';
import { nameOfAlgorithm, type ChoiceOptions, type Judged } from './choice.js';
import type { Fitted } from './fit-candidates.js';

/** A grouping that leaves out more is none. */
const MOST_NOISE = 0.5;

/** Everything known of the candidates; the lists are in their order. */
export interface Evidence<Run extends ClusterRun> {
  points: PointMatrix;
  fitted: Fitted<Run>[];
  judged: Judged[];
  /** Without noise. */
  silhouettes: number[];
  refusals: (string | null)[];
  gaps: Gaps;
  sample: Int32Array | null;
}

/** Mean silhouette of each candidate without its noise, NaN where there is none; `points` are the sample. */
export function silhouettesOf<Run extends ClusterRun>(
  points: PointMatrix,
  fitted: readonly Fitted<Run>[],
): number[] {
  const labellings = fitted.flatMap((each) =>
    each.fit ? [{ labels: each.fit.sampled, k: each.k }] : [],
  );
  const found = meanSilhouettes(points, labellings).values();
  return fitted.map((each) => (each.fit ? (found.next().value ?? NaN) : NaN));
}

export interface Gaps {
  curves: Map<string, Gap[]>;
  notes: string[];
}

/** Of each algorithm that has it, for the k that could be fitted, and for one group where two were tried. */
export async function gapsOf<Run extends ClusterRun>(
  points: PointMatrix,
  fitted: readonly Fitted<Run>[],
  { seed, gapReferences = 10 }: ChoiceOptions,
  progress: (share: number, stage: string) => void,
): Promise<Gaps> {
  const gaps: Gaps = { curves: new Map(), notes: [] };
  const algorithms = new Set(fitted.map(({ algorithm }) => algorithm));
  for (const algorithm of algorithms) {
    if (!algorithm.gap || algorithm.findsK || gapReferences === 0) continue;
    const own = fitted.filter((each) => each.algorithm === algorithm && each.fit !== null);
    const ks = own.map(({ k }) => k);
    if (ks.length === 0) continue;
    try {
      const fit = async (given: PointMatrix, k: number, fitSeed: number) =>
        (await algorithm.run(given, k, { seed: fitSeed >>> 0, rows: null, purpose: 'REFERENCE' }))
          .labels;
      const curve = await gapStatistics(points, ks.includes(2) ? [1, ...ks] : ks, fit, {
        references: gapReferences,
        seed,
        axes: fitPrincipalComponents(points).components,
        onProgress: (share) => progress(share, 'gap statistic'),
      });
      gaps.curves.set(algorithm.name, curve);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      const name = nameOfAlgorithm(algorithm.name);
      gaps.notes.push(`The gap statistic of ${name} was not computed: ${error.message}.`);
    }
  }
  return gaps;
}

/** Why a candidate may not be chosen; null where it may. */
export function refusalOf<Run extends ClusterRun>(
  fitted: Fitted<Run>,
  rows: number,
  { minK, maxK, minShare }: ChoiceOptions,
): string | null {
  if (!fitted.fit) return fitted.failure;
  const { sizes, noise } = fitted.fit.scores;
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  if (noise === rows) return 'every row is noise';
  if (noise > MOST_NOISE * rows)
    return `${percent(noise / rows)} of the rows are noise, more than half`;
  const found = sizes.filter((size) => size > 0).length;
  if (found < 2) return 'all rows are in one group';
  if (found < fitted.k) return `${fitted.k - found} of the ${fitted.k} groups are empty`;
  if (fitted.k < minK || fitted.k > maxK)
    return `${fitted.k} groups were found, asked for were ${minK}..${maxK}`;
  const smallest = Math.min(...sizes);
  if (smallest < minShare * rows)
    return `the smallest group has ${percent(smallest / rows)} of the rows (${smallest.toLocaleString('en-US')}), below ${percent(minShare)}`;
  return null;
}

/** A candidate with all its scores, as the rules see it. */
export function judge<Run extends ClusterRun>(
  fitted: Fitted<Run>,
  silhouette: number,
  gaps: Gaps,
  eligible: boolean,
): Judged {
  const scores = fitted.fit?.scores;
  const gap = gaps.curves.get(fitted.algorithm.name)?.find(({ k }) => k === fitted.k);
  const grouped = fitted.fit ? 1 - fitted.fit.scores.noise / fitted.fit.packed.length : 0;
  return {
    algorithm: fitted.algorithm.name,
    findsK: fitted.algorithm.findsK,
    k: fitted.k,
    silhouette: silhouette * grouped,
    calinskiHarabasz: scores?.calinskiHarabasz ?? NaN,
    daviesBouldin: scores?.daviesBouldin ?? NaN,
    inertia: scores?.inertia ?? NaN,
    bic: fitted.fit?.run.bic ?? NaN,
    gap: gap?.gap ?? NaN,
    gapStandardError: gap?.standardError ?? NaN,
    eligible,
  };
}

/** A candidate as the report has it; `stability` is null where it was not measured. */
export function candidateOf<Run extends ClusterRun>(
  { fitted, judged, silhouettes, refusals, points }: Evidence<Run>,
  at: number,
  chosen: boolean,
  stability: number | null,
): ClusterCandidate {
  const each = fitted[at];
  const scores = judged[at];
  if (!each || !scores) throw new RangeError(`there are ${fitted.length} candidates, got ${at}`);
  const finite = (value: number | undefined) =>
    value !== undefined && Number.isFinite(value) ? value : null;
  const sizes = each.fit?.scores.sizes ?? [];
  return {
    algorithm: each.algorithm.name,
    k: each.k,
    silhouette: finite(silhouettes[at]),
    calinskiHarabasz: finite(scores.calinskiHarabasz),
    daviesBouldin: finite(scores.daviesBouldin),
    inertia: finite(scores.inertia),
    bic: finite(scores.bic),
    gap: finite(scores.gap),
    gapStandardError: finite(scores.gapStandardError),
    stability,
    noise: each.fit?.scores.noise ?? 0,
    smallestShare: sizes.length === 0 ? 0 : Math.min(...sizes) / points.rows,
    seconds: each.seconds,
    chosen,
    refused: refusals[at] ?? null,
    sampledRows: each.fit?.run.sampledRows ?? null,
  };
}
