import { cardTable, cell, figure, percent, withInterval } from './card-format.js';
import { limitsOf } from './card-limits.js';
import type { Model, ModelVersion, RegisteredModel } from './model.js';
import { modelSpec } from './model-spec.js';
import { recordedChecks } from './promotion-gate.js';
import { reportOf, type VersionReport } from './version-report.js';

/** The blank line between two items of a list. */
const BETWEEN_ITEMS = /(\n- [^\n]*)\n(?=\n- )/g;

type Subject = Pick<Model, 'name' | 'task' | 'description' | 'spec'>;

/**
 * What a version is for, what it was made of, how well it does and for whom, and what it must not be relied on for; in
 * Markdown. Deterministic: the same record gives the same card.
 * Source: Mitchell et al., Model Cards for Model Reporting (2019).
 */
export function modelCard(registered: Subject, version: ModelVersion): string {
  const report = reportOf(version);
  const kept = modelSpec.safeParse(report.recipe.spec);
  const model = kept.success ? { ...registered, spec: kept.data } : registered;
  const sections = [
    [`# ${cell(model.name)}, version ${version.version}`, cell(model.description)],
    section('What it is for', purpose(model, report)),
    section('Standing', standing(version, report)),
    section('Data', dataOf(version, report)),
    section('How it was made', recipeOf(version, report)),
    section('How well it does', [...performanceOf(report), ...targetsOf(report)]),
    section('Thresholds and costs', thresholdsOf(version, report)),
    section('For whom', [...slicesOf(report), ...fairnessOf(report)]),
    section('Before production', gateOf(version)),
    section('What it looks at', [...featuresOf(report), ...causesOf(report)]),
    section('Score card', scoreCardOf(report)),
    section(
      'Limits',
      limitsOf(model, version, report).map((limit) => `- ${limit}`),
    ),
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n\n').replaceAll(BETWEEN_ITEMS, '$1'))
    .join('\n\n')}\n`;
}

/** The card of what is no classifier: what it is, of what data, and the features; the rest is told by its own room. */
export function cardOfOther(
  { name, task, description }: Pick<RegisteredModel, 'name' | 'task' | 'description'>,
  version: ModelVersion,
): string {
  const report = reportOf(version);
  const sections = [
    [`# ${cell(name)}, version ${version.version}`, cell(description)],
    section('What it is for', [`${task.toLowerCase().replaceAll('_', ' ')}.`]),
    section('Standing', standing(version, report)),
    section('What it looks at', [version.featureNames.map((each) => `- ${cell(each)}`).join('\n')]),
    section('How well it does', [
      cardTable(
        ['metric', 'value'],
        report.metrics.map((metric) => [metric.name, figure(metric.value)]),
      ),
    ]),
  ];
  return `${sections.map((lines) => lines.join('\n\n')).join('\n\n')}\n`;
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`## ${title}`, ...lines];
}

function purpose({ task, spec }: Subject, { recipe, upload }: VersionReport): string[] {
  const { positive, negative } = spec.labels;
  const label =
    spec.label.kind === 'NO_EVENT' && recipe.label === 'BEHAVIOUR'
      ? `"${positive}" is a customer without ${spec.label.eventTypes.join(', ')} in the ${recipe.horizonDays} days after the instant that is asked about.`
      : `Labels are recorded outcomes: "${positive}" or "${negative}".`;
  return [
    `${task.toLowerCase().replaceAll('_', ' ')}: the probability of "${cell(positive)}" rather than "${cell(negative)}"${upload ? '' : ', with reasons'}.`,
    cell(label),
  ];
}

function standing(
  { stage, promotedBy, promotedAt, trainedAt, artifactSha256 }: ModelVersion,
  { upload }: VersionReport,
) {
  const by = promotedBy ? `by ${cell(promotedBy)}` : 'by nobody named';
  const promoted = promotedAt
    ? `Made PRODUCTION ${by} on ${promotedAt.toISOString()}.`
    : 'It was never made PRODUCTION, or was rolled back since.';
  return [
    `${stage}. ${upload ? 'Registered' : 'Trained'} on ${trainedAt.toISOString()}. ${promoted}`,
    `ONNX file, SHA-256: \`${artifactSha256}\``,
  ];
}

