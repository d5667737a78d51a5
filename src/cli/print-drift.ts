import { figure, table, wrap, type Output } from './output.js';

interface FeatureRow {
  feature: string;
  psi: number;
  ks: number | null;
  missingReference: number;
  missingCurrent: number;
  weight: number;
  level: string;
  histogram: { label: string; reference: number; current: number }[];
}

/** A report as `DRIFT_REPORT` asks for it. */
export interface DriftRow {
  id: string;
  modelVersion: { version: number };
  referenceSource: string;
  referenceFrom: string;
  referenceUntil: string;
  currentFrom: string;
  currentUntil: string;
  referenceRows: number;
  currentRows: number;
  features: FeatureRow[];
  prediction: FeatureRow | null;
  label: FeatureRow | null;
  concept: {
    metric: string;
    reference: number;
    current: number;
    detected: boolean;
    window: number;
  } | null;
  drifted: boolean;
  driftedShare: number;
  consequence: number;
  accuracyFall: number | null;
  action: string;
  because: string;
  retraining: { id: string } | null;
}

const FEATURE = `feature psi ks ksPValue chiSquare chiSquarePValue missingReference missingCurrent
  meanReference meanCurrent deviationReference deviationCurrent weight level
  histogram { label low high reference current }`;

/** What `printDrift` needs of a report. */
export const DRIFT_REPORT = `id modelVersion { version } referenceSource referenceFrom referenceUntil currentFrom
  currentUntil referenceRows currentRows features { ${FEATURE} } prediction { ${FEATURE} } label { ${FEATURE} }
  concept { metric reference current difference confidence detected window }
  drifted driftedShare consequence accuracyFall action because retraining { id } createdAt`;

/** Inputs that are listed although they did not move. */
const MOST_QUIET = 10;

/** A report for people: the inputs that carry most of the drift first, then scores, labels and accuracy, then the verdict. */
export function printDrift(report: DriftRow, output: Output): void {
  if (output.json) {
    output.line(JSON.stringify(report));
    return;
  }
  const { features, prediction, label, concept } = report;
  output.line(
    `version ${report.modelVersion.version}: ${figure(report.currentRows)} customers ${report.currentFrom} to ${report.currentUntil}, against ${figure(report.referenceRows)} of ${report.referenceSource.toLowerCase().replace('_', ' ')}, ${report.referenceFrom} to ${report.referenceUntil}`,
  );
  const ranked = [...features].sort(
    (a, b) => weighed(b) - weighed(a) || b.psi - a.psi || b.weight - a.weight,
  );
  const told = ranked.filter(({ level }, index) => index < MOST_QUIET || level !== 'NONE');
  const rows = [...told, ...(prediction ? [prediction] : []), ...(label ? [label] : [])];
  output.line(
    table(
      ['feature', 'psi', 'ks', 'missing', 'weight', 'level', 'reference', 'current'],
      rows.map(lineOf),
    ),
  );
  if (told.length < ranked.length)
    output.line(`${ranked.length - told.length} more inputs did not move; --json has all`);
  if (concept)
    output.line(
      `${concept.metric.replace('_', ' ')}: ${figure(concept.reference)} before, ${figure(concept.current)} now, of ${figure(concept.window)} scores`,
    );
  output.line(
    `${report.drifted ? 'DRIFTED' : 'no drift'}: consequence ${figure(report.consequence)}, ${(100 * report.driftedShare).toFixed(0)} % of the features moved severely; action ${report.action}`,
  );
  output.line(wrap(report.because));
  if (report.retraining) output.line(`training: ${report.retraining.id}`);
}

function weighed({ weight, psi }: FeatureRow): number {
  return weight * Math.min(1, psi / 0.25);
}

function lineOf(row: FeatureRow): string[] {
  const share = (value: number): string => `${(100 * value).toFixed(1)}%`;
  const missing =
    row.missingReference + row.missingCurrent === 0
      ? ''
      : `${share(row.missingReference)} to ${share(row.missingCurrent)}`;
  return [
    row.feature,
    row.psi.toFixed(3),
    row.ks === null ? '' : row.ks.toFixed(3),
    missing,
    share(row.weight),
    row.level,
    bars(row.histogram.map(({ reference }) => reference)),
    bars(row.histogram.map(({ current }) => current)),
  ];
}

const HEIGHTS = '▁▂▃▄▅▆▇█';
const MOST_BARS = 10;

/** Shares as bars of eight heights, half of all in one bin as the highest; the first ten. */
function bars(shares: readonly number[]): string {
  return shares
    .slice(0, MOST_BARS)
    .map((share) => HEIGHTS[Math.min(7, Math.floor(16 * share))] ?? '')
    .join('');
}
