import { AppError } from '../../kernel/error.js';
import { pickRows, type FeatureTable } from '../../numeric/table.js';
import type {
  FeatureRanking,
  MethodReport,
  RankedFeature,
  RfecvPoint,
  SelectionMethod,
  SelectionThresholds,
} from '../selection.js';
import type { ThreadProgress } from '../work-in-thread.js';
import { candidatesOf, evenRows, type Candidate } from './columns.js';
import { eliminate } from './eliminate.js';
import { designOf, modelImportance } from './gains.js';
import { overallRanking } from './overall.js';
import { redundantPairs } from './redundancy.js';
import { scoreColumns, type ColumnScore } from './score-columns.js';
import { withoutUseless } from './useless-columns.js';

/** Rows, evenly spaced, that the methods which fit forests look at; the others look at all of them. */
export const maxRowsOf = { MODEL_IMPORTANCE: 50_000, RFECV: 20_000, redundancy: 10_000 };

export interface RankFeaturesInput {
  table: FeatureTable;
  /** Names of the numbers that are 0, 1 or missing. */
  booleanNames: readonly string[];
  /** 0 or 1, shape [rows]. */
  labels: Uint8Array;
  /** At least one, each once. */
  methods: readonly SelectionMethod[];
  thresholds: SelectionThresholds;
  seed: number;
}

export interface RankFeaturesHooks {
  onProgress: (progress: ThreadProgress) => void;
  /** Any steady clock, milliseconds; for the seconds in the report. */
  now: () => number;
}

/** Share of the work, for the progress bar. */
const WEIGHTS: Record<SelectionMethod, number> = {
  CORRELATION: 1,
  MUTUAL_INFORMATION: 2,
  ANOVA_F: 1,
  CHI_SQUARE: 1,
  MODEL_IMPORTANCE: 4,
  RFECV: 40,
};

/**
 * Ranks the columns of the table by each method and all of them together. Deterministic for equal input,
 * apart from the seconds. Blocks its thread: use `rankInWorker` in a server.
 * @throws AppError INVALID when nothing is left to rank, or a label has too few rows for the folds
 */
export function rankFeatures(input: RankFeaturesInput, hooks: RankFeaturesHooks): FeatureRanking {
  const { table, leftOut } = withoutUseless(input.table);
  checkRows(input, table);
  const candidates = candidatesOf(table, new Set(input.booleanNames));
  const total = input.methods.reduce((sum, method) => sum + WEIGHTS[method], 0);
  let done = 0;
  let rfecvCurve: RfecvPoint[] = [];
  const methods = input.methods.map((method): MethodReport => {
    const startedAt = hooks.now();
    const progress = (share: number): void => {
      const stage = `ranking by ${method.toLowerCase().replaceAll('_', ' ')}`;
      hooks.onProgress({ share: (0.95 * (done + share * WEIGHTS[method])) / total, stage });
    };
    progress(0);
    const measured = measure(method, { ...input, table }, candidates, progress);
    done += WEIGHTS[method];
    rfecvCurve = measured.curve ?? rfecvCurve;
    return {
      method,
      ...limitsOf(method, input.thresholds, measured.chosen),
      rows: measured.rows,
      seconds: (hooks.now() - startedAt) / 1000,
      ranking: rank(method, measured, input.thresholds),
    };
  });
  hooks.onProgress({ share: 0.95, stage: 'looking for redundant pairs' });
  const sample = pickRows(table, evenRows(table.rows, maxRowsOf.redundancy));
  const redundant = redundantPairs(sample, candidates, input.thresholds.redundancy);
  hooks.onProgress({ share: 1, stage: 'ranked' });
  return { methods, overall: overallRanking(methods), rfecvCurve, redundant, leftOut };
}

/** Folds of MODEL_IMPORTANCE: its validation part is one of them. */
const LEAST_OF_A_LABEL = 5;

