import { describe, expect, it } from 'vitest';
import type { FeatureDefinition } from '../../src/feature/feature.js';
import type { Model, ModelVersion } from '../../src/model/model.js';
import {
  asRecorded,
  compareVersions,
  planRetraining,
  trainingFeatures,
} from '../../src/model/retrain.js';
import type { VersionReport } from '../../src/model/version-report.js';
import { churnSpec } from '../support/demo-shop.js';
import { versionRecord } from './version-record.js';

const id = '01900000-0000-7000-8000-000000000001';
const model = { id: 'm', name: 'churn', spec: churnSpec() } as Model;

function version(more: Partial<VersionReport> = {}, data = 'hash'): ModelVersion {
  return {
    ...{ id, version: 3, dataHash: data, artifactSha256: 'bytes', trainingRows: 80, testRows: 20 },
    report: versionRecord(more),
  } as unknown as ModelVersion;
}

const feature = (name: string, number: number): FeatureDefinition =>
  ({ name, version: number, type: 'NUMERICAL', tags: [] }) as unknown as FeatureDefinition;

describe('a version is trained again by its record', () => {
  it('with its instant, label, seed, features in their versions, and the spec it had', () => {
    const spec = churnSpec({ folds: 3, calibration: 'none' });
    const { recipe } = versionRecord();
    const plan = planRetraining(model, version({ recipe: { ...recipe, spec } }));
    expect(plan.input).toEqual({
      ...{ model: 'churn', asOf: '2026-01-01T00:00:00.000Z', label: 'BEHAVIOUR', horizonDays: 30 },
      ...{ algorithms: ['logistic'], trials: 1, seed: 1, promote: 'NO' },
      ...{ features: ['score@1'], spec, reproduces: id },
    });
    expect(asRecorded(model, plan.input ?? {}).spec).toEqual(spec);
  });

  it('where the spec was not kept, with the folds and metric of the record', () => {
    const recipe = { ...versionRecord().recipe, folds: 7, selectionMetric: 'auc' };
    expect(planRetraining(model, version({ recipe })).input?.spec).toEqual(
      churnSpec({ folds: 7, selectionMetric: 'auc' }),
    );
  });

  it('but not one from elsewhere', () => {
    const upload = {
      ...{ sha256: '', bytes: 1, producer: 'skl2onnx', operators: [], uploadedBy: 'me' },
      ...{ missing: 'ANSWERS' as const, output: 'p', scores: 'LOGIT' as const, columns: 1 },
    };
    expect(planRetraining(model, version({ upload })).error).toMatchObject({
      code: 'CONFLICT',
      message: 'version 3 was trained elsewhere: there is no recipe to train it by',
    });
  });

  it('nor one whose recipe is not one of today', () => {
    const recipe = { ...versionRecord().recipe, algorithms: ['svm'] };
    expect(planRetraining(model, version({ recipe })).error?.message).toMatch(
      /^version 3 has a recipe that cannot be used: algorithms/,
    );
  });
});

describe('the candidates of a training', () => {
  const registry = [feature('a', 1), feature('b', 1), feature('a', 2)];
  const deps = {
    approvedFeatures: () => Promise.resolve(registry.slice(1)),
    allFeatures: () => Promise.resolve(registry),
  };

  it('are the newest that the spec wants', async () => {
    const found = await trainingFeatures(deps, model, {});
    expect(found.map(({ name, version: of }) => `${name}@${of}`)).toEqual(['b@1', 'a@2']);
  });

  it('are those of a record in its order, also ones that are no longer approved', async () => {
    const found = await trainingFeatures(deps, model, { features: ['a@1', 'b@1'] });
    expect(found.map(({ name, version: of }) => `${name}@${of}`)).toEqual(['a@1', 'b@1']);
  });

  it('must still be registered', async () => {
    await expect(trainingFeatures(deps, model, { features: ['gone@1'] })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: 'features of the model are not registered: gone',
    });
  });
});

describe('a version that was made again', () => {
  const metrics = [
    { name: 'auc', split: 'TEST' as const, value: 0.8 },
    { name: 'logLoss', split: 'TEST' as const, value: 0.4 },
  ];

  it('is the same when data, metrics and bytes are', () => {
    expect(compareVersions(version({ metrics }), version({ metrics }))).toEqual({
      ...{ sameData: true, sameMetrics: true, sameArtifact: true, differences: [] },
    });
  });

  it('tells changed data and every metric that moved, by the last bit too', () => {
    const moved = [
      { ...metrics[0], value: 0.8 + Number.EPSILON } as (typeof metrics)[0],
      { name: 'brier', split: 'TEST' as const, value: 0.1 },
    ];
    const found = compareVersions(version({ metrics }), version({ metrics: moved }, 'other'));
    expect(found).toMatchObject({ sameData: false, sameMetrics: false, sameArtifact: true });
    expect(found.differences).toEqual([
      'the data have changed since: 80 + 20 rows of training and test, there were 80 + 20 rows; table and labels have another hash',
      'auc TEST: 0.8000000000000003, was 0.8',
      'logLoss TEST: none, was 0.4',
      'brier TEST: 0.1, was none',
    ]);
  });
});
