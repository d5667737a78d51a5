import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { count, withCounts, zeroCounts } from '../../src/kernel/count.js';
import { gather } from '../../src/plant/gather.js';

/** Work that answers when told to, and remembers what it was given. */
function handWork() {
  const batches: number[][] = [];
  const open: (() => void)[] = [];
  const work = async (inputs: readonly number[]): Promise<number[]> => {
    batches.push([...inputs]);
    count('sql');
    await new Promise<void>((resolve) => open.push(resolve));
    return inputs.map((input) => input * 10);
  };
  return { batches, work, answer: () => open.shift()?.() };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('calls put together', () => {
  it('leave as one batch when they come at the same moment, and each gets its own answer', async () => {
    const { batches, work, answer } = handWork();
    const call = gather(work, { lanes: 1, most: 10 });
    const answers = [call(1), call(2), call(3)];
    await turn();
    await turn();
    expect(batches).toEqual([[1, 2, 3]]);
    answer();
    expect(await Promise.all(answers)).toEqual([10, 20, 30]);
  });

  it('never join a batch that has left: they wait for a lane', async () => {
    const { batches, work, answer } = handWork();
    const call = gather(work, { lanes: 2, most: 10 });
    const calls: Promise<number>[] = [];
    for (const input of [1, 2, 3, 4]) {
      calls.push(call(input));
      await turn();
      await turn();
    }
    expect(batches).toEqual([[1], [2]]);
    answer();
    await calls[0];
    await turn();
    await turn();
    expect(batches).toEqual([[1], [2], [3, 4]]);
    answer();
    answer();
    expect(await Promise.all(calls)).toEqual([10, 20, 30, 40]);
  });

  it('are at most so many a batch', async () => {
    const batches: number[][] = [];
    const call = gather(
      (inputs: readonly number[]) => {
        batches.push([...inputs]);
        return Promise.resolve(inputs);
      },
      { lanes: 1, most: 2 },
    );
    expect(await Promise.all([1, 2, 3, 4, 5].map(call))).toEqual([1, 2, 3, 4, 5]);
    expect(batches).toEqual([[1, 2], [3, 4], [5]]);
  });

  it('count the statement they share, each on its own account, and none on another', async () => {
    const call = gather(
      (inputs: readonly number[]) => {
        count('sql');
        return Promise.resolve(inputs);
      },
      { lanes: 1, most: 10 },
    );
    const [a, b, idle] = [zeroCounts(), zeroCounts(), zeroCounts()];
    await Promise.all([
      withCounts(a, () => call(1)),
      withCounts(b, () => call(2)),
      withCounts(idle, () => turn()),
    ]);
    expect([a.sql, b.sql, idle.sql]).toEqual([1, 1, 0]);
  });

  it('that Postgres refuses together go again alone: only the bad one fails', async () => {
    const refused = new pg.DatabaseError('bad input', 1, 'error');
    refused.severity = 'ERROR';
    const call = gather(
      (inputs: readonly number[]) =>
        inputs.includes(13) ? Promise.reject(refused) : Promise.resolve(inputs),
      { lanes: 1, most: 10 },
    );
    const results = await Promise.allSettled([1, 13, 2].map(call));
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  it('that lose their connection fail together, and are not sent a second time', async () => {
    let runs = 0;
    const call = gather(
      () => {
        runs += 1;
        return Promise.reject(new Error('connection lost'));
      },
      { lanes: 1, most: 10 },
    );
    const results = await Promise.allSettled([1, 2].map(call));
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(runs).toBe(1);
    await expect(call(3)).rejects.toThrow('connection lost');
    expect(runs).toBe(2);
  });
});
