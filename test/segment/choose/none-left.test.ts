import { expect, it } from 'vitest';
import { noneLeft, type Refused } from '../../../src/segment/choose/none-left.js';

const kmeans = { name: 'kmeans', findsK: false } as const;
const ward = { name: 'ward', findsK: false } as const;
const dbscan = { name: 'dbscan', findsK: true } as const;

function each(
  algorithm: Refused['algorithm'],
  ks: readonly number[],
  reason: (k: number) => string,
): Refused[] {
  return ks.map((k) => ({ algorithm, k, reason: reason(k) }));
}

const few = (k: number) => `k must be at most 2, the number of distinct rows, got ${k}`;
const small = (k: number) =>
  `the smallest group has ${(8 / k).toFixed(1)} % of the rows (${8000 / k}), below 5.0 %`;

it.each<[string, Refused[], string]>([
  ['one candidate', each(kmeans, [3], few), `of 1: k-means with 3 groups: ${few(3)}`],
  [
    'the same reason for many k and algorithms',
    [...each(kmeans, [3, 4, 5], few), ...each(ward, [3, 4, 5], few)],
    'of 6: k-means, Ward with 3..5 groups: k must be at most 2, the number of distinct rows, got 3..5',
  ],
  [
    'two reasons, and one that finds k itself',
    [
      ...each(kmeans, [2, 5], small),
      ...each(kmeans, [3], few),
      ...each(dbscan, [0], () => 'every row is noise'),
    ],
    `of 4: k-means with 2, 5 groups: the smallest group has 1.6..4.0 % of the rows (1600..4000), below 5.0 %; k-means with 3 groups: ${few(3)}; DBSCAN: every row is noise`,
  ],
  [
    'numbers with separators',
    each(kmeans, [2, 3], (k) => `(${k === 2 ? '12,000' : '900'} rows)`),
    'of 2: k-means with 2..3 groups: (900..12,000 rows)',
  ],
])('is told once: %s', (_, refused, message) => {
  expect(noneLeft(refused).message).toBe(`no grouping can be chosen ${message}`);
});
