import { expect, it } from 'vitest';
import { anovaF } from '../../../src/numeric/anova.js';
import { featureImportance } from '../../../src/segment/choose/feature-importance.js';

const columns: Record<string, number[]> = {
  still: [3, 3, 3, 3, 3, 3, 3],
  vague: [1, 5, 2, 4, 3, 2, 99],
  clear: [1, 1.1, NaN, 9, 9.2, 9.1, -50],
  exact: [0, 0, 0, 7, 7, 7, 1],
  unknown: [NaN, NaN, NaN, 1, 2, 3, 4],
};
const names = Object.keys(columns);
const table = {
  rows: 7,
  numericNames: names,
  numeric: Float32Array.from({ length: 7 * names.length }, (_, at) => {
    const column = columns[names[at % names.length]!]!;
    return column[Math.floor(at / names.length)]!;
  }),
  categoricalNames: ['plan'],
  categorical: ['a', 'b', 'a', 'b', 'a', 'b', ''],
};
const segmentOf = Int32Array.of(0, 0, 0, 1, 1, 1, -1);

it('ranks features by F, noise and missing values left out, and can be written as JSON', () => {
  const ranked = featureImportance(table, segmentOf, 2);
  expect(ranked.map(({ feature, rank }) => [feature, rank])).toEqual([
    ['exact', 1],
    ['clear', 2],
    ['vague', 3],
    ['still', 4],
    ['unknown', 5],
  ]);
  expect(JSON.parse(JSON.stringify(ranked))).toEqual(ranked);
  expect(ranked[0]).toMatchObject({ f: Number.MAX_VALUE, p: 0 });
  expect(ranked[3]).toMatchObject({ f: 0, p: 1 });
  expect(ranked[4]).toMatchObject({ f: 0, p: 1 });
  const { f, pValue } = anovaF([1, 5, 2, 4, 3, 2], Uint8Array.of(0, 0, 0, 1, 1, 1));
  expect(ranked[2]).toMatchObject({ f, p: pValue });
});

it('refuses more segments than an analysis holds', () => {
  expect(() => featureImportance(table, segmentOf, 257)).toThrow('must be 256 at most, got 257');
});
