import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/kernel/random.js';
import { judgeSlices } from '../../../src/model/judge/slices.js';
import type { MeasuredRows } from '../../../src/model/judge/metric-intervals.js';

/** Rows of which a share says nothing about the label, by group; the rest is told well. */
function rowsOf(groups: readonly { name: string; rows: number; noise: number }[], seed = 1) {
  const random = seededRandom(seed);
  const values: string[] = [];
  const labels: number[] = [];
  const margins: number[] = [];
  for (const { name, rows, noise } of groups)
    for (let i = 0; i < rows; i++) {
      const label = i % 2;
      values.push(name);
      labels.push(label);
      margins.push((random.next() < noise ? 0 : 3 * label) + random.normal());
    }
  const measured: MeasuredRows = {
    labels: Uint8Array.from(labels),
    margins: Float64Array.from(margins),
    threshold: 0.5,
  };
  return { columns: [{ dimension: 'city', values, fairness: false }], measured };
}

const worstOf = ({ columns, measured }: ReturnType<typeof rowsOf>): string[] =>
  judgeSlices(columns, measured)
    .filter(({ worst }) => worst)
    .map(({ value }) => value);

describe('the worst slice', () => {
  it('is the lowest of several that are worse than the rest', () => {
    const groups = [
      { name: 'good', rows: 2_000, noise: 0 },
      { name: 'bad', rows: 400, noise: 0.6 },
      { name: 'broken', rows: 400, noise: 1 },
      { name: 'poor', rows: 400, noise: 0.4 },
    ];
    expect(worstOf(rowsOf(groups))).toEqual(['broken']);
    expect(worstOf(rowsOf([...groups].reverse()))).toEqual(['broken']);
  });

  it('is not named by chance, however many slices there are: though each table has 20 that are equal', () => {
    let named = 0;
    for (let seed = 1; seed <= 40; seed++) {
      const groups = Array.from({ length: 20 }, (_, k) => ({
        name: `c${String(k)}`,
        rows: 60,
        noise: 0.3,
      }));
      named += worstOf(rowsOf(groups, seed)).length;
    }
    // 5 % of 40 tables are 2; without a correction some slice would be named in nearly two of three tables
    expect(named).toBeLessThanOrEqual(6);
  });
});