function dataOf(version: ModelVersion, { recipe, ignoredFeatures, upload }: VersionReport) {
  if (upload)
    return [
      `Trained elsewhere (${cell(upload.producer)}) and uploaded by ${cell(upload.uploadedBy)}: its data are not known here.`,
    ];
  const { dataFrom, dataUntil, trainingRows, testRows, dataHash } = version;
  const span = `${dataFrom?.toISOString() ?? 'an unknown start'} to ${dataUntil?.toISOString() ?? 'an unknown end'}`;
  return [
    `Events from ${span}; inputs as of ${recipe.asOf}. ${figure(trainingRows)} rows to train on, ${figure(testRows)} to test on, which decided nothing.`,
    `Table and labels, SHA-256: \`${dataHash}\``,
    ...(ignoredFeatures.length > 0
      ? [
          `Left out, as they tell no rows apart, or say what another says: ${ignoredFeatures.map(({ feature, of }) => cell(of === undefined ? feature : `${feature} (as ${of})`)).join(', ')}.`,
        ]
      : []),
  ];
}

function recipeOf(version: ModelVersion, { recipe, calibration, blend, upload }: VersionReport) {
  if (upload) return [];
  const settings = Object.entries(version.hyperparameters).map(([name, value]) => [
    name,
    typeof value === 'number' ? figure(value) : JSON.stringify(value),
  ]);
  return [
    `Algorithm: ${version.algorithm}, the best by ${recipe.selectionMetric} of at most ${recipe.trials} candidates (${recipe.algorithms.join(', ')}), chosen by ${recipe.folds}-fold cross-validation inside the training rows; seed ${version.seed}.`,
    ...(settings.length > 0 ? [cardTable(['setting', 'value'], settings)] : []),
    ...(blend && blend.length > 0
      ? [
          `A blend of ${blend.map(({ algorithm, weight }) => `${algorithm} (${figure(weight)})`).join(', ')}.`,
        ]
      : []),
    ...(calibration
      ? [
          `Calibration (Platt, out of fold): log loss ${figure(calibration.logLossBefore)} without, ${figure(calibration.logLossAfter)} with; ${calibration.applied ? `applied, slope ${figure(calibration.slope)}, intercept ${figure(calibration.intercept)}` : 'not applied'}.`,
        ]
      : []),
  ];
}

function performanceOf({ metrics, baseline }: VersionReport): string[] {
  const tested = metrics.filter(({ split }) => split === 'TEST');
  if (tested.length === 0) return ['Nothing was measured.'];
  const value = (of: VersionReport['metrics'], name: string, split: string): string => {
    const found = of.find((metric) => metric.name === name && metric.split === split);
    return found ? figure(found.value) : '–';
  };
  return [
    cardTable(
      ['metric', 'test', '95 % interval', 'cross-validation', 'training', 'baseline'],
      tested.map((metric) => [
        metric.name,
        figure(metric.value),
        withInterval(metric),
        value(metrics, metric.name, 'CROSS_VALIDATION'),
        value(metrics, metric.name, 'TRAIN'),
        value(baseline, metric.name, 'TEST'),
      ]),
    ),
    'The baseline gives everyone the share of positives in the training rows. Intervals are of drawing other test rows.',
  ];
}

function targetsOf({ targets }: VersionReport): string[] {
  if (targets.length === 0) return [];
  return [
    cardTable(
      ['goal', 'bound', 'test', 'met'],
      targets.map(({ metric, goal, value, met }) => [
        metric,
        figure(goal),
        figure(value),
        met ? 'yes' : 'no',
      ]),
    ),
  ];
}

