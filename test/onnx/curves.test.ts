import { expect, test } from 'vitest';
import { fitAdditive } from '../../src/numeric/additive-fit.js';
import { explainClassifier, predictClassifier } from '../../src/numeric/classifier-predict.js';
import type { TreeClassifier } from '../../src/numeric/classifier.js';
import { encode, fitEncoding } from '../../src/numeric/encoding.js';
import { PARITY_TOLERANCE, worstDisagreement } from '../../src/onnx/parity.js';
import { readClassifier } from '../../src/onnx/read-classifier.js';
import { writeClassifier } from '../../src/onnx/write-classifier.js';
import { bareRun, bareSession } from '../support/bare-onnx.js';
import { madeTable } from '../support/made-tables.js';

test('curves are served as the forest they are: file, own predictor and reasons agree on rows never seen, with NaN and new categories', async () => {
  const { table, labels } = madeTable(600);
  const encoding = fitEncoding(table, Array.from(labels.keys()));
  const { forest } = fitAdditive(encode(encoding, table), labels, { c: 0.1, positiveWeight: 1 });
  const classifier: TreeClassifier = { kind: 'forest', encoding, forest };
  const bytes = writeClassifier(classifier);
  expect(readClassifier(bytes)).toStrictEqual(classifier);
  const fresh = madeTable(300, 2).table;
  // `noise` had no NaN to learn from; values beyond all that were seen; a category that is new
  fresh.numeric.set([NaN, NaN, 1e30, -1e30], 0);
  const strange = { ...fresh, categorical: ['new', ...fresh.categorical.slice(1)] };
  const margins = predictClassifier(classifier, strange);
  const session = await bareSession(bytes);
  const { margin } = await bareRun(session, strange);
  await session.release();
  expect(worstDisagreement(margin, margins)).toBeLessThanOrEqual(PARITY_TOLERANCE);
  const { baseValue, values, inputs } = explainClassifier(classifier, strange);
  margins.forEach((of, row) => {
    const own = values.subarray(row * inputs.length, (row + 1) * inputs.length);
    expect(own.reduce((sum, value) => sum + value, baseValue)).toBeCloseTo(of, 6);
  });
});
