import { describe, expect, it } from 'vitest';
import type { FeatureRequest, FeatureRows } from '../../src/feature/read-features.js';
import type { ServedModel } from '../../src/model/serving.js';
import { readInputs } from '../../src/prediction/read-inputs.js';
import { servedModel } from '../support/served-model.js';

/** Every feature of a customer is a number that names both and the feature's version. */
function reader() {
  const asked: FeatureRequest[] = [];
  const read = (request: FeatureRequest): Promise<FeatureRows> => {
    asked.push(request);
    const users = request.users as readonly number[];
    return Promise.resolve({
      userIds: Float64Array.from(users),
      rows: users.length,
      columns: new Map(
        request.features.map(({ name, version }) => [
          name,
          Float64Array.from(users, (user) => user * 100 + name.length * 10 + version),
        ]),
      ),
    });
  };
  return { read, asked };
}

function version(id: string, features: readonly (readonly [string, number])[]): ServedModel {
  const served = servedModel({ numeric: features.map(([name]) => name), categorical: [], id });
  return {
    ...served,
    features: served.features.map((feature, at) => ({
      ...feature,
      id: `${feature.name}@${features[at]?.[1] ?? 1}`,
      version: features[at]?.[1] ?? 1,
    })),
  };
}

describe('the inputs of several versions', () => {
  it('are read with one statement of all features, each once', async () => {
    const { read, asked } = reader();
    const one = version('one', [
      ['a', 1],
      ['bb', 1],
    ]);
    const two = version('two', [
      ['bb', 1],
      ['ccc', 1],
    ]);
    const inputs = await readInputs(read, [one, two], [7, 8], new Date(0));
    expect(asked.map(({ features }) => features.map(({ id }) => id))).toEqual([
      ['a@1', 'bb@1', 'ccc@1'],
    ]);
    expect(asked[0]?.people).toBe(true);
    expect([...inputs.row(one, 1).numeric]).toEqual([811, 821]);
    expect([...inputs.row(two, 0).numeric]).toEqual([721, 731]);
  });
  it('take another statement where they take other versions of a feature', async () => {
    const { read, asked } = reader();
    const one = version('one', [['a', 1]]);
    const two = version('two', [['a', 2]]);
    const three = version('three', [
      ['a', 2],
      ['bb', 1],
    ]);
    const inputs = await readInputs(read, [one, two, three], [7], new Date(0));
    expect(asked.map(({ features, people }) => [features.map(({ id }) => id), people])).toEqual([
      [['a@1'], true],
      [['a@2', 'bb@1'], false],
    ]);
    expect(inputs.row(one, 0).numeric[0]).toBe(711);
    expect(inputs.row(two, 0).numeric[0]).toBe(712);
    expect([...inputs.row(three, 0).numeric]).toEqual([712, 721]);
    expect(() => inputs.row(version('four', []), 0)).toThrow('four');
  });
});