function thresholdsOf({ threshold }: ModelVersion, { thresholds = [] }: VersionReport): string[] {
  const own =
    threshold === null
      ? 'It has no threshold.'
      : `A row is called positive from a probability of ${figure(threshold)} on.`;
  if (thresholds.length === 0) return [own];
  const share = (value: number | null): string => (value === null ? '–' : figure(value));
  return [
    own,
    cardTable(
      ['found by', 'threshold', 'precision', 'recall', 'F1', 'called positive', 'total cost'],
      thresholds.map((row) => [
        (row.chosen ? `**${row.rule}**` : row.rule) +
          (row.reached === false ? ' (not reached)' : ''),
        ...[row.threshold, row.precision, row.recall, row.f1, row.positiveRate].map(share),
        figure(row.totalCost),
      ]),
    ),
  ];
}

function slicesOf({ slices = [] }: VersionReport): string[] {
  if (slices.length === 0) return [];
  const worst = slices.find((slice) => slice.worst);
  const metric = (slice: (typeof slices)[number], name: string): string => {
    const found = slice.metrics.find((each) => each.name === name);
    return found ? figure(found.value) : '–';
  };
  const named = worst
    ? `Worst: ${cell(worst.dimension)} = ${cell(worst.value || 'unknown')}, AUC ${metric(worst, 'auc')}, lower than of all other rows by more than chance.`
    : 'No slice has a lower AUC than all other rows by more than chance.';
  return [
    named,
    cardTable(
      ['slice', 'rows', 'positives', 'AUC', 'precision', 'recall', 'log loss'],
      slices.map((slice) => [
        `${cell(slice.dimension)} = ${cell(slice.value || 'unknown')}`,
        figure(slice.rows),
        figure(slice.positives),
        ...['auc', 'precision', 'recall', 'logLoss'].map((name) => metric(slice, name)),
      ]),
    ),
  ];
}

function fairnessOf({ fairness = [] }: VersionReport): string[] {
  return fairness.flatMap(({ attribute, groups, parityGap, opportunityGap }) => [
    `${cell(attribute)}: shares called positive differ by ${percent(parityGap)}, true positive rates by ${percent(opportunityGap)}.`,
    cardTable(
      ['group', 'rows', 'called positive', 'true positive rate', 'false positive rate'],
      groups.map((group) => [
        cell(group.value || 'unknown'),
        figure(group.rows),
        ...[group.positiveRate, group.truePositiveRate, group.falsePositiveRate].map(percent),
      ]),
    ),
  ]);
}

function gateOf(version: ModelVersion): string[] {
  const checks = recordedChecks(version).filter(({ name }) => !name.startsWith('target '));
  return checks.map(
    ({ name, met, blocks, detail }) =>
      `- ${cell(name)}: ${met ? 'met' : 'NOT met'}${blocks ? '' : ' (informs only)'}; ${cell(detail)}`,
  );
}

function featuresOf({ importances, recipe }: VersionReport): string[] {
  const versionOf = new Map(recipe.features.map((key) => [key.split('@')[0], key]));
  const top = [...importances].sort((a, b) => a.rank - b.rank).slice(0, 10);
  if (top.length === 0) return [];
  return [
    cardTable(
      ['feature', 'mean absolute contribution (log-odds)', 'share of gain'],
      top.map(({ feature, meanAbsoluteContribution, gain }) => [
        cell(versionOf.get(feature) ?? feature),
        figure(meanAbsoluteContribution),
        percent(gain),
      ]),
    ),
  ];
}

function causesOf({ causes = [] }: VersionReport): string[] {
  return causes
    .filter(({ dimension }) => dimension === 'risk')
    .map(({ value, rows, reasons }) => {
      const told = reasons.map(
        ({ feature, meanContribution }) =>
          `${cell(feature)} ${meanContribution > 0 ? '+' : ''}${figure(meanContribution)}`,
      );
      return `- ${value} (${figure(rows)} rows): ${told.join(', ')}`;
    });
}

function scoreCardOf({ scoreCard }: VersionReport): string[] {
  if (!scoreCard) return [];
  const of = (value: number | null): string => (value === null ? 'not known' : figure(value));
  return [
    `What answers while the model cannot: ${scoreCard.inputs.map(({ feature }) => cell(feature)).join(', ')}. On the test part AUC ${of(scoreCard.auc)}, log loss ${of(scoreCard.logLoss)}; it says the same as the model on ${percent(scoreCard.agreement)} of the rows.`,
  ];
}
