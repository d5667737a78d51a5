import fs from 'node:fs';
import { expect, it } from 'vitest';
import type { Model, ModelVersion } from '../../src/model/model.js';
import { modelCard } from '../../src/model/model-card.js';
import type { VersionReport } from '../../src/model/version-report.js';
import { churnSpec } from '../support/demo-shop.js';
import { versionRecord } from './version-record.js';

const model = {
  ...{ name: 'churn', task: 'BINARY_CLASSIFICATION', description: 'Will this customer leave?' },
  spec: churnSpec(),
} as Model;

const record: Partial<VersionReport> = {
  metrics: [
    { name: 'auc', split: 'TRAIN', value: 0.9 },
    { name: 'auc', split: 'TEST', value: 0.83456, low: 0.81, high: 0.859 },
    { name: 'auc', split: 'CROSS_VALIDATION', value: 0.84 },
    { name: 'logLoss', split: 'TEST', value: 0.41 },
  ],
  baseline: [{ name: 'auc', split: 'TEST', value: 0.5 }],
  targets: [{ metric: 'recall', goal: 0.8, value: 0.7, met: false }],
  parity: { rows: 1000, worstDifference: 2e-7 },
  thresholds: [
    {
      ...{ rule: 'f1', threshold: 0.42, precision: 0.6, recall: 0.7, f1: 0.646 },
      ...{ positiveRate: 0.3, totalCost: 4100, chosen: true },
    },
    {
      ...{ rule: 'precision >= 0.9', threshold: 0.9, precision: null, recall: 0, f1: 0 },
      ...{ positiveRate: 0, totalCost: 9000, chosen: false, reached: false },
    },
  ],
  slices: [
    {
      ...{ dimension: 'month', value: '2026-01', rows: 200, positives: 50, worst: false },
      metrics: [{ name: 'auc', split: 'TEST', value: 0.83 }],
    },
    {
      ...{ dimension: 'region', value: 'a|b', rows: 60, positives: 20, worst: true },
      metrics: [{ name: 'auc', split: 'TEST', value: 0.6 }],
    },
  ],
  fairness: [
    {
      ...{ attribute: 'gender', parityGap: 0.125, opportunityGap: null },
      groups: [
        {
          ...{ value: '', rows: 40, positiveRate: 0.25, truePositiveRate: null },
          falsePositiveRate: 0.25,
        },
      ],
    },
  ],
  ruleChecks: [
    { name: 'regulars', rows: 20, violations: 3, tolerance: 0, veto: true, met: false },
    { name: 'guests', rows: 9, violations: 0, tolerance: 0.1, veto: false, met: true },
  ],
  calibration: {
    ...{ slope: 0.9, intercept: -0.1, logLossBefore: 0.42, logLossAfter: 0.41, applied: true },
  },
  importances: [
    { feature: 'score', gain: 0.75, meanAbsoluteContribution: 1.25, rank: 1 },
    { feature: 'plan', gain: 0.25, meanAbsoluteContribution: 0.5, rank: 2 },
  ],
  causes: [
    {
      ...{ dimension: 'risk', value: 'HIGH', rows: 44 },
      reasons: [
        { feature: 'score', meanContribution: 1.1, meanAbsoluteContribution: 1.1 },
        { feature: 'plan', meanContribution: -0.25, meanAbsoluteContribution: 0.3 },
      ],
    },
  ],
  scoreCard: {
    ...{ base: 0, auc: 0.8, logLoss: 0.45, agreement: 0.9 },
    inputs: [{ feature: 'score', bounds: [1], categories: null, points: [1, 2, 0] }],
  },
};

const version = (more: Partial<ModelVersion> = {}): ModelVersion => ({
  ...{ id: 'v', modelId: 'm', version: 3, stage: 'PRODUCTION', algorithm: 'boosting' },
  ...{ hyperparameters: { depth: 4, learningRate: 0.05 }, seed: 7, featureNames: ['score'] },
  ...{ threshold: 0.42, trainingRows: 800, testRows: 200, dataHash: 'd0', artifactSha256: 'a0' },
  ...{ dataFrom: new Date('2025-01-01T00:00:00Z'), dataUntil: new Date('2026-01-31T00:00:00Z') },
  ...{ trainedAt: new Date('2026-02-01T00:00:00Z'), promotedBy: 'ann', jobId: null },
  promotedAt: new Date('2026-02-02T00:00:00Z'),
  report: versionRecord(record),
  ...more,
});

const golden = new URL('model-card.golden.txt', import.meta.url);

it('tells all that is known of a version, in one document', () => {
  // read through by a person; UPDATE_CARD=1 writes it anew
  const card = modelCard(model, version());
  if (process.env['UPDATE_CARD']) fs.writeFileSync(golden, card);
  expect(card).toBe(fs.readFileSync(golden, 'utf8'));
});

it('of a record made before anything was judged tells what there is', () => {
  const card = modelCard(model, version({ report: versionRecord(), promotedAt: null }));
  expect(card).toContain('It was never made PRODUCTION, or was rolled back since.');
  expect(card).toContain('Nothing was measured.');
  expect(card).toContain('- It was not measured here: there is no figure to rely on.');
  expect(card).not.toContain('undefined');
  expect(card).not.toContain('NaN');
});

it('names that hold Markdown stay in their cell', () => {
  const name = 'x | y\n## <b>';
  const card = modelCard({ ...model, description: name }, version());
  expect(card).toContain('x \\| y ## &lt;b>');
  expect(card).not.toContain('\n## <b>');
});

it('of a file from elsewhere tells that it was registered, and promises no reasons', () => {
  const upload: VersionReport['upload'] = {
    ...{
      sha256: 'ab'.repeat(32),
      bytes: 700,
      producer: 'skl2onnx',
      operators: ['Gemm'],
      columns: 1,
    },
    ...{ output: 'probability', scores: 'PROBABILITY', missing: 'FILLED', uploadedBy: 'ann' },
  };
  const report = versionRecord({ upload });
  const card = modelCard(model, version({ report, trainingRows: 0, testRows: 0 }));
  expect(card).toContain('PRODUCTION. Registered on 2026-02-01T00:00:00.000Z.');
  expect(card).toContain('Trained elsewhere (skl2onnx) and uploaded by ann');
  expect(card).toContain('- It was not measured here: there is no figure to rely on.');
  expect(card).not.toContain('reasons');
  expect(card).not.toContain('0 rows');
});
