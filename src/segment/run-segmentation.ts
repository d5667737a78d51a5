import { createHash } from 'node:crypto';
import { AppError } from '../kernel/error.js';
import { consentOf } from '../feature/people.js';
import { pickVersion, type FeatureDefinition } from '../feature/feature.js';
import type { ReadFeatures } from '../feature/read-features.js';
import type { RunningJob } from '../job/run-job.js';
import { inputsOf, inputTable } from '../model/model-inputs.js';
import { pinnedFeatures } from '../model/model-features.js';
import type { ModelVersion, NewModelVersion } from '../model/model.js';
import type { AttributesOf } from '../model/slice-columns.js';
import { clustererInputs } from '../numeric/clusterer.js';
import { predictClusterer } from '../numeric/predict-clusterer.js';
import { pickColumns, pickRows, type FeatureTable } from '../numeric/table.js';
import { PARITY_TOLERANCE, worstMembershipDifference } from '../onnx/parity.js';
import { readClusterer } from '../onnx/read-clusterer.js';
import { passGate, type QualityGate } from '../quality/quality-gate.js';
import type { Scorer } from '../scorer/ports.js';
import type { ClusterOutcome, ClusterTask } from './cluster-task.js';
import { checkFinite, groupableRows } from './groupable.js';
import type { AttributeColumn } from './persona/describe-segments.js';
import { densityOf, inputsOfOutcome, reportOfRun, type FinishedRun } from './run-report.js';
import { segmentJobInput, type SegmentJobInput } from './segment.messages.js';
import type { SegmentReport } from './segment.js';
import { segmentationOf, type SegmentationModel, type SegmentationReport } from './segmentation.js';
import type { SegmentPoint } from './segmentation.store.js';

type RunInput = Extract<SegmentJobInput, { kind: 'RUN' }>;

/** The segments of the version that is live, and who is in them. */
export interface SegmentsBefore {
  segments: readonly SegmentReport[];
  /** Names of the numerical inputs that the centres are means of. */
  numericNames: readonly string[];
  /** Key of the segment that each customer is in now. */
  keyOf: ReadonlyMap<number, string>;
}

export interface RunSegmentationDeps {
  segmentationByKey(key: string): Promise<SegmentationModel | null>;
  allFeatures(): Promise<FeatureDefinition[]>;
  readFeatures: ReadFeatures;
  /** Values of profile attributes by name, in the order of the customers; '' = unknown. */
  attributesOf: AttributesOf;
  /** `clusterTable` in a thread of its own. */
  cluster(
    task: ClusterTask,
    hooks: {
      onProgress: (progress: { share: number; stage: string }) => void;
      signal: AbortSignal;
    },
  ): Promise<ClusterOutcome>;
  /** Null when no version is live. */
  segmentsBefore(model: SegmentationModel): Promise<SegmentsBefore | null>;
  /** Every key that a segment of it ever had. */
  usedKeys(modelId: string): Promise<string[]>;
  scorer: Pick<Scorer, 'load' | 'unload' | 'assign' | 'isLoaded'>;
  /** Runs `work` while no other run of the segmentation gives keys, in whatever process. */
  oneRegistering<T>(modelId: string, work: () => Promise<T>): Promise<T>;
  registerVersion(version: NewModelVersion): Promise<ModelVersion>;
  artifactBytes(sha256: string): Promise<Uint8Array | null>;
  /** Names those of its segments that have none. */
  nameSegments(
    model: SegmentationModel,
    segments: readonly SegmentReport[],
    noise: string | null,
  ): Promise<void>;
  writePoints(versionId: string, points: readonly SegmentPoint[]): Promise<void>;
  /** Puts the version into production. @throws AppError CONFLICT when it may not */
  promote(versionId: string, actor: string, comment: string): Promise<void>;
  /** Puts everybody where the live version says they belong. */
  assignEveryone(job: RunningJob): Promise<void>;
  /** Whether the data may be learnt from; without it, always. */
  checkData?: QualityGate;
  now(): Date;
  monotonicMs(): number;
}

const OPSET = 21;
/** Rows of one call of the scorer. */
const PARITY_CHUNK = 4_096;

/**
 * The work of a SEGMENT job of kind RUN: everybody's features, search in a worker thread, parity of the ONNX graph with
 * our own predictor on every row, identity with the live version, registration, and, where it is to be live, promotion
 * and everybody's membership. A second attempt goes on with the version that the first registered.
 * Result: `{ modelVersionId }`.
 * @throws AppError INVALID when there is too little to group; INTERNAL when graph and predictor differ; CONFLICT while the
 *   newest scan of a table says FAILED
 */
