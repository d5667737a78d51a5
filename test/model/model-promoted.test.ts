import 'reflect-metadata';
import { describe, expect, it } from 'vitest';
import type { RequestContext } from '../../src/graphql/context.js';
import type { Model, ModelVersion } from '../../src/model/model.js';
import { modelFeeds } from '../../src/model/model.resolver.js';

const id = (n: number): string => `01900000-0000-7000-8000-00000000000${String(n)}`;
const change = (modelId: number, versionId: number, stage: string) => ({
  modelId: id(modelId),
  versionId: id(versionId),
  stage,
});

/** What the bus says, in order: two models, and stages that are no promotion. */
const NEWS = [
  change(1, 3, 'CANDIDATE'),
  change(2, 4, 'PRODUCTION'),
  change(1, 5, 'ARCHIVED'),
  change(1, 6, 'PRODUCTION'),
  change(1, 7, 'SHADOW'),
  change(2, 8, 'PRODUCTION'),
];

async function* bus(): AsyncIterableIterator<unknown> {
  for (const message of NEWS) yield await Promise.resolve(message);
}

async function told(name: string | null): Promise<string[]> {
  const { modelPromoted } = modelFeeds({
    subscribe: () => bus(),
    modelByName: (wanted) =>
      Promise.resolve(wanted === 'churn' ? ({ id: id(1), name: 'churn' } as Model) : null),
    versionById: (key) => Promise.resolve({ id: key } as ModelVersion),
  });
  const context = { viewer: { id: 'v', name: 'v', role: 'ADMIN' } } as RequestContext;
  const seen: string[] = [];
  for await (const version of modelPromoted({ args: { name }, context }))
    seen.push((version as { key: string }).key);
  return seen;
}

describe('modelPromoted', () => {
  it('tells of every version that began to answer, and of no other move', async () => {
    expect(await told(null)).toEqual([id(4), id(6), id(8)]);
  });

  it('of one model tells of that one', async () => {
    expect(await told('churn')).toEqual([id(6)]);
  });

  it('of a model that there is none of ends with what is wrong', async () => {
    await expect(told('nothing')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: 'no model is named nothing',
    });
  });
});
