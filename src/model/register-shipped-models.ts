import fs from 'node:fs/promises';
import path from 'node:path';
import type { Scorer } from '../scorer/ports.js';
import { checkGolden, parseJson, readIfThere, readShippedModel } from './check-shipped-model.js';
import type { Model, ModelVersion, NewModelVersion } from './model.js';
import { parseModelSpec, type ModelSpec } from './model-spec.js';

export interface RegisterShippedDeps {
  ensureModel(spec: ModelSpec): Promise<Model>;
  /** Into production; null when the model has versions already. */
  registerFirst(
    version: NewModelVersion,
    by: { actor: string; comment: string },
  ): Promise<ModelVersion | null>;
  hasVersions(modelId: string): Promise<boolean>;
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
    const spec = parseJson(text.toString(), file);
    if (isSegmentation(spec)) continue;
    const model = await deps.ensureModel(parseModelSpec(spec, file));
    models.push(model);
    if (!(await deps.hasVersions(model.id))) await startWith(deps, model, path.dirname(file));
  }
  return models;
}

/** Recipes of segmentations lie in the same folder and are their own room's. */
function isSegmentation(spec: unknown): boolean {
  return typeof spec === 'object' && spec !== null && 'task' in spec && spec.task === 'CLUSTERING';
}

async function startWith(deps: RegisterShippedDeps, model: Model, folder: string): Promise<void> {
  const shipped = await readShippedModel(folder);
  if (!shipped) return;
  await checkGolden(deps.scorer, shipped, folder);
  const { sha256, bytes, golden } = shipped;
  const { numericNames, categoricalNames, dataFrom, dataUntil, trainedAt, ...version } =
    golden.version;
  const first = {
    ...version,
    modelId: model.id,
    featureNames: [...numericNames, ...categoricalNames],
    dataFrom: dataFrom === null ? null : new Date(dataFrom),
    dataUntil: dataUntil === null ? null : new Date(dataUntil),
    trainedAt: new Date(trainedAt),
    artifact: { sha256, bytes, opset: 21 },
    jobId: null,
  };
  await deps.registerFirst(first, { actor: 'augury', comment: 'shipped with the program' });
}
