import { describe, expect, it } from 'vitest';
import {
  AGE_BORDERS,
  attributeColumns,
  describeSegments,
  MIX_VALUES,
  type Population,
} from '../../../src/segment/persona/describe-segments.js';
import { segmentReport } from '../../../src/segment/segment.js';
import { DEMO_DIMENSIONS } from './populations.js';

const profiles = [
  { age: 24, gender: 'female', cityTier: 'TIER_1' },
  { age: 25, gender: 'female', cityTier: 'TIER_2' },
  { age: 40, gender: 'male' },
  { age: 41, gender: '', cityTier: 3 },
  { gender: 'male', cityTier: 'TIER_1' },
];
const population: Population = {
  table: {
    rows: 5,
    numericNames: ['spend', 'visits'],
    numeric: Float32Array.from([10, 1, 20, 1, 30, Number.NaN, 40, 2, 1_000, 9]),
    categoricalNames: ['channel'],
    categorical: ['web', 'shop', 'web', '', 'web'],
  },
  ...attributeColumns(DEMO_DIMENSIONS, profiles),
};
const labels = Int32Array.from([0, 0, 1, 1, -1]);

describe('segments described', () => {
  const [first, second] = describeSegments(population, labels, 2);

  it('leaves noise out of the segments and in among everybody', () => {
    expect([first?.size, first?.share, second?.size]).toEqual([2, 0.4, 2]);
    const spend = first?.features[0];
    expect(spend).toMatchObject({ feature: 'spend', mean: 15, median: 15, missing: 0 });
    expect(spend?.overallMean).toBe(220);
    expect(spend?.meanRank).toBeCloseTo(0.2, 12);
  });

  it('tells numbers of the table first, then attributes that are numbers', () => {
    expect(first?.features.map(({ feature }) => feature)).toEqual(['spend', 'visits', 'age']);
    expect(second?.features[1]).toMatchObject({ mean: 2, missing: 1 });
    expect(second?.features[2]?.median).toBe(40.5);
  });

  it('puts 25 and 40 into the middle band of age', () => {
    const mix = (attribute: string, of = first) =>
      of?.mixes
        .find((each) => each.attribute === attribute)
        ?.values.filter(({ count }) => count > 0)
        .map(({ value, count }) => [value, count]);
    expect(AGE_BORDERS).toEqual([25, 40]);
    expect(mix('age')).toEqual([
      ['25-40', 1],
      ['<25', 1],
    ]);
    expect(mix('age', second)).toEqual([
      ['25-40', 1],
      ['>40', 1],
    ]);
    expect(mix('gender', second)).toEqual([
      ['male', 1],
      [null, 1],
    ]);
    expect(mix('cityTier', second)).toEqual([
      ['3', 1],
      [null, 1],
    ]);
    expect(mix('channel')).toEqual([
      ['shop', 1],
      ['web', 1],
    ]);
  });

  it('holds shares of the segment beside those of everybody', () => {
    const web = second?.mixes[1]?.values.find(({ value }) => value === 'web');
    expect(second?.mixes[1]?.attribute).toBe('channel');
    expect(web).toEqual({ value: 'web', count: 1, share: 0.5, overallShare: 0.6 });
  });

  it('fits the record of a version, an empty segment and one without a value included', () => {
    const all = describeSegments(
      {
        table: { ...population.table, numeric: new Float32Array(10).fill(Number.NaN) },
        attributes: {},
      },
      labels,
      3,
    );
    const rest = { key: 'a', persona: { labels: [], value: 2, activity: 2, quadrant: 'WATCH' } };
    for (const facts of all)
      expect(() => segmentReport.parse({ ...facts, ...rest, center: [] })).not.toThrow();
    expect(all[2]).toMatchObject({ size: 0, share: 0 });
    expect(all[0]?.features[0]).toMatchObject({ mean: 0, meanRank: 0.5, missing: 2 });
  });

  it('lists the most frequent values over everybody, the same for each segment', () => {
    const rows = 100;
    const many = Array.from({ length: rows }, (_, i) => (i < 60 ? 'common' : `rare ${i}`));
    const table = {
      rows,
      numericNames: [],
      numeric: new Float32Array(0),
      categoricalNames: [],
      categorical: [],
    };
    const split = Int32Array.from({ length: rows }, (_, i) => (i < 50 ? 0 : 1));
    const both = describeSegments(
      { table, attributes: { city: { kind: 'text', values: many } } },
      split,
      2,
    );
    const listed = both.map(({ mixes }) => mixes[0]?.values.map(({ value }) => value).sort());
    expect(listed[0]).toHaveLength(MIX_VALUES);
    expect(listed[1]).toEqual(listed[0]);
  });

  it.each([
    ['too few labels', Int32Array.from([0]), /labels must have 5 rows, got 1/],
    ['a label without a segment', Int32Array.from([0, 0, 1, 2, 0]), /-1\.\.1, got 2/],
  ])('refuses %s', (_, wrong, message) => {
    expect(() => describeSegments(population, wrong, 2)).toThrow(message);
  });

  it('refuses an attribute of another number of rows', () => {
    const attributes = { city: { kind: 'text' as const, values: ['a'] } };
    expect(() => describeSegments({ ...population, attributes }, labels, 2)).toThrow(
      /attribute city must have 5 rows, got 1/,
    );
  });
});
