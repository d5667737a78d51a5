import { createHash } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../kernel/error.js';
import type { FeatureTable } from '../numeric/table.js';
import { PARITY_TOLERANCE } from '../onnx/parity.js';
import type { Scorer } from '../scorer/ports.js';
import { goldenFile, type GoldenFile } from './model-spec.js';

/** A model file of models/<name> with the record of its training and rows of known scores. */
export interface ShippedModel {
  sha256: string;
  bytes: Uint8Array;
  golden: GoldenFile;
}

/**
 * Reads model.onnx and golden.json of a folder; null where it ships no model.
 * @throws AppError CONFIGURATION naming the file that is wrong
 */
export async function readShippedModel(folder: string): Promise<ShippedModel | null> {
  const bytes = await readIfThere(path.join(folder, 'model.onnx'));
  if (!bytes) return null;
  const file = path.join(folder, 'golden.json');
  const text = await readIfThere(file);
  if (!text) throw new AppError('CONFIGURATION', `${file} is missing beside model.onnx`);
  const parsed = goldenFile.safeParse(parseJson(text.toString(), file));
  if (!parsed.success) throw new AppError('CONFIGURATION', `${file}: ${parsed.error.message}`);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { sha256, bytes, golden: parsed.data };
}

/**
 * Loads the shipped model of a folder and scores its golden rows; answers how many there are, 0 where it
 * ships none.
 * @throws AppError CONFIGURATION when a row is off by more than 1e-5
 */
export async function checkShippedModel(
  scorer: Pick<Scorer, 'load' | 'score'>,
  folder: string,
): Promise<number> {
  const shipped = await readShippedModel(folder);
  if (!shipped) return 0;
  await checkGolden(scorer, shipped, folder);
  return shipped.golden.rows.length;
}

/** The golden rows as the graph takes them. */
export function goldenTable({ version, rows }: GoldenFile): FeatureTable {
  const { numericNames, categoricalNames } = version;
  return {
    rows: rows.length,
    numericNames,
    numeric: Float32Array.from(rows.flatMap((row) => row.numeric.map((x) => x ?? NaN))),
    categoricalNames,
    categorical: rows.flatMap((row) => row.categorical),
  };
}

/** Loads the model; every golden row must score as it says. @throws AppError CONFIGURATION naming the row */
export async function checkGolden(
  scorer: Pick<Scorer, 'load' | 'score'>,
  { sha256, bytes, golden }: ShippedModel,
  folder: string,
): Promise<void> {
  await scorer.load({ sha256, bytes });
  const { probability } = await scorer.score(sha256, goldenTable(golden));
  for (const [index, row] of golden.rows.entries()) {
    const got = probability[index] ?? NaN;
    if (!(Math.abs(got - row.probability) <= PARITY_TOLERANCE))
      throw new AppError(
        'CONFIGURATION',
        `${path.join(folder, 'golden.json')}: row ${index} must score ${row.probability} within ${PARITY_TOLERANCE}, got ${got}`,
      );
  }
}

/** The bytes of a file, or null where there is none. @throws AppError CONFIGURATION */
export async function readIfThere(file: string): Promise<Buffer | null> {
  try {
    return await fs.readFile(file);
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return null;
    throw new AppError('CONFIGURATION', `${file} cannot be read: ${String(cause)}`, { cause });
  }
}

/** @throws AppError CONFIGURATION naming the file */
export function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AppError('CONFIGURATION', `${file} is not JSON: ${String(cause)}`, { cause });
  }
}
