import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/kernel/error.js';
import type { Model, ModelStage, ModelVersion } from '../../src/model/model.js';
import {
  promoteVersion,
  rollBackModel,
  type MoveVersionDeps,
} from '../../src/model/move-version.js';

const model = { id: 'model', name: 'churn' } as Model;
const versions = [
  {
    id: 'old',
    modelId: 'model',
    version: 1,
    stage: 'ARCHIVED',
    promotedAt: new Date(1),
    report: {},
  },
  {
    id: 'new',
    modelId: 'model',
    version: 2,
    stage: 'PRODUCTION',
    promotedAt: new Date(2),
    report: {},
  },
] as unknown as ModelVersion[];

/** Models of which trying out ends as given; tells what was moved. */
function models(tryOut: () => Promise<void>) {
  const moved: string[] = [];
  const deps: MoveVersionDeps = {
    modelByName: () => Promise.resolve(model),
    versionById: (id) => Promise.resolve(versions.find((each) => each.id === id) ?? null),
    allVersions: () => Promise.resolve(versions),
    move: ({ versionId, stage }) => {
      moved.push(`${versionId} ${stage}`);
      const version = { ...versions[0], stage } as ModelVersion;
      return Promise.resolve({ version, error: null });
    },
    publishModel: () => undefined,
    tryOut,
  };
  return { deps, moved };
}

const broken = (): Promise<void> => Promise.reject(new AppError('INTERNAL', 'artifact ab is gone'));
const promote = (deps: MoveVersionDeps, stage: ModelStage) =>
  promoteVersion(deps, { versionId: 'old', stage, actor: 'me', comment: null });

describe('a version that cannot be loaded', () => {
  it('does not come into production, and the error says why', async () => {
    const { deps, moved } = models(broken);
    expect(await promote(deps, 'PRODUCTION')).toMatchObject({
      version: null,
      userErrors: [
        {
          code: 'CONFLICT',
          message: 'version 1 cannot be loaded: artifact ab is gone',
          path: ['version'],
        },
      ],
    });
    expect(moved).toEqual([]);
  });

  it('is not rolled back to', async () => {
    const { deps, moved } = models(broken);
    expect((await rollBackModel(deps, { model: 'churn', actor: 'me' })).userErrors).toMatchObject([
      { code: 'CONFLICT' },
    ]);
    expect(moved).toEqual([]);
  });

  it('may be archived', async () => {
    const { deps, moved } = models(broken);
    expect((await promote(deps, 'ARCHIVED')).userErrors).toEqual([]);
    expect(moved).toEqual(['old ARCHIVED']);
  });
});

it('a scorer that is busy fails the call, which may be repeated, and judges no version', async () => {
  const { deps, moved } = models(() => Promise.reject(new AppError('UNAVAILABLE', 'busy')));
  await expect(promote(deps, 'PRODUCTION')).rejects.toThrow('busy');
  expect(moved).toEqual([]);
});

it('a version that loads is promoted', async () => {
  const { deps, moved } = models(() => Promise.resolve());
  expect((await promote(deps, 'PRODUCTION')).userErrors).toEqual([]);
  expect(moved).toEqual(['old PRODUCTION']);
});
