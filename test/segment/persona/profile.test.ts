import { describe, expect, it } from 'vitest';
import { personasOf } from '../../../src/segment/persona/persona-rules.js';
import {
  compareSegments,
  MAX_AXES,
  profileOf,
  radarOf,
} from '../../../src/segment/persona/profile.js';
import { DEMO_DIMENSIONS, demoCustomers, NO_DIMENSIONS, segmentsOf } from './populations.js';
import { facts } from './facts.js';

const withPersona = (segment: ReturnType<typeof facts>, value = 2, activity = 2) => ({
  ...segment,
  persona: { value, activity },
});

describe('a profile', () => {
  it('holds index, level and scale of a feature', () => {
    const [feature] = facts([{ feature: 'x', mean: 3, overallMean: 2, meanRank: 0.7 }]).features;
    expect(feature && profileOf(feature)).toMatchObject({ index: 1.5, level: 'HIGH', scaled: 0.7 });
  });

  it('has no index where everybody has 0', () => {
    const [feature] = facts([{ feature: 'x', mean: 0, overallMean: 0 }]).features;
    expect(feature && profileOf(feature).index).toBeNull();
  });
});

describe('a radar', () => {
  it('is closed, has at least five axes within 0..1 and the same ones for every segment', () => {
    const segments = segmentsOf(demoCustomers(1_000), 4);
    const personas = personasOf(segments, DEMO_DIMENSIONS);
    const largest = Math.max(...segments.map(({ share }) => share));
    const radars = segments.map((segment, i) =>
      radarOf({ ...segment, persona: personas[i]! }, DEMO_DIMENSIONS, largest),
    );
    for (const radar of radars) {
      expect(radar.length).toBeGreaterThanOrEqual(6);
      expect(radar.at(-1)).toEqual(radar[0]);
      expect(radar.map(({ axis }) => axis)).toEqual(radars[0]?.map(({ axis }) => axis));
      for (const { value } of radar) {
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThanOrEqual(1);
      }
    }
    expect(radars[0]?.map(({ axis }) => axis)).toEqual([
      'purchase_sum',
      'purchase_count',
      'days_since_last_activity',
      'session_count',
      'age',
      'purchase_sum',
    ]);
  });

  it('turns days since round, so that outside is better', () => {
    const segment = facts([{ feature: 'days_since_last_activity', meanRank: 0.9 }]);
    const [first] = radarOf(withPersona(segment), DEMO_DIMENSIONS, 0.1);
    expect(first?.axis).toBe('days_since_last_activity');
    expect(first?.value).toBeCloseTo(0.1, 12);
  });

  it.each([
    [0, ['share', 'value', 'activity', 'uniformity', 'distinctness']],
    [1, ['x0', 'share', 'value', 'activity', 'uniformity']],
    [4, ['x0', 'x1', 'x2', 'x3', 'share']],
    [6, ['x0', 'x1', 'x2', 'x3', 'x4', 'x5']],
  ])('of %i features has these corners', (count, axes) => {
    const segment = facts(Array.from({ length: count }, (_, i) => ({ feature: `x${i}` })));
    const radar = radarOf(withPersona(segment, 3, 1), NO_DIMENSIONS, 0.2);
    expect(radar.map(({ axis }) => axis)).toEqual([...axes, axes[0]]);
    const value = (axis: string) => radar.find((each) => each.axis === axis)?.value;
    if (axes.includes('activity'))
      expect([value('share'), value('value'), value('activity')]).toEqual([0.5, 1, 0]);
  });

  it('has twelve corners at most', () => {
    const segment = facts(Array.from({ length: 40 }, (_, i) => ({ feature: `x${i}` })));
    expect(radarOf(withPersona(segment), NO_DIMENSIONS, 0.1)).toHaveLength(MAX_AXES + 1);
  });
});

describe('a deep dive', () => {
  const mix = (share: number) => ({
    attribute: 'gender',
    values: [{ value: 'female', count: 1, share, overallShare: 0.5 }],
  });
  const one = { ...facts([{ feature: 'x', mean: 3, overallMean: 2 }]), mixes: [mix(0.75)] };
  const other = { ...facts([{ feature: 'x', mean: 4, overallMean: 2 }]), mixes: [mix(0.25)] };

  it('is beside everybody', () => {
    expect(compareSegments(one, null)).toEqual({
      metrics: [{ feature: 'x', mean: 3, otherMean: 2, ratio: 1.5, direction: 'ABOVE' }],
      mixes: [{ attribute: 'gender', values: [{ value: 'female', share: 0.75, otherShare: 0.5 }] }],
    });
  });

  it('is beside another segment, and the other way round', () => {
    expect(compareSegments(one, other).metrics[0]).toMatchObject({
      ratio: 0.75,
      direction: 'BELOW',
    });
    expect(compareSegments(other, one).metrics[0]).toMatchObject({ direction: 'ABOVE' });
    expect(compareSegments(one, other).mixes[0]?.values[0]?.otherShare).toBe(0.25);
  });

  it('has no ratio to 0, and equals itself', () => {
    const zero = facts([{ feature: 'x', mean: 0 }]);
    expect(compareSegments(one, zero).metrics[0]?.ratio).toBeNull();
    expect(compareSegments(one, one).metrics[0]?.direction).toBe('EQUAL');
  });
});
