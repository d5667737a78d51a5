import { describe, expect, it } from 'vitest';
import type { Experiment } from '../../src/experiment/experiment.js';
import type { ServedModel } from '../../src/model/serving.js';
import { armVersions } from '../../src/prediction/arm-versions.js';
import { listLog } from '../support/scorer.js';
import { servedModel } from '../support/served-model.js';

const experiment = (id: string, versions: readonly string[]): Experiment =>
  ({
    id,
    key: `key of ${id}`,
    variants: versions.map((modelVersionId) => ({ key: `arm ${modelVersionId}`, modelVersionId })),
  }) as unknown as Experiment;

/** Versions that load at once, fail, or never come; and which are held now. */
function lab() {
  const held: string[] = [];
  const broken = new Set<string>();
  const never = new Set<string>();
  const tries: string[] = [];
  const log = listLog();
  let now = 0;
  const use = async <T>(id: string, work: (served: ServedModel) => Promise<T>): Promise<T> => {
    tries.push(id);
    await Promise.resolve();
    if (never.has(id)) await new Promise(() => undefined);
    if (broken.has(id)) throw new Error('no such artifact');
    held.push(id);
    try {
      return await work(servedModel({ numeric: ['a'], categorical: [], id }));
    } finally {
      held.splice(held.indexOf(id), 1);
    }
  };
  const arms = armVersions({ serving: { use }, log, monotonicMs: () => now, waitMs: 5 });
  return { arms, held, broken, never, tries, log, passes: (ms: number) => (now += ms) };
}

const turns = () => new Promise((resolve) => setTimeout(resolve, 1));
const keysOf = (loaded: ReadonlyMap<string, ServedModel>) => [...loaded.keys()];

describe('the versions of arms', () => {
  it('are loaded when they are first needed, once, and held until their experiment is over', async () => {
    const { arms, held, tries } = lab();
    const first = experiment('one', ['a', 'b']);
    expect(keysOf(await arms.of(first))).toEqual(['arm a', 'arm b']);
    await arms.of(first);
    expect(tries).toEqual(['a', 'b']);
    arms.follow([first]);
    await turns();
    expect(held).toEqual(['a', 'b']);
    arms.follow([]);
    await turns();
    expect(held).toEqual([]);
  });
  it('are loaded ahead where an experiment is live, and two experiments hold a version twice', async () => {
    const { arms, held } = lab();
    const [one, two] = [experiment('one', ['a', 'b']), experiment('two', ['b', 'c'])];
    arms.follow([one, two]);
    await turns();
    expect(held.toSorted()).toEqual(['a', 'b', 'b', 'c']);
    arms.follow([two]);
    await turns();
    expect(held.toSorted()).toEqual(['b', 'c']);
    arms.close();
    await turns();
    expect(held).toEqual([]);
  });
  it('that cannot be loaded are left out, logged, and tried again after a while', async () => {
    const { arms, broken, tries, log, passes } = lab();
    const own = experiment('one', ['a', 'b']);
    broken.add('b');
    expect(keysOf(await arms.of(own))).toEqual(['arm a']);
    expect(keysOf(await arms.of(own))).toEqual(['arm a']);
    expect(tries).toEqual(['a', 'b']);
    expect(log.lines).toHaveLength(1);
    broken.clear();
    passes(10_000);
    expect(keysOf(await arms.of(own))).toEqual(['arm a', 'arm b']);
    expect(tries).toEqual(['a', 'b', 'b']);
  });
  it('that do not come are not waited for for ever', async () => {
    const { arms, never } = lab();
    never.add('a');
    expect(keysOf(await arms.of(experiment('one', ['a', 'b'])))).toEqual(['arm b']);
  });
  it('are none where arms are treatments', async () => {
    const { arms, tries } = lab();
    const own = experiment('one', []);
    own.variants = [{ key: 'mail', weight: 1, control: true, modelVersionId: null, payload: {} }];
    expect((await arms.of(own)).size).toBe(0);
    expect(tries).toEqual([]);
  });
});
