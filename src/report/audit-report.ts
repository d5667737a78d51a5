import type { AuditEntry } from '../access/audit.store.js';
import { escapeMarkdown } from '../kernel/escape.js';
import { encodeId } from '../kernel/id.js';
import { approvalsMarkdown } from '../model/approvals-markdown.js';
import { cardTable, figure, percent } from '../model/card-format.js';
import type { Model, ModelVersion } from '../model/model.js';
import { modelCard } from '../model/model-card.js';
import { reportOf } from '../model/version-report.js';
import type { SegmentationReport } from '../segment/segmentation.js';

/** What an auditor reads of one thing. */
export interface AuditReport {
  kind: 'MODEL' | 'EXPERIMENT' | 'SEGMENTATION';
  /** Typed id of the thing. */
  subject: string;
  title: string;
  markdown: string;
  /** Plain JSON: `data`, `parameters`, `metrics`, `approvals` and what else is known. */
  data: Record<string, unknown>;
  generatedAt: Date;
}

/** What drift reports said of a version, newest first. */
export interface DriftFact {
  id: string;
  at: string;
  drifted: boolean;
  driftedShare: number;
  consequence: number;
  action: string;
}

/** An experiment that a version was an arm of. */
export interface ExperimentFact {
  key: string;
  variant: string;
  control: boolean;
  status: string;
  winner: string | null;
}

/** Subjects of the trail that tell of a version: itself, and the features it takes in the versions it was made with. */
export function subjectsOfVersion(version: ModelVersion): string[] {
  const { recipe } = reportOf(version);
  return [
    encodeId('ModelVersion', version.id),
    ...recipe.features.map((key) => encodeId('Feature', key)),
  ];
}

/** A version of a model: its card, then approvals, drift and experiments. */
export function modelAudit(given: {
  model: Model;
  version: ModelVersion;
  approvals: readonly AuditEntry[];
  drift: readonly DriftFact[];
  experiments: readonly ExperimentFact[];
  generatedAt: Date;
}): AuditReport {
  const { model, version, approvals, drift, experiments, generatedAt } = given;
  const { metrics, targets, recipe, fairness = [], parity } = reportOf(version);
  const { stage, algorithm, hyperparameters, seed, threshold, promotedBy } = version;
  return {
    kind: 'MODEL',
    subject: encodeId('ModelVersion', version.id),
    title: `Model ${model.name}, version ${version.version}`,
    markdown: [
      modelCard(model, version).trimEnd(),
      approvalsMarkdown(approvals),
      driftSection(drift),
      experimentsSection(experiments),
    ]
      .join('\n\n')
      .concat('\n'),
    data: plain({
      standing: { stage, promotedBy, promotedAt: version.promotedAt, jobId: version.jobId },
      data: dataOf(version),
      parameters: { algorithm, hyperparameters, seed, threshold, recipe },
      metrics: { metrics, targets, fairness, parity },
      approvals,
      drift,
      experiments,
    }),
    generatedAt,
  };
}

/** A version of a segmentation: its own report, then approvals. */
export function segmentationAudit(given: {
  key: string;
  version: ModelVersion;
  report: SegmentationReport;
  markdown: string;
  approvals: readonly AuditEntry[];
  generatedAt: Date;
}): AuditReport {
  const { key, version, report, markdown, approvals, generatedAt } = given;
  const { algorithm, hyperparameters, seed, stage, promotedBy } = version;
  const { recipe, candidates, stability, diversity, external, parity, treatments } = report;
  return {
    kind: 'SEGMENTATION',
    subject: encodeId('Segmentation', version.id),
    title: `Segmentation ${key}, version ${version.version}`,
    markdown: `${markdown.trimEnd()}\n\n${approvalsMarkdown(approvals)}\n`,
    data: plain({
      standing: { stage, promotedBy, promotedAt: version.promotedAt, jobId: version.jobId },
      data: { ...dataOf(version), rows: report.rows, treatments },
      parameters: { algorithm, hyperparameters, seed, k: report.k, recipe },
      metrics: { candidates, stability, diversity, external, parity },
      segments: report.segments,
      identity: report.identity,
      approvals,
    }),
    generatedAt,
  };
}

/** An experiment, as the room of experiments tells of it, then approvals. */
export function experimentAudit(given: {
  experiment: ExperimentAccount;
  approvals: readonly AuditEntry[];
  generatedAt: Date;
}): AuditReport {
  const { experiment, approvals, generatedAt } = given;
  return {
    kind: 'EXPERIMENT',
    subject: encodeId('Experiment', experiment.id),
    title: `Experiment ${experiment.key}`,
    markdown: `${experiment.markdown.trimEnd()}\n\n${approvalsMarkdown(approvals)}\n`,
    data: plain({ ...experiment.data, approvals }),
    generatedAt,
  };
}

/** What the room of experiments says of one. */
export interface ExperimentAccount {
  /** uuid. */
  id: string;
  key: string;
  markdown: string;
  /** `data`, `parameters`, `metrics`. */
  data: Record<string, unknown>;
}

function dataOf(version: ModelVersion) {
  const { dataFrom, dataUntil, dataHash, trainingRows, testRows, featureNames } = version;
  return { dataFrom, dataUntil, dataHash, trainingRows, testRows, featureNames };
}

/** Dates become text, and what JSON does not know goes. */
function plain(value: Record<string, unknown>): Record<string, unknown> {
  return JSON.parse(JSON.stringify(value)) as Record<string, unknown>;
}

function driftSection(drift: readonly DriftFact[]): string {
  if (drift.length === 0) return '## Drift\n\nIt was not looked at yet.';
  const rows = drift.map(({ at, drifted, driftedShare, consequence, action }) => [
    at,
    drifted ? 'yes' : 'no',
    percent(driftedShare),
    figure(consequence),
    escapeMarkdown(action),
  ]);
  const head = ['looked at', 'drifted', 'features that drifted', 'consequence', 'action'];
  return `## Drift\n\n${cardTable(head, rows)}`;
}

function experimentsSection(experiments: readonly ExperimentFact[]): string {
  if (experiments.length === 0) return '## Experiments\n\nIt was no arm of any.';
  const rows = experiments.map(({ key, variant, control, status, winner }) => [
    escapeMarkdown(key),
    escapeMarkdown(variant) + (control ? ' (control)' : ''),
    status,
    winner === null ? '–' : escapeMarkdown(winner),
  ]);
  return `## Experiments\n\n${cardTable(['experiment', 'arm', 'status', 'winner'], rows)}`;
}
