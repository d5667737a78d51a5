import { describe, expect, it } from 'vitest';
import type { MixFacts } from '../../../src/segment/segment.js';
import { LABELS } from '../../../src/segment/persona/label.js';
import {
  findLabels,
  levelOf,
  personasOf,
  quadrantOf,
} from '../../../src/segment/persona/persona-rules.js';
import { cdnowTable, haveReferenceData, telcoTable } from '../../support/reference-tables.js';
import { demoCustomers, DEMO_DIMENSIONS, NO_DIMENSIONS, segmentsOf } from './populations.js';
import { facts, ranked } from './facts.js';

const labelsOf = (persona: { labels: { dimension: string; label: string }[] }) =>
  persona.labels.map(({ dimension, label }) => `${dimension} ${label}`).join(', ');

describe('levels', () => {
  it.each([
    [0, 'LOW'],
    [0.375, 'LOW'],
    [0.3751, 'MEDIUM'],
    [0.5, 'MEDIUM'],
    [0.6249, 'MEDIUM'],
    [0.625, 'HIGH'],
    [1, 'HIGH'],
  ])('a mean rank of %d is %s', (rank, level) => {
    expect(levelOf(rank)).toBe(level);
  });
});

describe('the priority matrix', () => {
  it.each([
    [3, 3, 'KEEP'],
    [3, 2, 'RAISE_ACTIVITY'],
    [3, 1, 'RAISE_ACTIVITY'],
    [2, 3, 'RAISE_VALUE'],
    [2, 2, 'WATCH'],
    [2, 1, 'RAISE_ACTIVITY'],
    [1, 3, 'RAISE_VALUE'],
    [1, 2, 'RAISE_VALUE'],
    [1, 1, 'WATCH'],
  ])('value %i, activity %i -> %s', (value, activity, quadrant) => {
    expect(quadrantOf(value, activity)).toBe(quadrant);
  });
});

describe('value and activity', () => {
  // spend, frequency, recency (days since), engagement as mean ranks
  it.each([
    ['high spend is of value, however rare', [0.9, 0.1, 0.5, 0.5], 3, 1],
    ['low spend is not, however often', [0.1, 0.9, 0.5, 0.5], 1, 3],
    ['the frequency decides on middling spend', [0.5, 0.9, 0.5, 0.5], 3, 3],
    ['recent and engaged is active', [0.5, 0.5, 0.1, 0.9], 2, 3],
    ['silent and little engaged is not', [0.5, 0.5, 0.9, 0.1], 2, 1],
    ['recent but little engaged: they cancel out', [0.5, 0.5, 0.1, 0.1], 2, 2],
    ['one that speaks outweighs one that does not', [0.5, 0.1, 0.1, 0.5], 1, 3],
  ])('%s', (_, ranks, value, activity) => {
    const [persona] = personasOf([ranked(ranks)], DEMO_DIMENSIONS);
    expect(persona).toMatchObject({ value, activity });
  });

  it.each([
    ['no dimension at all', NO_DIMENSIONS, [0.9, 0.8, 0.7, 0.9], 3, 3],
    [
      'names that are not there',
      { ...NO_DIMENSIONS, spend: 'gone', recency: 'gone' },
      [0.1, 0.2, 0.1, 0.1],
      1,
      1,
    ],
    ['spend alone', { ...NO_DIMENSIONS, spend: 'purchase_sum' }, [0.9, 0.5, 0.5, 0.5], 3, 2],
    [
      'recency alone, turned round',
      { ...NO_DIMENSIONS, recency: 'days_since_last_activity' },
      [0.9, 0.9, 0.1, 0.9],
      3,
      3,
    ],
  ])(
    'fall back on the mean rank over all features with %s',
    (_, dimensions, ranks, value, activity) => {
      const [persona] = personasOf([ranked(ranks)], dimensions);
      expect(persona).toMatchObject({ value, activity });
    },
  );

  it('are told for a segment without any number', () => {
    const [persona] = personasOf([facts([])], NO_DIMENSIONS);
    expect(persona).toMatchObject({ value: 2, activity: 2, quadrant: 'WATCH' });
    expect(persona?.labels[0]?.rule).toContain('names no feature');
  });
});

