import { describe, expect, it } from 'vitest';
import { pause } from '../../src/kernel/pause.js';
import { turns } from '../../src/kernel/turns.js';

const { signal } = new AbortController();

describe('turns', () => {
  it('let work happen in the order in which they were handed out, whoever comes first', async () => {
    const next = turns();
    const [first, second, third] = [next(), next(), next()];
    const done: number[] = [];
    const work = async (turn: typeof first, number: number): Promise<void> =>
      turn.take(async () => {
        await pause(5 - number, signal);
        done.push(number);
      });
    const waiting = [work(third, 3), work(second, 2)];
    await pause(10, signal);
    expect(done).toEqual([]);
    await Promise.all([...waiting, work(first, 1)]);
    expect(done).toEqual([1, 2, 3]);
  });

  it('that are given up, or whose work fails, let the next one go', async () => {
    const next = turns();
    const [first, second, third] = [next(), next(), next()];
    const last = third.take(() => Promise.resolve('went'));
    await expect(first.take(() => Promise.reject(new Error('broke')))).rejects.toThrow('broke');
    second.end();
    expect(await last).toBe('went');
  });
});