export async function runSegmentation(
  deps: RunSegmentationDeps,
  job: RunningJob,
  input: RunInput,
): Promise<{ modelVersionId: string }> {
  const startMs = deps.monotonicMs();
  const model = await deps.segmentationByKey(input.key);
  if (!model) throw new AppError('NOT_FOUND', `no segmentation has the key ${input.key}`);
  await passGate(deps.checkData, 'grouped', job.signal);
  const asOf = new Date(input.asOf);
  const names = input.features.map((feature) => feature.split('@')[0] ?? feature);
  const features = pinnedFeatures(await deps.allFeatures(), names, input.features);
  job.report(0.02, `reading ${features.length} features of everybody`);
  const described = describedFeatures(await deps.allFeatures(), model.spec, names);
  const everybody = await readEverybody(deps, { features, described }, asOf);
  const { table, userIds } = everybody;
  const task = await taskOf(deps, model, input, everybody);
  const outcome = await deps.cluster(task, {
    signal: job.signal,
    onProgress: ({ share, stage }) => {
      job.report(0.05 + 0.75 * share, stage);
    },
  });
  job.report(0.82, 'checking the ONNX graph');
  const sha256 = artifactSha256(outcome);
  const worst = await checkParity(
    deps.scorer,
    sha256,
    outcome,
    pickColumns(table, clustererInputs(outcome.clusterer)),
  );
  job.report(0.86, 'registering');
  const seconds = (deps.monotonicMs() - startMs) / 1000;
  const found = { model, input, outcome, userIds, worst, seconds };
  const version = await deps.oneRegistering(model.id, () => register(deps, job, found, table));
  // a second attempt goes on with what the first registered, which may have been found at another moment
  const registered = segmentationOf(version);
  const grouping =
    version.artifactSha256 === sha256 ? outcome : await groupingOf(deps, version, table);
  const { projection } = outcome;
  const rest = { report: registered, grouping, projection, userIds, input };
  await finish(deps, job, { model, version, ...rest });
  return { modelVersionId: version.id };
}

/** The version with the keys that follow from those before; to be called while nobody else registers one. */
async function register(
  deps: RunSegmentationDeps,
  job: RunningJob,
  found: Omit<FinishedRun, 'before' | 'usedKeys'>,
  table: FeatureTable,
): Promise<ModelVersion> {
  const { model, outcome } = found;
  const before = await deps.segmentsBefore(model);
  const usedKeys = await deps.usedKeys(model.id);
  const run = { ...found, before, usedKeys };
  const sha256 = artifactSha256(outcome);
  return deps.registerVersion({
    ...versionOf(run, table),
    report: reportOfRun(run),
    artifact: { sha256, bytes: outcome.onnx, opset: OPSET },
    trainedAt: deps.now(),
    jobId: job.id,
  });
}

function artifactSha256({ onnx }: ClusterOutcome): string {
  return createHash('sha256').update(onnx).digest('hex');
}

/** Who is in which group by a clusterer. */
type Grouping = Pick<ClusterOutcome, 'clusterer' | 'segmentOf'>;

/** What a registered version says of customers. */
async function groupingOf(
  { artifactBytes }: Pick<RunSegmentationDeps, 'artifactBytes'>,
  { id, artifactSha256 }: ModelVersion,
  table: FeatureTable,
): Promise<Grouping> {
  const bytes = await artifactBytes(artifactSha256);
  const clusterer = bytes && readClusterer(bytes);
  if (!clusterer) throw new AppError('INTERNAL', `version ${id} has no artifact that groups`);
  return { clusterer, segmentOf: predictClusterer(clusterer, table).segment };
}

/** What is left when the version is registered; all of it may be done twice. */
async function finish(
  deps: RunSegmentationDeps,
  job: RunningJob,
  run: {
    model: SegmentationModel;
    version: ModelVersion;
    report: SegmentationReport;
    grouping: Grouping;
    projection: ClusterOutcome['projection'];
    userIds: Float64Array;
    input: RunInput;
  },
): Promise<void> {
  const { model, version, report, userIds, input } = run;
  const { clusterer, segmentOf } = run.grouping;
  const noise = clusterer.kind === 'prototypes' ? (clusterer.noise?.segment ?? null) : null;
  const noiseKey = report.segments.find(({ number }) => number === noise)?.key ?? null;
  await deps.nameSegments(model, report.segments, noiseKey);
  const keys = new Map(report.segments.map(({ number, key }) => [number, key]));
  const points = run.projection.map(({ row, x, y }) => ({
    userId: userIds[row] ?? NaN,
    segmentKey: keys.get(segmentOf[row] ?? -1) ?? '',
    x,
    y,
  }));
  await deps.writePoints(version.id, points);
  if (!input.makeLive) return;
  job.report(0.9, 'making it live');
  // a version that was replaced meanwhile does not come back by itself
  if (version.stage === 'CANDIDATE')
    await deps.promote(version.id, job.createdBy, 'made live by its run');
  await deps.assignEveryone({
    ...job,
    report: (share, stage) => {
      job.report(0.9 + 0.1 * share, stage);
    },
  });
}

/** The newest approved version of each number that profiles tell of; what is not registered is not told of. */
function describedFeatures(
  registry: readonly FeatureDefinition[],
  { describe }: SegmentationModel['spec'],
  grouped: readonly string[],
): FeatureDefinition[] {
  return describe.flatMap((name) => {
    const versions = registry.filter(
      (feature) =>
        feature.name === name && feature.status === 'APPROVED' && feature.type === 'NUMERICAL',
    );
    const feature = grouped.includes(name) ? null : pickVersion(versions);
    return feature ? [feature] : [];
  });
}

