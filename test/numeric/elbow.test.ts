import { describe, expect, it } from 'vitest';
import { kneeOf } from '../../src/numeric/elbow.js';
import { cdnowRfm, telcoNumeric } from '../support/cluster-reference.js';

describe('the knee of a curve', () => {
  it('by hand: a broken line has it where it breaks', () => {
    expect(kneeOf([2, 3, 4, 5, 6], [100, 60, 20, 15, 10])).toBe(2);
  });

  it('does not change with the units of either axis', () => {
    const y = [90, 55, 32, 24, 19, 16, 14];
    const x = y.map((_, i) => i + 2);
    const knee = kneeOf(x, y);
    expect(knee).toBe(2);
    expect(
      kneeOf(
        x.map((value) => 10 * value - 3),
        y.map((value) => 1e6 * value + 5),
      ),
    ).toBe(knee);
  });

  it.each([
    { title: 'a straight line', y: [4, 3, 2, 1] },
    { title: 'a curve that rises', y: [1, 2, 3, 4] },
    { title: 'a curve that bulges', y: [10, 9.9, 9, 1] },
    { title: 'a level', y: [1, 1, 1, 1] },
    { title: 'two points', y: [2, 1] },
  ])('is missing in $title', ({ y }) => {
    expect(kneeOf([...y.keys()], y)).toBeNull();
  });

  it('takes the more pronounced of two', () => {
    const y = [100, 80, 79, 78, 40, 5, 4, 3, 2];
    const knee = kneeOf([...y.keys()], y);
    expect(knee).toBe(5);
  });

  it('refuses other lengths', () => {
    expect(() => kneeOf([1], [1, 2])).toThrow('got 1 and 2');
  });

  it.each([
    { name: 'Telco', read: telcoNumeric },
    { name: 'CDNOW', read: cdnowRfm },
  ])('of the inertia of $name is that of the reference', ({ read }) => {
    const data = read();
    if (!data) return;
    const { kmeans, chosen } = data.reference;
    const knee = kneeOf(
      kmeans.map(({ k }) => k),
      kmeans.map(({ inertia }) => inertia),
    );
    expect(kmeans[knee ?? -1]?.k).toBe(chosen.by_elbow);
  });
});
