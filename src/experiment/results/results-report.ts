import { escapeMarkdown } from '../../kernel/escape.js';
import { cardTable, figure, percent } from '../../model/card-format.js';
import type { ModelVersion } from '../../model/model.js';
import type { Experiment, Variant } from '../experiment.js';
import type { Look } from './look.store.js';
import type { Comparison, ExperimentResults, MetricFigure } from './results.js';

/** What the report is written from. */
export interface ReportInput {
  experiment: Experiment;
  results: ExperimentResults;
  /** Versions behind the arms. */
  versions: readonly ModelVersion[];
  /** Newest first. */
  looks: readonly Pick<Look, 'at' | 'report'>[];
}

/** Data, parameters, metrics and decision of an experiment as a page of markdown; what people wrote is escaped. */
export function experimentMarkdown(input: ReportInput): string {
  const { experiment, results } = input;
  return [
    `# Experiment ${escapeMarkdown(experiment.key)}`,
    escapeMarkdown(experiment.hypothesis),
    `**${results.decision}**${results.winner === null ? '' : ` ${escapeMarkdown(results.winner)}`}: ${escapeMarkdown(results.reason)}`,
    `## Parameters\n\n${parameters(input)}`,
    `## Data\n\n${data(input)}`,
    `## Metrics\n\n${metrics(results)}`,
    `## Comparisons\n\n${comparisons(results)}`,
    ...(results.waitingFor.length > 0 ? [`## Missing\n\n${missing(results)}`] : []),
    ...(results.disagreement ? [disagreement(results.disagreement)] : []),
    ...(input.looks.length > 0 ? [`## Looks\n\n${looks(input)}`] : []),
  ].join('\n\n');
}

/** The same as data: what a machine reads of an experiment. */
export function experimentData({
  experiment,
  results,
  versions,
}: ReportInput): Record<string, unknown> {
  const { id, key, status, winner, createdAt, createdBy, ...parameters } = experiment;
  const { variants, comparisons: compared, ...rest } = results;
  return {
    standing: { id, key, status, winner, createdAt, createdBy },
    parameters,
    data: {
      until: rest.until,
      arms: variants.map(({ variant, users, exposures }) => ({ variant, users, exposures })),
      versions: versions.map(({ id: version, dataHash, trainingRows, testRows }) => ({
        ...{ version, dataHash, trainingRows, testRows },
      })),
    },
    metrics: { variants, comparisons: compared },
    decision: rest,
  };
}

function parameters({ experiment, versions }: ReportInput): string {
  const { startsAt, endsAt, minimumUsers, prePeriodDays, guardrails, lowerIsBetter } = experiment;
  const words = (list: readonly string[]): string => escapeMarkdown(list.join(', ')) || 'none';
  const rows = [
    ['status', experiment.status],
    ['window', `${startsAt.toISOString()} to ${endsAt.toISOString()}`],
    ['traffic', percent(experiment.trafficShare)],
    ['kept out of all experiments', percent(experiment.holdoutShare)],
    ['primary metric', escapeMarkdown(experiment.primaryMetric)],
    ['guardrails', words(guardrails)],
    ['less is better', words(lowerIsBetter)],
    ['customers an arm needs', String(minimumUsers)],
    ['days before that adjust', String(prePeriodDays)],
  ];
  const arms = experiment.variants.map((variant) => [
    escapeMarkdown(variant.key),
    variant.control ? 'control' : 'treatment',
    figure(variant.weight),
    escapeMarkdown(versionText(variant, versions)),
    escapeMarkdown(JSON.stringify(variant.payload)),
  ]);
  return `${cardTable(['parameter', 'value'], rows)}\n\n${cardTable(['arm', 'role', 'weight', 'version', 'payload'], arms)}`;
}

function versionText({ modelVersionId }: Variant, versions: readonly ModelVersion[]): string {
  if (modelVersionId === null) return '–';
  const version = versions.find(({ id }) => id === modelVersionId);
  if (!version) return modelVersionId;
  const { algorithm, dataHash, trainingRows } = version;
  return `${version.version} (${algorithm}, ${trainingRows} rows, data ${dataHash.slice(0, 12)})`;
}

function data({ results }: ReportInput): string {
  const { until, sampleRatio } = results;
  const rows = results.variants.map(({ variant, users, exposures, outcomes }) => [
    escapeMarkdown(variant),
    ...[users, exposures, outcomes].map(String),
  ]);
  const ratio = `Customers against the planned shares: p ${figure(sampleRatio.pValue)}, ${sampleRatio.mismatch ? 'a mismatch' : 'as planned'}.`;
  return `Events before ${until.toISOString()}.\n\n${cardTable(['arm', 'customers', 'exposures', 'outcomes'], rows)}\n\n${ratio}`;
}

function metrics({ variants }: ExperimentResults): string {
  const rows = variants.flatMap(({ variant, metrics: own }) =>
    own.map((each) => [
      escapeMarkdown(each.metric),
      escapeMarkdown(variant),
      each.value === null ? '–' : figure(each.value),
      intervalText(each),
    ]),
  );
  return cardTable(['metric', 'arm', 'value', '95 %'], rows);
}

function intervalText({ low, high }: Pick<MetricFigure, 'low' | 'high'>): string {
  return low === null || high === null ? '–' : `${figure(low)} to ${figure(high)}`;
}

function comparisons({ comparisons: compared }: ExperimentResults): string {
  if (compared.length === 0) return 'Nothing could be compared.';
  const rows = compared.map((each: Comparison) => [
    escapeMarkdown(each.metric),
    escapeMarkdown(each.treatment),
    figure(each.difference),
    percent(each.relativeLift),
    intervalText(each),
    figure(each.pValue),
    figure(each.adjustedPValue),
    each.verdict === null ? 'not significant' : each.verdict.toLowerCase(),
    each.method,
  ]);
  const head = ['metric', 'arm', 'difference', 'lift', '95 %', 'p', 'sequential p', 'verdict'];
  return cardTable([...head, 'method'], rows);
}

function missing({ waitingFor }: ExperimentResults): string {
  return waitingFor.map((each) => `- ${escapeMarkdown(each)}`).join('\n');
}

function disagreement({
  users,
  share,
  meanAbsoluteDifference,
}: NonNullable<ExperimentResults['disagreement']>): string {
  return `## Disagreement\n\nOf ${users} customers the arms judge ${percent(share)} otherwise; their probabilities differ by ${figure(meanAbsoluteDifference)} on average.`;
}

function looks({ looks: kept }: ReportInput): string {
  const rows = kept.map(({ at, report }) => [
    at.toISOString(),
    report.decision,
    escapeMarkdown(report.reason),
  ]);
  return cardTable(['when', 'decision', 'reason'], rows);
}