function checkRows({ methods, labels, thresholds }: RankFeaturesInput, table: FeatureTable): void {
  if (table.numericNames.length + table.categoricalNames.length === 0)
    throw new AppError('INVALID', 'no candidate varies over the labelled customers');
  const folds = methods.includes('RFECV') ? thresholds.rfecvFolds : 0;
  const least = Math.max(LEAST_OF_A_LABEL, folds);
  for (const most of [table.rows, maxRowsOf.MODEL_IMPORTANCE, maxRowsOf.RFECV]) {
    const rows = evenRows(table.rows, most);
    const positive = rows.filter((row) => labels[row] === 1).length;
    const fewer = Math.min(positive, rows.length - positive);
    if (fewer < least)
      throw new AppError(
        'INVALID',
        `selection needs at least ${least} customers of each label (one a fold), got ${fewer} among ${rows.length}`,
      );
  }
}

interface Measured {
  rows: number;
  scores: ColumnScore[];
  /** Of RFECV alone. */
  chosen?: number;
  curve?: RfecvPoint[];
}

function measure(
  method: SelectionMethod,
  { table, labels, thresholds, seed }: RankFeaturesInput,
  candidates: readonly Candidate[],
  progress: (share: number) => void,
): Measured {
  if (method !== 'MODEL_IMPORTANCE' && method !== 'RFECV')
    return { rows: table.rows, scores: scoreColumns(method, table, labels, candidates) };
  const rows = evenRows(table.rows, maxRowsOf[method]);
  const design = designOf(pickRows(table, rows));
  const sampled = Uint8Array.from(rows, (row) => labels[row] ?? 0);
  const toScore = (scored: { feature: string; score: number }): ColumnScore => {
    return { ...scored, pValue: null };
  };
  if (method === 'MODEL_IMPORTANCE')
    return { rows: rows.length, scores: modelImportance(design, sampled, seed).map(toScore) };
  const options = { folds: thresholds.rfecvFolds, step: thresholds.rfecvStep, seed };
  const { curve, chosen, order } = eliminate(design, sampled, options, progress);
  return { rows: rows.length, scores: order.map(toScore), chosen, curve };
}

/** Best first, and who passes. */
function rank(
  method: SelectionMethod,
  { scores, chosen }: Measured,
  thresholds: SelectionThresholds,
): RankedFeature[] {
  const { threshold, k, maxPValue } = limitsOf(method, thresholds, chosen);
  return inOrder(method, scores).map(({ feature, score, pValue }, at) => ({
    feature,
    score,
    pValue,
    rank: at + 1,
    selected:
      score !== null &&
      (method === 'RFECV' || score !== 0) &&
      (threshold === null || Math.abs(score) >= threshold) &&
      (k === null || at < k) &&
      (maxPValue === null || (pValue !== null && pValue < maxPValue)),
  }));
}

/** By |score|; CHI_SQUARE by p-value first, as columns with more categories reach more by chance; RFECV as given. */
function inOrder(method: SelectionMethod, scores: readonly ColumnScore[]): ColumnScore[] {
  if (method === 'RFECV') return [...scores];
  const strength = ({ score }: ColumnScore): number => (score === null ? -1 : Math.abs(score));
  const chance = ({ pValue }: ColumnScore): number => (method === 'CHI_SQUARE' ? (pValue ?? 1) : 0);
  return [...scores].sort(
    (a, b) =>
      chance(a) - chance(b) || strength(b) - strength(a) || (a.feature < b.feature ? -1 : 1),
  );
}

function limitsOf(
  method: SelectionMethod,
  thresholds: SelectionThresholds,
  chosen: number | undefined,
): Pick<MethodReport, 'threshold' | 'k' | 'maxPValue'> {
  const none = { threshold: null, k: null, maxPValue: null };
  switch (method) {
    case 'CORRELATION':
      return { ...none, threshold: thresholds.correlation };
    case 'MUTUAL_INFORMATION':
      return { ...none, k: thresholds.mutualInformationK };
    case 'ANOVA_F':
      return { ...none, k: thresholds.anovaK, maxPValue: thresholds.anovaP };
    case 'CHI_SQUARE':
      return { ...none, k: thresholds.chiSquareK, maxPValue: thresholds.chiSquareP };
    case 'MODEL_IMPORTANCE':
      return { ...none, threshold: thresholds.importance };
    case 'RFECV':
      return { ...none, k: chosen ?? null };
  }
}
