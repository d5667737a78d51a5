import { errorRateOf, fallbackRateOf, responseSecondsOf, type DayFigures } from './daily-report.js';

/** From where on something is to be done; each bound itself is still fine. */
const ADVICE_BOUNDS = {
  errorRate: 0.03,
  responseSeconds: 0.8,
  /** Below these. */
  diversity: 0.2,
  clusters: 3,
  fallbackRate: 0.2,
  labelDays: 30,
} as const;

type Rule = (figures: DayFigures) => string | null;

const RULES: readonly Rule[] = [
  (figures) => {
    const rate = errorRateOf(figures);
    return rate !== null && rate > ADVICE_BOUNDS.errorRate
      ? `${percent(rate)} of the questions to models failed, more than ${percent(ADVICE_BOUNDS.errorRate)}: look at the log for the errors that repeat.`
      : null;
  },
  (figures) => {
    const seconds = responseSecondsOf(figures);
    return seconds !== null && seconds > ADVICE_BOUNDS.responseSeconds
      ? `An answer took ${number(seconds)} s on average, more than ${ADVICE_BOUNDS.responseSeconds} s: look at the database and at the rows that wait for the scorer.`
      : null;
  },
  ({ segmentation }) =>
    segmentation && segmentation.diversity < ADVICE_BOUNDS.diversity
      ? `The diversity of the segmentation ${segmentation.key} is ${number(segmentation.diversity)}, below ${ADVICE_BOUNDS.diversity}: nearly everybody is in one segment, so find segments anew.`
      : null,
  ({ segmentation }) =>
    segmentation && segmentation.clusters < ADVICE_BOUNDS.clusters
      ? `The segmentation ${segmentation.key} has ${segmentation.clusters} ${segmentation.clusters === 1 ? 'segment' : 'segments'} with customers, fewer than ${ADVICE_BOUNDS.clusters}: try more segments or other features.`
      : null,
  ({ drifted }) =>
    drifted.length > 0
      ? `The data of ${listed(drifted.map(({ model }) => model))} drifted: look at the drift report, and at the retraining where one was queued.`
      : null,
  ({ dataQuality }) => {
    const failed = dataQuality.filter(({ status }) => status === 'FAILED');
    return failed.length > 0
      ? `Checks of data quality fail in ${listed(
          failed.map(
            ({ table, checks }) =>
              `${table} (${
                checks
                  .filter(({ status }) => status === 'FAILED')
                  .map(({ name }) => name)
                  .join(', ') || 'table'
              })`,
          ),
        )}: mend the source before models are trained on it.`
      : null;
  },
  ({ alerts: { firing } }) =>
    firing > 0
      ? `${firing} ${firing === 1 ? 'alert was' : 'alerts were'} not over at the end of the day: acknowledge, mend or silence.`
      : null,
  (figures) => {
    const rate = fallbackRateOf(figures);
    return rate !== null && rate > ADVICE_BOUNDS.fallbackRate
      ? `${percent(rate)} of the answers came from rules or older scores in the model's place, more than ${percent(ADVICE_BOUNDS.fallbackRate)}: look at the scorer and its time limit.`
      : null;
  },
  ({ jobs }) => {
    const failed = jobs.filter((job) => job.failed > 0);
    return failed.length > 0
      ? `Jobs failed: ${listed(failed.map((job) => `${job.failed} ${job.kind}`))}; each says why in its error.`
      : null;
  },
  ({ labels }) => {
    const old = labels.filter(({ days }) => days > ADVICE_BOUNDS.labelDays);
    return old.length > 0
      ? `No outcome was recorded for ${listed(old.map(({ model, days }) => `${model} (${Math.floor(days)} days)`))}: without labels nobody knows how good the answers are.`
      : null;
  },
];

/** What an operator should do, in the order of the rules; names come as they were given, without escapes. */
export function adviceOn(figures: DayFigures): string[] {
  return RULES.flatMap((rule) => rule(figures) ?? []);
}

function percent(share: number): string {
  return `${number(100 * share)} %`;
}

function number(value: number): string {
  return String(Number(value.toPrecision(3)));
}

function listed(names: readonly string[]): string {
  return names.join(', ');
}
