import { describe, expect, it } from 'vitest';
import { withCounts, zeroCounts } from '../../../src/kernel/count.js';
import type { Memberships } from '../../../src/numeric/clusterer.js';
import type { FeatureTable } from '../../../src/numeric/table.js';
import { rememberedAssign } from '../../../src/segment/live/remembered-assign.js';

/** Segment = whether the number is above 0; tells which rows it was asked. */
function graph() {
  const asked: number[][] = [];
  const assign = (sha256: string, { rows, numeric, categorical }: FeatureTable) => {
    asked.push([...numeric]);
    const offset = sha256 === 'b' ? 10 : 0;
    const answer: Memberships = {
      segments: 2,
      segment: Int32Array.from(numeric, (value) => (value > 0 ? 1 : 0)),
      probability: Float64Array.from({ length: 2 * rows }, (_, at) => (at % 2 === 0 ? 0.25 : 0.75)),
      distance: Float64Array.from(
        { length: 2 * rows },
        (_, at) => offset + (numeric[at >> 1] ?? 0) + (categorical[at >> 1] === 'x' ? 100 : 0),
      ),
    };
    return Promise.resolve(answer);
  };
  return { asked, assign };
}

function table(values: readonly number[], texts = values.map(() => '')): FeatureTable {
  return {
    rows: values.length,
    numericNames: ['spend'],
    numeric: Float32Array.from(values),
    categoricalNames: ['tier'],
    categorical: texts,
  };
}

describe('Memberships that are remembered', () => {
  it('run the graph once for rows it has answered, in one run for those it has not', async () => {
    const { asked, assign } = graph();
    const remembered = rememberedAssign(assign, 10);
    const first = await remembered('a', table([1, -2, 3]));
    const counts = zeroCounts();
    const second = await withCounts(counts, () => remembered('a', table([3, 5, 1, -7])));
    expect(asked).toEqual([
      [1, -2, 3],
      [5, -7],
    ]);
    expect(counts.cacheHits).toBe(2);
    expect([...first.segment]).toEqual([1, 0, 1]);
    expect([...second.segment]).toEqual([1, 1, 1, 0]);
    expect([...second.distance]).toEqual([3, 3, 5, 5, 1, 1, -7, -7]);
    expect(second).toEqual(await assign('a', table([3, 5, 1, -7])));
  });

  it('are those of the artifact, of every bit and of the categories', async () => {
    const { asked, assign } = graph();
    const remembered = rememberedAssign(assign, 10);
    await remembered('a', table([1, 0]));
    await remembered('b', table([1]));
    await remembered('a', table([1], ['x']));
    await remembered('a', table([1 + 2 ** -20, -0]));
    expect(asked.slice(1)).toEqual([[1], [1], [1 + 2 ** -20, -0]]);
    expect((await remembered('b', table([1]))).distance[0]).toBe(11);
  });

  it('take a missing number for equal to itself', async () => {
    const { asked, assign } = graph();
    const remembered = rememberedAssign(assign, 10);
    await remembered('a', table([NaN]));
    await remembered('a', table([NaN]));
    expect(asked).toHaveLength(1);
  });

  it('are forgotten, the least recently used first, and with no room never kept', async () => {
    const { asked, assign } = graph();
    const remembered = rememberedAssign(assign, 2);
    await remembered('a', table([1, 2]));
    await remembered('a', table([1]));
    await remembered('a', table([3]));
    await remembered('a', table([1]));
    await remembered('a', table([2]));
    expect(asked).toEqual([[1, 2], [3], [2]]);
    const off = graph();
    const without = rememberedAssign(off.assign, 0);
    await without('a', table([1]));
    await without('a', table([1]));
    expect(off.asked).toHaveLength(2);
  });

  it('a failure is not remembered', async () => {
    let failing = true;
    const { assign } = graph();
    const remembered = rememberedAssign(
      (sha256, rows) => (failing ? Promise.reject(new Error('busy')) : assign(sha256, rows)),
      10,
    );
    await expect(remembered('a', table([1]))).rejects.toThrow('busy');
    failing = false;
    expect([...(await remembered('a', table([1]))).segment]).toEqual([1]);
  });
});
