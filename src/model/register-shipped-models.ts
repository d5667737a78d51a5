import { createHash } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../kernel/error.js';
import type { FeatureTable } from '../numeric/table.js';
import { PARITY_TOLERANCE } from '../onnx/parity.js';
import type { Scorer } from '../scorer/ports.js';
import type { Model, ModelVersion, NewModelVersion } from './model.js';
import { goldenFile, parseModelSpec, type GoldenFile, type ModelSpec } from './model-spec.js';

export interface RegisterShippedDeps {
  ensureModel(spec: ModelSpec): Promise<Model>;
  /** Null when the model has versions already. */
  registerFirst(version: NewModelVersion): Promise<ModelVersion | null>;
  hasVersions(modelId: string): Promise<boolean>;
  promote(versionId: string, actor: string, comment: string): Promise<void>;
  scorer: Pick<Scorer, 'load' | 'score'>;
}

/**
 * Registers every model of `folder` (models/<name>/spec.json); one without versions starts with its
 * shipped model.onnx in production, after its golden rows gave the expected scores.
 * @throws AppError CONFIGURATION naming the file that is wrong, or the golden row that is off
 */
export async function registerShippedModels(
  deps: RegisterShippedDeps,
  folder: string,
): Promise<Model[]> {
  const models: Model[] = [];
  for (const entry of await fs.readdir(folder, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const file = path.join(folder, entry.name, 'spec.json');
    const text = await readIfThere(file);
    if (!text) continue;
    const model = await deps.ensureModel(parseModelSpec(parseJson(text.toString(), file), file));
    models.push(model);
    if (!(await deps.hasVersions(model.id))) await startWith(deps, model, path.dirname(file));
  }
  return models;
}

async function startWith(deps: RegisterShippedDeps, model: Model, folder: string): Promise<void> {
  const bytes = await readIfThere(path.join(folder, 'model.onnx'));
  if (!bytes) return;
  const file = path.join(folder, 'golden.json');
  const text = await readIfThere(file);
  if (!text) throw new AppError('CONFIGURATION', `${file} is missing beside model.onnx`);
  const parsed = goldenFile.safeParse(parseJson(text.toString(), file));
  if (!parsed.success) throw new AppError('CONFIGURATION', `${file}: ${parsed.error.message}`);
  const golden = parsed.data;
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  await deps.scorer.load({ sha256, bytes });
  await checkGolden(deps.scorer, sha256, golden, file);
  const { numericNames, categoricalNames, dataFrom, dataUntil, trainedAt, ...version } =
    golden.version;
  const registered = await deps.registerFirst({
    ...version,
    modelId: model.id,
    featureNames: [...numericNames, ...categoricalNames],
    dataFrom: dataFrom === null ? null : new Date(dataFrom),
    dataUntil: dataUntil === null ? null : new Date(dataUntil),
    trainedAt: new Date(trainedAt),
    artifact: { sha256, bytes, opset: 21 },
    jobId: null,
  });
  if (registered) await deps.promote(registered.id, 'system', 'shipped with the program');
}

/** The golden rows as a model's input. */
export function goldenTable(golden: GoldenFile): FeatureTable {
  const { numericNames, categoricalNames } = golden.version;
  return {
    rows: golden.rows.length,
    numericNames,
    numeric: Float32Array.from(golden.rows.flatMap((row) => row.numeric.map((x) => x ?? NaN))),
    categoricalNames,
    categorical: golden.rows.flatMap((row) => row.categorical),
  };
}

async function checkGolden(
  scorer: Pick<Scorer, 'score'>,
  sha256: string,
  golden: GoldenFile,
  file: string,
): Promise<void> {
  const { probability } = await scorer.score(sha256, goldenTable(golden));
  for (const [index, row] of golden.rows.entries()) {
    const got = probability[index] ?? NaN;
    if (!(Math.abs(got - row.probability) <= PARITY_TOLERANCE))
      throw new AppError(
        'CONFIGURATION',
        `${file}: row ${index} must score ${row.probability} within ${PARITY_TOLERANCE}, got ${got}`,
      );
  }
}

async function readIfThere(file: string): Promise<Buffer | null> {
  try {
    return await fs.readFile(file);
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return null;
    throw new AppError('CONFIGURATION', `${file} cannot be read`, { cause });
  }
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AppError('CONFIGURATION', `${file} is not JSON: ${String(cause)}`, { cause });
  }
}
