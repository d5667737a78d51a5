import type { RunningJob } from '../job/run-job.js';
import type { NewFeedEntry } from '../kernel/feed.js';
import { uuidv7 } from '../kernel/uuid.js';
import { horizonMsOf } from '../model/label-horizon.js';
import type { ServedModel } from '../model/serving.js';
import { reportOf } from '../model/version-report.js';
import { answerDrift, type Answer, type AnswerDriftDeps } from './answer-drift.js';
import {
  accuracyFall,
  conceptDrift,
  CONCEPT_WINDOW,
  estimatedConceptDrift,
  fellTooFar,
  newestAccuracy,
  type Accuracy,
} from './concept-drift.js';
import { countWindow, labelShift, type CountedWindow } from './count-window.js';
import { driftJobInput, type DriftJobInput, type DriftJobResult } from './drift.messages.js';
import type { ConceptDrift, DriftReport, FeatureDrift, ReferenceSource } from './drift.js';
import { judgeDrift, judgeShift, LEAST_ROWS, weightsOf, type DriftVerdict } from './judge-drift.js';
import { keepReference, referenceFor, type ReferenceForDeps } from './reference-for.js';
import type { DriftReference } from './reference.js';
import { readWindow, windowRule } from './read-window.js';
import { resetReference } from './reset-reference.js';
import type { LabelledScore } from './window.js';

export interface DetectDriftDeps extends ReferenceForDeps, AnswerDriftDeps {
  /** The pinned version, loaded until `work` has ended. */
  useVersion<T>(id: string, work: (served: ServedModel) => Promise<T>): Promise<T>;
  labelledScores(query: {
    modelId: string;
    modelVersionId: string;
    until: Date;
    horizonMs: number | null;
    limit: number;
  }): Promise<LabelledScore[]>;
  reportOfJob(jobId: string): Promise<DriftReport | null>;
  /** Writes report and entry in one transaction; a second call for a job answers the first's report. */
  writeReport(report: DriftReport, entry: NewFeedEntry | null): Promise<DriftReport>;
  /** Tells that an entry was committed. */
  publishDrift(): void;
}

/**
 * The work of a DRIFT job: the current window of a version against its reference, input by input, by scores, labels and accuracy;
 * the verdict, what is done about it, and the report. A second attempt answers the report of the first. Result: DriftJobResult.
 * @throws AppError INVALID where a window that is to be the reference holds fewer than 30 customers
 */
export async function detectDrift(deps: DetectDriftDeps, job: RunningJob): Promise<DriftJobResult> {
  const input = driftJobInput.parse(job.input);
  const done = await deps.reportOfJob(job.id);
  if (done) return { driftReportId: done.id };
  return deps.useVersion(input.modelVersionId, async (served) =>
    input.kind === 'RESET'
      ? { driftReferenceId: (await resetReference(deps, job, served, input)).id }
      : { driftReportId: (await check(deps, job, served, input)).id },
  );
}

async function check(
  deps: DetectDriftDeps,
  job: RunningJob,
  served: ServedModel,
  input: DriftJobInput,
): Promise<DriftReport> {
  const { model, version } = served;
  job.report(0.02, 'reading the reference');
  const found = await referenceFor(deps, job, served, input);
  const compared = await compare(deps, job, served, input, found?.reference ?? null);
  job.report(0.92, 'looking at labels');
  const findings = await findingsOf(deps, served, compared);
  const { prediction, label, concept, verdict, fall, fell } = findings;
  const { drifted, driftedShare, consequence, features } = verdict;
  const answer = await answerDrift(deps, served, { drifted, accuracyFell: fell });
  const { reference, window, from, until } = compared;
  const at = deps.clock.wall();
  const report: DriftReport = {
    id: uuidv7(at),
    modelId: model.id,
    modelVersionId: version.id,
    jobId: job.id,
    referenceFrom: reference.dataFrom,
    referenceUntil: reference.dataUntil,
    currentFrom: from,
    currentUntil: until,
    referenceRows: reference.rows,
    currentRows: window.rows(),
    ...{ features, prediction, label, concept, drifted, driftedShare, consequence },
    action: answer.action,
    retrainingJobId: answer.retrainingJobId,
    referenceSource: compared.source,
    accuracyFall: fall,
    because: sentence(compared, verdict.reasons, fell ? fall : null, answer),
    createdAt: at,
  };
  return write(deps, report, model.name);
}

/** What the windows say, before anything is done about it. */
interface Findings {
  prediction: FeatureDrift;
  label: FeatureDrift | null;
  concept: ConceptDrift | null;
  verdict: DriftVerdict;
  /** Share by which accuracy fell, and whether that is too far. */
  fall: number | null;
  fell: boolean;
}

