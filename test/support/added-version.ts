import { createHash } from 'node:crypto';
import type { LogisticClassifier } from '../../src/numeric/classifier.js';
import { writeClassifier } from '../../src/onnx/write-classifier.js';
import type { Database } from '../../src/plant/ports.js';

/** A logistic classifier over numbers, of which only weights and intercept matter. */
export function plainLogistic(
  names: readonly string[],
  weights: readonly number[],
  intercept: number,
): LogisticClassifier {
  return {
    kind: 'logistic',
    encoding: { numericNames: names, categoricalNames: [], categories: [] },
    median: new Float32Array(names.length),
    mean: new Float64Array(names.length),
    scale: new Float64Array(names.length).fill(1),
    weights: Float64Array.from(weights),
    intercept,
  };
}

/** Another candidate of the shop's model, as training would have registered it; its id. */
export async function addVersion(
  db: Pick<Database, 'query'>,
  classifier: LogisticClassifier,
  threshold: number,
): Promise<string> {
  const bytes = Buffer.from(writeClassifier(classifier));
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  await db.query(
    `insert into artifact (sha256, bytes, opset, created_at) values ($1, $2, 21, now()) on conflict do nothing`,
    [sha256, bytes],
  );
  const { numericNames } = classifier.encoding;
  const [row] = await db.query<{ id: string }>(
    `insert into model_version (id, model_id, version, algorithm, hyperparameters, seed, feature_names, threshold,
       training_rows, test_rows, data_hash, report, artifact_sha256, trained_at)
     select gen_random_uuid(), model_id, (select max(version) + 1 from model_version), 'logistic', '{}', seed, $1, $2,
       training_rows, test_rows, data_hash, jsonb_set(report, '{recipe,features}', $3::jsonb), $4, now()
     from model_version where version = 1 returning id`,
    [numericNames, threshold, JSON.stringify(numericNames.map((name) => `${name}@1`)), sha256],
  );
  if (!row) throw new Error('there is no version 1');
  return row.id;
}
