import { expect, it } from 'vitest';
import type { Model } from '../../src/model/model.js';
import { trainModel, type TrainModelDeps } from '../../src/model/train-model.js';
import { churnSpec } from '../support/demo-shop.js';

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
  const input = {
    model: 'churn',
    asOf: '2026-01-01T00:00:00.000Z',
    label: 'BEHAVIOUR',
    horizonDays: 30,
    algorithms: ['logistic'],
    trials: 1,
    seed: 1,
    promote: 'NO',
  };
  const { signal } = new AbortController();
  const job = { id: 'j', attempt: 1, input, createdBy: 'test', signal, report: () => undefined };
  await expect(trainModel(deps, job)).rejects.toMatchObject({
    code: 'CONFLICT',
    message: 'nothing is trained on broken data: event: r is broken',
  });
});