async function findingsOf(
  deps: DetectDriftDeps,
  served: ServedModel,
  compared: Compared,
): Promise<Findings> {
  const { reference, window, until } = compared;
  const { version } = served;
  const label = await labelDrift(deps, served, compared);
  const right = await correctness(deps, served, until);
  const now = newestAccuracy(right);
  const before = reference.sketch.accuracy ?? olderAccuracy(right);
  const concept = conceptDrift(right) ?? estimated(compared);
  const scored = { reference: reference.sketch.scores.rows, current: window.rows() };
  const prediction = judgeShift(window.scores(), 1, scored, 1).drift;
  const verdict = judgeDrift(
    window.inputs(),
    weightsOf(version.featureNames, reportOf(version).importances),
    { reference: reference.rows, current: window.rows() },
    { prediction, label, conceptDetected: concept?.detected ?? false },
  );
  const fall = accuracyFall(before, now);
  return { prediction, label, concept, verdict, fall, fell: fellTooFar(before, now) };
}

async function write(
  deps: DetectDriftDeps,
  report: DriftReport,
  model: string,
): Promise<DriftReport> {
  const isNews = report.drifted || report.action !== 'NONE';
  const keys = { model, modelId: report.modelId };
  const entry = isNews ? { at: report.createdAt, subject: report.id, keys } : null;
  const kept = await deps.writeReport(report, entry);
  if (entry) deps.publishDrift();
  return kept;
}

/** The current window, counted against its reference. */
interface Compared {
  reference: DriftReference;
  source: ReferenceSource;
  /** Whether this window has just become the reference: it is compared with itself. */
  first: boolean;
  window: CountedWindow;
  from: Date;
  until: Date;
}

/** Without a reference the window becomes one, and is compared with itself: next time there is one. */
async function compare(
  deps: DetectDriftDeps,
  job: RunningJob,
  served: ServedModel,
  input: DriftJobInput,
  known: DriftReference | null,
): Promise<Compared> {
  const until = new Date(input.currentUntil);
  const rule = windowRule(
    served,
    input.currentFrom === null ? null : new Date(input.currentFrom),
    until,
  );
  if (known === null) {
    const first = await keepReference(deps, job, served, { asOf: until, rule }, 'FIRST_WINDOW');
    const window = countWindow(first.reference.sketch, served.threshold);
    window.add(first.rows);
    const { reference } = first;
    const from = reference.dataFrom;
    return { reference, source: 'FIRST_WINDOW', first: true, window, from, until };
  }
  const window = countWindow(known.sketch, served.threshold);
  const { total } = await deps.userCounts(0);
  let looked = 0;
  for await (const chunk of readWindow(deps, served, { asOf: until, rule }, job.signal)) {
    window.add(chunk);
    looked += chunk.looked;
    job.report(
      0.3 + 0.6 * Math.min(1, looked / Math.max(1, total)),
      `counted ${window.rows()} customers`,
    );
  }
  const end = Math.min(known.dataUntil.getTime(), until.getTime() - 1);
  const from = rule?.from ?? new Date(end);
  return { reference: known, source: known.source, first: false, window, from, until };
}

/** Behaviour tells its labels when its horizon has passed; for others outcomes of the window are what was recorded in it. */
async function labelDrift(
  deps: DetectDriftDeps,
  served: ServedModel,
  { reference: { sketch }, from, until }: Compared,
): Promise<FeatureDrift | null> {
  if (!sketch.labels || sketch.labels.rows === 0) return null;
  const current = await deps.labelsOf(served, from, until);
  if (current.rows === 0) return null;
  const shift = labelShift(sketch.labels, current, served.model.spec.labels);
  const rows = { reference: sketch.labels.rows, current: current.rows };
  return judgeShift(shift, 1, rows, 1).drift;
}

/** Whether labelled scores of the version were right, newest first. */
async function correctness(
  deps: Pick<DetectDriftDeps, 'labelledScores'>,
  { model, version }: ServedModel,
  until: Date,
): Promise<boolean[]> {
  const scores = await deps.labelledScores({
    modelId: model.id,
    modelVersionId: version.id,
    until,
    horizonMs: horizonMsOf(model.spec),
    limit: CONCEPT_WINDOW,
  });
  return scores.map(({ called, positive }) => called === positive);
}

function olderAccuracy(newestFirst: readonly boolean[]): Accuracy | null {
  return newestAccuracy([...newestFirst].reverse());
}

function estimated({ reference, window, first }: Compared): ConceptDrift | null {
  if (first) return null;
  return estimatedConceptDrift(reference.sketch.expected, window.expected());
}

function sentence(
  { first, window }: Compared,
  reasons: readonly string[],
  fall: number | null,
  { why }: Answer,
): string {
  const parts = first
    ? ['no reference was kept for this version: this first window is the reference from now on']
    : reasons.length > 0
      ? [...reasons]
      : window.rows() < LEAST_ROWS
        ? [
            `the current window holds ${window.rows()} customers, below ${LEAST_ROWS} nothing can be told`,
          ]
        : ['nothing moved that carries the score'];
  if (fall !== null)
    parts.push(`accuracy ${fall < 0 ? 'rose' : 'fell'} by ${(100 * Math.abs(fall)).toFixed(1)} %`);
  if (why !== null) parts.push(why);
  return parts.map((part) => `${part.charAt(0).toUpperCase()}${part.slice(1)}.`).join(' ');
}
