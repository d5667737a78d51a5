import type { ClusterRun } from '../../numeric/cluster-algorithm.js';
import { pickPoints, type PointMatrix } from '../../numeric/clustering.js';
import type { Gap } from '../../numeric/gap-statistic.js';
import { SILHOUETTE_ROWS, silhouetteSample } from '../../numeric/silhouette.js';
import type { Choice, ChoiceAlgorithm, ChoiceOptions, Judged } from './choice.js';
import { chosenBecause, type Reason } from './chosen-because.js';
import { fitCandidates, unpacked, type Fitted } from './fit-candidates.js';
import { candidateOf, gapsOf, judge, refusalOf, silhouettesOf, type Evidence } from './judge.js';
import { finalistsOf, mostStable, type Final } from './finalists.js';
import { noneLeft } from './none-left.js';
import { resampler } from './resample.js';
import { allVerdicts } from './winner.js';

/** Rows that are resampled at most by default; fewer rows than there are make runs agree less, never more. */
const STABILITY_ROWS = 100_000;
const STABILITY_RUNS = 10;
const UNMEASURED = { runs: 0, sampleShare: 0, mean: 0, standardDeviation: 0, standardError: 0 };

/**
 * Fits every algorithm for every k once, judges all by the same scores on the same sample, and takes the most stable of
 * those that the rule cannot tell from the best (see `finalistsOf`).
 * Refused are: what cannot be fitted, fewer than two groups, an empty group or one below `minShare`, more than half noise,
 * and a number of groups outside minK..maxK. Equals go to the fewest groups; where the rule has no answer the first in the
 * order of `choiceRules` that has one decides, and `chosenBecause` says so.
 * @throws RangeError for k out of range, or where every candidate was refused: lists why
 */
export async function chooseClustering<Run extends ClusterRun>(
  points: PointMatrix,
  algorithms: readonly ChoiceAlgorithm<Run>[],
  options: ChoiceOptions,
): Promise<Choice<Run>> {
  checkRange(options);
  const { silhouetteRows = SILHOUETTE_ROWS, seed } = options;
  const sample = silhouetteSample(points.rows, silhouetteRows, seed);
  const staged = (from: number, to: number) => (share: number, stage: string) =>
    options.onProgress?.({ share: from + (to - from) * share, stage });
  const fitting = staged(0, 0.6);
  const fitted = await fitCandidates(
    points,
    algorithms,
    { ...options, onProgress: ({ share, stage }) => fitting(share, stage) },
    sample,
  );
  const scored = sample ? pickPoints(points, sample) : points;
  staged(0.6, 0.7)(0, 'silhouettes');
  const silhouettes = silhouettesOf(scored, fitted);
  const gaps = await gapsOf(scored, fitted, options, staged(0.7, 0.8));
  const refusals = fitted.map((each) => refusalOf(each, points.rows, options));
  const judged = fitted.map((each, i) =>
    judge(each, silhouettes[i] ?? NaN, gaps, refusals[i] === null),
  );
  return conclude(
    { points, fitted, judged, silhouettes, refusals, gaps, sample },
    options,
    staged(0.8, 1),
  );
}

async function conclude<Run extends ClusterRun>(
  evidence: Evidence<Run>,
  options: ChoiceOptions,
  progress: (share: number, stage: string) => void,
): Promise<Choice<Run>> {
  const { points, fitted, judged, refusals, sample, gaps } = evidence;
  const verdicts = allVerdicts(judged);
  const verdict = verdicts.find(({ rule }) => rule === options.rule) ?? verdicts[0] ?? null;
  const first = verdict?.winner ?? judged.find(({ eligible }) => eligible);
  if (!first) throw nothingToChoose(fitted, refusals);
  const finalists = verdict ? finalistsOf(verdict, judged) : [first];
  const { winner, measured } = await decide(evidence, finalists, options, progress);
  const chosen = fitted[judged.indexOf(winner)];
  if (!chosen?.fit) throw nothingToChoose(fitted, refusals);
  const stabilityOf = (one: Judged | undefined) =>
    measured.find(({ judged: each }) => each === one)?.stability ?? UNMEASURED;
  const { standardError: _, ...stability } = stabilityOf(winner);
  return {
    candidates: fitted.map((each, i) => {
      const { runs, mean } = stabilityOf(judged[i]);
      return candidateOf(evidence, i, each === chosen, runs < 2 ? null : mean);
    }),
    chosen: { algorithm: chosen.algorithm.name, k: chosen.k, run: unpacked(chosen.fit) },
    chosenBecause: chosenBecause({
      asked: options.rule,
      verdict,
      winner,
      measured,
      verdicts,
      candidates: judged,
      stability,
      fixedK: options.minK === options.maxK ? options.minK : null,
      ungrouped: ungroupedOf(gaps.curves.get(chosen.algorithm.name) ?? [], winner),
    }),
    stability,
    notes: [...chosen.fit.run.notes, ...gaps.notes, ...samplesOf(points.rows, sample, options)],
  };
}

/** Measures how stable the finalists are, and takes the best of those that are. */
async function decide<Run extends ClusterRun>(
  { points, fitted, judged }: Evidence<Run>,
  finalists: readonly Judged[],
  { stability = {}, seed }: ChoiceOptions,
  progress: (share: number, stage: string) => void,
): Promise<Final> {
  const { runs = STABILITY_RUNS, sampleShare = 0.8, rows = STABILITY_ROWS } = stability;
  let made = 0;
  const onRun = () => {
    progress(made++ / (runs * finalists.length), 'stability');
  };
  const contestants = finalists.flatMap((one) => {
    const own = fitted[judged.indexOf(one)];
    const options = { sampleShare, rows, seed, onRun };
    return own ? [{ judged: one, measure: resampler(points, own.algorithm, own.k, options) }] : [];
  });
  return mostStable(contestants, runs);
}

function samplesOf(
  all: number,
  sample: Int32Array | null,
  { stability = {} }: ChoiceOptions,
): string[] {
  const { rows = STABILITY_ROWS } = stability;
  const of = (some: number) =>
    `a random ${some.toLocaleString('en-US')} of the ${all.toLocaleString('en-US')} rows`;
  return [
    ...(sample ? [`Silhouettes and the gap statistic were measured on ${of(sample.length)}.`] : []),
    ...(all > rows ? [`Stability was measured on ${of(rows)}.`] : []),
  ];
}

/**
 * The gaps of one group and of two where Tibshirani's rule stops at one; null where it does not, or where the silhouette
 * says otherwise: of heaps in a row the rule sees none, because two groups cut one of them.
 */
function ungroupedOf(curve: readonly Gap[], { silhouette }: Judged): Reason['ungrouped'] {
  const [one, two] = [curve.find(({ k }) => k === 1), curve.find(({ k }) => k === 2)];
  if (!one || !two || silhouette > 0.5 || !(one.gap >= two.gap - two.standardError)) return null;
  return { one: one.gap, two: two.gap };
}

function checkRange({ minK, maxK }: ChoiceOptions): void {
  if (Number.isInteger(minK) && Number.isInteger(maxK) && minK >= 2 && maxK >= minK) return;
  throw new RangeError(`k must be tried from 2 or more upwards, got ${minK}..${maxK}`);
}

function nothingToChoose<Run extends ClusterRun>(
  fitted: readonly Fitted<Run>[],
  refusals: readonly (string | null)[],
): RangeError {
  return noneLeft(
    fitted.map(({ algorithm, k }, i) => ({ algorithm, k, reason: refusals[i] ?? '' })),
  );
}
