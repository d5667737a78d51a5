import { expect, it } from 'vitest';
import { sliceColumns } from '../../../src/model/slice-columns.js';

const rows = {
  userIds: [3, 1, 2],
  asOf: ['2026-01-31T23:59:59Z', '2026-02-01T00:00:00Z', '2025-12-01T00:00:00+01:00'].map(
    (at) => new Date(at),
  ),
};
const month = {
  dimension: 'month',
  values: ['2026-01', '2026-02', '2025-11'],
  fairness: false,
};

it('rows are cut by their month in UTC, and by nothing else when nothing else is named', async () => {
  const unasked = () => Promise.reject(new Error('must not be read'));
  expect(await sliceColumns(unasked, { slices: [], fairness: [] }, rows)).toEqual([month]);
});

it('an attribute that is named twice is read once, and compared for fairness', async () => {
  const asked: unknown[] = [];
  const columns = await sliceColumns(
    (userIds, names) => {
      asked.push([userIds, names]);
      return Promise.resolve(new Map(names.map((name) => [name, [`${name} a`, '', 'c']])));
    },
    { slices: ['city', 'gender', 'month'], fairness: ['gender'] },
    rows,
  );
  expect(asked).toEqual([
    [
      [3, 1, 2],
      ['city', 'gender', 'month'],
    ],
  ]);
  expect(columns).toEqual([
    month,
    { dimension: 'city', values: ['city a', '', 'c'], fairness: false },
    { dimension: 'gender', values: ['gender a', '', 'c'], fairness: true },
    { dimension: 'attribute month', values: ['month a', '', 'c'], fairness: false },
  ]);
});
