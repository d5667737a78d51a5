import { describe, expect, it } from 'vitest';
import { distributionOf } from '../../../src/segment/live/distribution.js';
import {
  inputsAt,
  spanOf,
  tableOfInputs,
  verdictsOf,
} from '../../../src/segment/live/membership.js';
import type { ServedSegmentation } from '../../../src/segment/segmentation.js';

const at = (day: number): Date => new Date(Date.UTC(2026, 0, day));

describe('since when a customer is where they are', () => {
  const stay = {
    key: 'b',
    modelVersionId: 'v1',
    since: at(1),
    previous: { key: 'a', modelVersionId: 'v0' },
  };
  it.each([
    ['no stay -> a: begins now', 'a', null, { since: at(9), previous: null, moved: true }],
    [
      'b -> b: goes on, over versions too',
      'b',
      stay,
      { since: at(1), previous: { key: 'a', modelVersionId: 'v0' }, moved: false },
    ],
    [
      'b -> a: begins now, the stay before is the previous one',
      'a',
      stay,
      { since: at(9), previous: { key: 'b', modelVersionId: 'v1' }, moved: true },
    ],
  ])('%s', (_, key, found, wanted) => {
    expect(spanOf({ key }, found, at(9))).toEqual(wanted);
  });
});

describe('what the graph says', () => {
  const said = {
    segments: 2,
    segment: Int32Array.of(1, 0),
    probability: Float64Array.of(0.1, 0.9, 0.6, 0.4),
    distance: Float64Array.of(3, 1, 2, 5),
  };
  it('is read by the numbers of the report, in whatever order they stand there', () => {
    const reports = [
      { number: 1, key: 'late' },
      { number: 0, key: 'early' },
    ];
    expect(verdictsOf(said, reports)).toEqual([
      { key: 'late', probability: 0.9, distance: 1 },
      { key: 'early', probability: 0.6, distance: 2 },
    ]);
  });
  it('is refused where the report does not have the segment', () => {
    expect(() => verdictsOf(said, [{ number: 0, key: 'early' }])).toThrow(
      'the graph answers segment 1, the report has none',
    );
  });
});

it('rows of a table come back as the same table', () => {
  const table = {
    rows: 2,
    numericNames: ['x', 'y'],
    numeric: Float32Array.of(1, NaN, 3, 4),
    categoricalNames: ['c'],
    categorical: ['red', ''],
  };
  expect(tableOfInputs(table, [inputsAt(table, 0), inputsAt(table, 1)])).toEqual(table);
  const none = { ...table, numericNames: [], numeric: new Float32Array(0) };
  expect(tableOfInputs(none, [inputsAt(none, 0), inputsAt(none, 1)])).toEqual(none);
});

describe('a distribution', () => {
  const served = {
    report: { segments: [{ key: 'a' }, { key: 'b' }, { key: 'c' }] },
  } as unknown as Pick<ServedSegmentation, 'report'>;

  it('holds the segments of the version in its order, empty ones too, then what is left of former ones', () => {
    const rows = [
      { key: 'old', name: 'Old', count: 1, updatedAt: at(4) },
      { key: 'b', name: 'Second', count: 3, updatedAt: at(4) },
      { key: 'older', name: null, count: 4, updatedAt: at(4) },
      { key: 'a', name: null, count: 0, updatedAt: at(4) },
      { key: 'never', name: 'Never', count: 0, updatedAt: at(4) },
    ];
    expect(distributionOf(rows, served)).toEqual({
      total: 8,
      updatedAt: at(4),
      diversity: 1 - (9 + 16 + 1) / 64,
      segments: [
        { key: 'a', name: 'a', count: 0, percent: 0 },
        { key: 'b', name: 'Second', count: 3, percent: 37.5 },
        { key: 'c', name: 'c', count: 0, percent: 0 },
        { key: 'older', name: 'older', count: 4, percent: 50 },
        { key: 'old', name: 'Old', count: 1, percent: 12.5 },
      ],
    });
  });

  it('of nobody has no diversity and no last move', () => {
    expect(distributionOf([], served)).toMatchObject({ total: 0, updatedAt: null, diversity: 0 });
  });
});
