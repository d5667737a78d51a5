import { expect, it } from 'vitest';
import { eraseTraces } from '../../src/privacy/erase-user.js';
import type { ErasureReceipt } from '../../src/privacy/erasure.js';

it('tells and sweeps although the tombstone could not be written outside, and then says so', async () => {
  const erasedAt = new Date('2026-06-01T12:00:00Z');
  const receipt: ErasureReceipt = { id: 'e', erasedAt, rows: {}, modelsTrainedOn: [] };
  const done: string[] = [];
  const erasing = eraseTraces(
    {
      tables: () => Promise.resolve([]),
      salt: () => Promise.resolve('salt'),
      erase: () => Promise.resolve(receipt),
      keepOutside: () => Promise.reject(new Error('no space left on device')),
      publishErased: (id) => void done.push(`told ${id}`),
      sweep: () => Promise.resolve({}).finally(() => done.push('swept')),
    },
    { id: 1, externalId: 'u1', email: null, name: null, ownTexts: [] },
    { id: 'e', hash: '00', erasedAt, actor: 'somebody' },
  );
  await expect(erasing).rejects.toThrow('no space left on device');
  expect(done).toEqual(['told e', 'swept']);
});
