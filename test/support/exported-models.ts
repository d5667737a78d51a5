import fs from 'node:fs';
import path from 'node:path';
import type { InputFeature } from '../../src/onnx/plan-inputs.js';
import { projectRoot } from '../../src/plant/paths.js';
import type { ModelFile } from '../../src/scorer/examine-model.js';

const FOLDER = path.join(projectRoot, 'test/model/register/exports');

/** A model as another library exported it, with that library's own answers. */
export interface ExportedModel {
  name: string;
  /** Library and estimator; test/model/register/make-exports.py trained it. */
  origin: string;
  bytes: Uint8Array;
  features: InputFeature[];
  missing: 'ANSWERS' | 'FILLED';
  /** A cell a feature; null = missing. */
  rows: (number | string | null)[][];
  probability: number[];
}

type Told = Record<
  string,
  Omit<ExportedModel, 'name' | 'bytes' | 'features'> & {
    features: [string, InputFeature['kind']][];
  }
>;

/** Every export there is. */
export function exportedModels(): ExportedModel[] {
  const told = JSON.parse(fs.readFileSync(path.join(FOLDER, 'expected.json'), 'utf8')) as Told;
  return Object.entries(told).map(([name, { features, ...rest }]) => ({
    ...rest,
    name,
    bytes: new Uint8Array(fs.readFileSync(path.join(FOLDER, `${name}.onnx`))),
    features: features.map(([feature, kind]) => ({ name: feature, kind })),
  }));
}

/** One of them. */
export function exportedModel(name: string): ExportedModel {
  const found = exportedModels().find((each) => each.name === name);
  if (!found) throw new Error(`no export is named ${name}`);
  return found;
}

/** A file with nothing said of it. */
export function modelFile(
  bytes: Uint8Array,
  features: readonly InputFeature[],
  said: Partial<ModelFile> = {},
): ModelFile {
  const nothing = { output: null, positiveClass: null, scores: null, missing: 'FILL' as const };
  return { ...nothing, bytes, features, ...said };
}

/** The rows as the scorer takes them. */
export function tableOf({ rows, features }: Pick<ExportedModel, 'rows' | 'features'>) {
  const at = (kind: InputFeature['kind']): number[] =>
    features.flatMap((feature, i) => (feature.kind === kind ? [i] : []));
  const numbers = at('number');
  const texts = at('category');
  return {
    rows: rows.length,
    numericNames: numbers.map((i) => features[i]?.name ?? ''),
    numeric: Float32Array.from(
      rows.flatMap((row) => numbers.map((i) => (row[i] === null ? NaN : Number(row[i])))),
    ),
    categoricalNames: texts.map((i) => features[i]?.name ?? ''),
    categorical: rows.flatMap((row) => texts.map((i) => String(row[i] ?? ''))),
  };
}