describe('labels of people', () => {
  const mix = (counts: Record<string, number>): MixFacts => {
    const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
    const values = Object.entries(counts).map(([value, count]) => ({
      value,
      count,
      share: count / total,
      overallShare: 0.5,
    }));
    return { attribute: 'gender', values: values.sort((a, b) => b.count - a.count) };
  };
  const genderOf = (counts: Record<string, number>) =>
    findLabels({ ...facts([]), mixes: [mix(counts)] }, DEMO_DIMENSIONS).find(
      ({ dimension }) => dimension === 'gender',
    )?.label;

  it.each([
    [{ female: 6, male: 4 }, 'MOSTLY_WOMEN'],
    [{ female: 59, male: 41 }, 'BALANCED'],
    [{ F: 41, M: 59 }, 'BALANCED'],
    [{ 女: 4, 男: 6 }, 'MOSTLY_MEN'],
    [{ female: 3, male: 1, other: 96 }, 'MOSTLY_WOMEN'],
    [{ a: 1, b: 9 }, undefined],
  ])('%j lean %s', (counts, label) => {
    expect(genderOf(counts)).toBe(label);
  });

  it.each([
    [24.9, 'YOUNG'],
    [25, 'MIDDLE'],
    [40, 'MIDDLE'],
    [40.5, 'MATURE'],
  ])('a median age of %d is %s', (median, label) => {
    const found = findLabels(facts([{ feature: 'age', median }]), DEMO_DIMENSIONS);
    expect(found.find(({ dimension }) => dimension === 'age')?.label).toBe(label);
  });

  it('leaves out what nobody has a value of', () => {
    const found = findLabels(facts([{ feature: 'age', missing: 10 }]), DEMO_DIMENSIONS);
    expect(found.map(({ dimension }) => dimension)).not.toContain('age');
  });
});

describe('on real groups', () => {
  const demo = demoCustomers(5_000);

  it.each([3, 4, 5, 6, 8, 12])('no two of %i segments of the demo have the same labels', (k) => {
    const personas = personasOf(segmentsOf(demo, k), DEMO_DIMENSIONS);
    expect(new Set(personas.map(labelsOf)).size).toBe(k);
    for (const { labels } of personas)
      for (const { dimension, label, rule } of labels) {
        expect(rule).toMatch(/\d|decide/);
        const known: readonly string[] | null | undefined =
          LABELS[dimension as keyof typeof LABELS];
        if (known) expect(known).toContain(label);
      }
  });

  it('separates where means against quartiles call nearly all middle', () => {
    const segments = segmentsOf(demo, 6);
    const levels = personasOf(segments, DEMO_DIMENSIONS).flatMap(({ labels }) =>
      labels.filter(({ dimension }) => ['frequency', 'recency'].includes(dimension)),
    );
    const outside = levels.filter(({ label }) => label !== 'MEDIUM').length;
    expect(outside).toBeGreaterThanOrEqual(7);
    expect(meansOutsideQuartiles(demo.table.numeric, segments)).toBeLessThan(outside);
  });

  it('says nothing of age and gender that is not there: the demo draws them apart from behaviour', () => {
    for (const { labels } of personasOf(segmentsOf(demo, 5), DEMO_DIMENSIONS))
      expect(labelsOf({ labels })).toContain('age MIDDLE, gender BALANCED, city MIXED');
  });

  it.skipIf(!haveReferenceData()).each([3, 4, 5, 6])(
    'no two of %i segments of CDNOW or Telco have the same labels',
    (k) => {
      const cdnow = { table: cdnowTable().table, attributes: {} };
      const telco = { table: telcoTable().table, attributes: {} };
      const ofCdnow = personasOf(segmentsOf(cdnow, k, [0, 3, 4]), {
        ...NO_DIMENSIONS,
        spend: 'amount_sum',
        frequency: 'n_days',
        recency: 'recency_days',
      });
      const ofTelco = personasOf(segmentsOf(telco, k, [1, 2, 3]), {
        ...NO_DIMENSIONS,
        spend: 'TotalCharges',
        engagement: 'MonthlyCharges',
        gender: 'gender',
      });
      expect(new Set(ofCdnow.map(labelsOf)).size).toBe(k);
      expect(new Set(ofTelco.map(labelsOf)).size).toBe(k);
      expect(ofCdnow.some(({ quadrant }) => quadrant === 'KEEP')).toBe(true);
      expect(ofCdnow.some(({ quadrant }) => quadrant === 'WATCH')).toBe(true);
    },
  );
});

/** Means of frequency and recency below the lower or above the upper quartile of the customers. */
function meansOutsideQuartiles(
  numeric: Float32Array,
  segments: readonly { features: { mean: number }[] }[],
): number {
  return [1, 2].reduce((total, column) => {
    const values = Array.from({ length: numeric.length / 4 }, (_, i) => numeric[i * 4 + column]!)
      .filter(Number.isFinite)
      .sort((a, b) => a - b);
    const [low, high] = [0.25, 0.75].map((at) => values[Math.floor(at * (values.length - 1))]!);
    return (
      total +
      segments.filter(({ features }) => {
        const { mean } = features[column]!;
        return mean <= low! || mean >= high!;
      }).length
    );
  }, 0);
}