/** Rows of who agreed to profiling and has a value at all. */
interface Everybody {
  table: FeatureTable;
  userIds: Float64Array;
  /** Numbers that profiles tell of, beside the inputs. */
  described: Record<string, AttributeColumn>;
}

async function readEverybody(
  deps: Pick<RunSegmentationDeps, 'readFeatures'>,
  wanted: { features: readonly FeatureDefinition[]; described: readonly FeatureDefinition[] },
  asOf: Date,
): Promise<Everybody> {
  const features = [...wanted.features, ...wanted.described];
  const rows = await deps.readFeatures({ features, users: 'everyone', asOf, people: 'consent' });
  const table = inputTable(rows, inputsOf(wanted.features));
  const kept = groupableRows(table, consentOf(rows.columns));
  checkFinite(table, kept, rows.userIds);
  const described: Everybody['described'] = {};
  for (const { name } of wanted.described) {
    const column = rows.columns.get(name);
    if (column instanceof Float64Array)
      described[name] = {
        kind: 'number',
        values: Float32Array.from(kept, (row) => column[row] ?? NaN),
      };
  }
  return {
    table: kept.length === table.rows ? table : pickRows(table, kept),
    userIds: Float64Array.from(kept, (row) => rows.userIds[row] ?? NaN),
    described,
  };
}

async function taskOf(
  deps: Pick<RunSegmentationDeps, 'attributesOf'>,
  { spec }: SegmentationModel,
  input: RunInput,
  { table, userIds, described }: Everybody,
): Promise<ClusterTask> {
  const { age, gender, city } = spec.persona;
  const texts = [gender, city].filter((name) => name !== null);
  const named = [...texts, age, input.labels].filter((name) => name !== null);
  const values =
    named.length > 0 ? await deps.attributesOf([...userIds], [...new Set(named)]) : new Map();
  const columnOf = (name: string): string[] => (values.get(name) as string[] | undefined) ?? [];
  const attributes: Record<string, AttributeColumn> = { ...described };
  for (const name of texts) attributes[name] = { kind: 'text', values: columnOf(name) };
  if (age !== null)
    attributes[age] = { kind: 'number', values: Float32Array.from(columnOf(age), numberOf) };
  return {
    population: { table, attributes },
    features: spec.features,
    algorithms: input.algorithms,
    minK: input.minK,
    maxK: input.maxK,
    seed: input.seed,
    recipe: { ...spec, dbscan: densityOf(spec, input) },
    age,
    labels: input.labels === null ? null : columnOf(input.labels),
  };
}

function numberOf(text: string): number {
  return text.trim() === '' ? NaN : Number(text);
}

/** The graph, through the scorer, against our own predictor, on every row: see `worstMembershipDifference`. */
async function checkParity(
  scorer: RunSegmentationDeps['scorer'],
  sha256: string,
  { onnx, clusterer, worstDifference }: ClusterOutcome,
  table: FeatureTable,
): Promise<number> {
  const wasLoaded = scorer.isLoaded(sha256);
  await scorer.load({ sha256, bytes: onnx });
  try {
    let worst = worstDifference;
    for (let from = 0; from < table.rows; from += PARITY_CHUNK) {
      const size = Math.min(PARITY_CHUNK, table.rows - from);
      const part = pickRows(
        table,
        Array.from({ length: size }, (_, at) => from + at),
      );
      const said = await scorer.assign(sha256, part);
      worst = Math.max(worst, worstMembershipDifference(said, predictClusterer(clusterer, part)));
    }
    if (!(worst <= PARITY_TOLERANCE))
      throw new AppError(
        'INTERNAL',
        `the ONNX graph and the predictor differ by ${worst} in probability or distance, at most ${PARITY_TOLERANCE} is allowed; not registered`,
      );
    return worst;
  } finally {
    if (!wasLoaded) await scorer.unload(sha256);
  }
}

function versionOf(
  { model, input, outcome, userIds }: Pick<FinishedRun, 'model' | 'input' | 'outcome' | 'userIds'>,
  table: FeatureTable,
): Omit<NewModelVersion, 'report' | 'artifact' | 'trainedAt' | 'jobId'> {
  return {
    modelId: model.id,
    algorithm: outcome.algorithm,
    hyperparameters: outcome.hyperparameters,
    seed: input.seed,
    featureNames: inputsOfOutcome(outcome),
    threshold: null,
    trainingRows: table.rows,
    testRows: 0,
    dataFrom: null,
    dataUntil: new Date(input.asOf),
    dataHash: hashOf(table, userIds),
    trainedOn: [...userIds],
  };
}

function hashOf({ numeric, categorical }: FeatureTable, userIds: Float64Array): string {
  const hash = createHash('sha256');
  for (const { buffer, byteOffset, byteLength } of [numeric, userIds])
    hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  return hash.update(JSON.stringify(categorical)).digest('hex');
}

/** The input of a SEGMENT job. @throws ZodError for another job's */
export function segmentInputOf(job: Pick<RunningJob, 'input'>): SegmentJobInput {
  return segmentJobInput.parse(job.input);
}
