import { expect, it } from 'vitest';
import { AppError } from '../../src/kernel/error.js';
import type { FeatureDefinition } from '../../src/feature/feature.js';
import type { ReadFeatures } from '../../src/feature/read-features.js';
import type { Model } from '../../src/model/model.js';
import type { Labels } from '../../src/model/labels.js';
import { trainModel, type TrainModelDeps } from '../../src/model/train-model.js';
import { churnSpec } from '../support/demo-shop.js';

const request = {
  model: 'churn',
  asOf: '2026-01-01T00:00:00.000Z',
  label: 'BEHAVIOUR',
  horizonDays: 30,
  algorithms: ['logistic'],
  trials: 1,
  seed: 1,
  promote: 'NO',
};

it('a training reads neither labels nor features while the data are broken', async () => {
  const model = { id: 'm', name: 'churn', spec: churnSpec() } as Model;
  const reading = (): Promise<never> => Promise.reject(new Error('a model read'));
  const deps = {
    modelByName: () => Promise.resolve(model),
    checkData: () => Promise.resolve({ ok: false, reasons: ['event: r is broken'] }),
    behaviourLabels: reading,
    outcomeLabels: reading,
    approvedFeatures: reading,
    readFeatures: reading,
  } as unknown as TrainModelDeps;
  const { signal } = new AbortController();
  const job = {
    id: 'j',
    attempt: 1,
    input: request,
    createdBy: 'test',
    signal,
    report: () => undefined,
  };
  await expect(trainModel(deps, job)).rejects.toMatchObject({
    code: 'CONFLICT',
    message: 'nothing is trained on broken data: event: r is broken',
  });
});

it('a training hands over what its rows are cut by, and tells how many trials are done', async () => {
  const spec = churnSpec({ slices: ['city'], fairness: ['gender'], classWeight: 'balanced' });
  const model = { id: 'm', name: 'churn', spec } as Model;
  const rows = 60;
  const labels: Labels = {
    userIds: Array.from({ length: rows }, (_, k) => k + 1),
    positive: Array.from({ length: rows }, (_, k) => k % 3 === 0),
    asOf: Array.from({ length: rows }, () => new Date(request.asOf)),
    dataFrom: null,
  };
  const feature = { name: 'risk', version: 1, type: 'NUMERICAL', tags: [] };
  const readFeatures: ReadFeatures = () =>
    Promise.resolve({
      userIds: Float64Array.from(labels.userIds),
      rows,
      columns: new Map([['risk', Float64Array.from(labels.userIds, (id) => id % 7)]]),
    });
  const told: [number, string][] = [];
  const { signal } = new AbortController();
  const deps = {
    modelByName: () => Promise.resolve(model),
    behaviourLabels: () => Promise.resolve(labels),
    approvedFeatures: () => Promise.resolve([feature as unknown as FeatureDefinition]),
    readFeatures,
    attributesOf: (users: readonly number[], names: readonly string[]) =>
      Promise.resolve(new Map(names.map((name) => [name, users.map((id) => name + String(id))]))),
    train: (input, hooks) => {
      expect(hooks).toMatchObject({ jobId: 'j', signal });
      expect(input.options).toMatchObject({ classWeight: 'balanced', trials: 1, seed: 1 });
      expect(
        input.slices?.map(({ dimension, values, fairness }) => [
          dimension,
          values[59],
          values.length,
          fairness,
        ]),
      ).toEqual([
        ['month', '2026-01', rows, false],
        ['city', 'city60', rows, false],
        ['gender', 'gender60', rows, true],
      ]);
      hooks.onProgress({ share: 0.02, stage: 'searching' });
      hooks.onTrial(7, 24);
      hooks.onProgress({ share: 0.5, stage: 'searching' });
      hooks.onProgress({ share: 0.9, stage: 'fitting the choice' });
      return Promise.reject(new AppError('INTERNAL', 'trial 7 failed: no'));
    },
  } satisfies Partial<TrainModelDeps> as unknown as TrainModelDeps;
  const report = (progress: number, stage: string) => told.push([progress, stage]);
  const job = { id: 'j', attempt: 1, input: request, createdBy: 'test', signal, report };
  await expect(trainModel(deps, job)).rejects.toThrow('trial 7 failed: no');
  expect(told.slice(2).map(([share, stage]) => [Math.round(share * 1000), stage])).toEqual([
    [116, 'searching'],
    [116, 'trial 7 of 24'],
    [500, 'trial 7 of 24'],
    [820, 'fitting the choice'],
  ]);
});

it('business rules look at features that are no inputs: excluded ones, and those of one value', async () => {
  const when = (feature: string) => [{ feature, gte: 3 }];
  const spec = churnSpec({
    features: { tags: null, include: null, exclude: ['excluded'] },
    businessRules: ['risk', 'excluded', 'constant', 'unheard_of'].map((feature) => ({
      name: feature,
      when: when(feature),
      tolerance: 0,
      veto: true,
    })),
  });
  const model = { id: 'm', name: 'churn', spec } as Model;
  const rows = 60;
  const labels: Labels = {
    userIds: Array.from({ length: rows }, (_, k) => k + 1),
    positive: Array.from({ length: rows }, (_, k) => k % 3 === 0),
    asOf: Array.from({ length: rows }, () => new Date(request.asOf)),
    dataFrom: null,
  };
  const features = ['risk', 'excluded', 'constant'].map((name) => ({
    ...{ name, version: 1, type: 'NUMERICAL', tags: [] },
  }));
  const valueOf: Record<string, (id: number) => number> = {
    risk: (id) => id % 7,
    excluded: (id) => id,
    constant: () => 5,
  };
  const readFeatures: ReadFeatures = (question) =>
    Promise.resolve({
      userIds: Float64Array.from(labels.userIds),
      rows,
      columns: new Map(
        question.features.map(({ name }) => [
          name,
          Float64Array.from(labels.userIds, (id) => valueOf[name]?.(id) ?? NaN),
        ]),
      ),
    });
  const given = new AppError('CONFLICT', 'seen enough');
  const deps = {
    modelByName: () => Promise.resolve(model),
    behaviourLabels: () => Promise.resolve(labels),
    approvedFeatures: () => Promise.resolve(features as unknown as FeatureDefinition[]),
    readFeatures,
    train: ({ table, ruleTable }) => {
      expect(table.numericNames).toEqual(['risk']);
      expect(ruleTable?.numericNames).toEqual(['risk', 'constant', 'excluded']);
      // an unknown feature is in no table: its rule cannot be checked, and is not met
      expect(Array.from(ruleTable?.numeric.subarray(0, 6) ?? [])).toEqual([1, 5, 1, 2, 5, 2]);
      return Promise.reject(given);
    },
  } as Partial<TrainModelDeps> as TrainModelDeps;
  const { signal } = new AbortController();
  const job = {
    ...{ id: 'j', attempt: 1, input: request, createdBy: 'test', signal },
    report: () => undefined,
  };
  await expect(trainModel(deps, job)).rejects.toBe(given);
});
