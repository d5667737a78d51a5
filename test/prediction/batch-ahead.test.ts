import { describe, expect, it } from 'vitest';
import { ahead } from '../../src/prediction/batch-ahead.js';

/** Numbers 0..count-1; tells when each is begun and when it is closed. */
async function* numbers(
  count: number,
  told: string[],
  failAt = Infinity,
): AsyncGenerator<number, void, void> {
  try {
    for (let i = 0; i < count; i += 1) {
      told.push(`made ${i}`);
      await Promise.resolve();
      if (i === failAt) throw new Error(`no ${i}`);
      yield i;
    }
  } finally {
    told.push('closed');
  }
}

const soon = () => new Promise((resolve) => setTimeout(resolve, 5));

describe('Items made ahead', () => {
  it('come whole and in order, one being made while the one before is worked on, and never two', async () => {
    const told: string[] = [];
    for await (const item of ahead(numbers(3, told))) {
      await soon();
      told.push(`worked on ${item}`);
    }
    expect(told).toEqual([
      'made 0',
      'made 1',
      'worked on 0',
      'made 2',
      'worked on 1',
      'closed',
      'worked on 2',
    ]);
  });

  it('end without items', async () => {
    const seen: number[] = [];
    for await (const item of ahead(numbers(0, []))) seen.push(item);
    expect(seen).toEqual([]);
  });

  it('fail where the item would have come, after those before it', async () => {
    const seen: number[] = [];
    const run = async () => {
      for await (const item of ahead(numbers(5, [], 2))) {
        await soon(); // the failure is there already, and must not count as unheard
        seen.push(item);
      }
    };
    await expect(run()).rejects.toThrow('no 2');
    expect(seen).toEqual([0, 1]);
  });

  it('leave nothing under way when the caller stops early', async () => {
    const told: string[] = [];
    for await (const item of ahead(ahead(numbers(9, told)))) if (item === 1) break;
    expect(told.at(-1)).toBe('closed');
    const before = told.length;
    await soon();
    expect(told).toHaveLength(before);
  });
});
