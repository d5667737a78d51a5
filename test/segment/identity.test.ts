import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Contingency } from '../../src/numeric/chi-square.js';
import { matchSegments, type Identity } from '../../src/segment/identity.js';

const spread = new Map([
  ['spend', 1],
  ['visits', 1],
  ['age', 2],
  ['still', 0],
]);

interface Given {
  before: [number, number][];
  after: [number, number][];
  sizes?: number[];
  overlap?: number[];
  features?: [string[], string[]];
}

/** Segments by their centres (spend, visits); the old ones are called segment-1, segment-2 … */
function match({ before, after, sizes = [], overlap, features }: Given): Identity {
  const [old = ['spend', 'visits'], now = ['spend', 'visits']] = features ?? [];
  const table: Contingency | null = overlap
    ? { rows: before.length, columns: after.length, counts: Float64Array.from(overlap) }
    : null;
  return matchSegments({
    before: {
      features: old,
      segments: before.map((center, i) => ({ center, size: 100, key: `segment-${i + 1}` })),
    },
    after: {
      features: now,
      segments: after.map((center, j) => ({ center, size: sizes[j] ?? 100 })),
    },
    spread,
    overlap: table,
    usedKeys: [],
  });
}

/** "SPLIT segment-1 -> segment-1 segment-2", sorted. */
function told({ changes }: Identity): string[] {
  return changes
    .map(({ kind, from, to }) => `${kind} ${from.join(' ')} -> ${to.join(' ')}`.trim())
    .sort();
}

describe('identity of segments', () => {
  it('on the first run counts keys from the largest segment', () => {
    const found = match({ before: [], after: [[0, 0], [5, 5], [9, 9]], sizes: [10, 30, 20] }); // prettier-ignore
    expect(found.keys).toEqual(['segment-3', 'segment-1', 'segment-2']);
    expect(told(found)).toEqual([
      'APPEARED  -> segment-1',
      'APPEARED  -> segment-2',
      'APPEARED  -> segment-3',
    ]);
  });

  it('follows the centroid, not the number', () => {
    const found = match({ before: [[0, 0], [5, 5]], after: [[5.2, 5], [0.1, 0]] }); // prettier-ignore
    expect(found.keys).toEqual(['segment-2', 'segment-1']);
    expect(found.changes[0]?.text).toBe(
      'segment-1 is kept: its centre moved by 0.10 standard deviations; 100 customers before, 100 customers now.',
    );
  });

  it('follows a drift of all, where the nearest pair first would strand two segments', () => {
    // The nearest pairs are old 2 with new 1 and old 3 with new 2 (0.45); old 1 and new 3 would be left, 2.55 apart.
    const drifted = match({
      before: [[0, 0], [1, 0], [2, 0]],
      after: [[0.55, 0], [1.55, 0], [2.55, 0]],
    }); // prettier-ignore
    expect(drifted.keys).toEqual(['segment-1', 'segment-2', 'segment-3']);
    expect(drifted.changes.map(({ kind }) => kind)).toEqual(['KEPT', 'KEPT', 'KEPT']);
  });

  it('calls a far centre new and the one without an heir gone, and never gives a key twice', () => {
    const found = match({ before: [[0, 0], [4, 0]], after: [[0, 0], [40, 0]] }); // prettier-ignore
    expect(found.keys).toEqual(['segment-1', 'segment-3']);
    expect(told(found)).toEqual([
      'APPEARED  -> segment-3',
      'KEPT segment-1 -> segment-1',
      'VANISHED segment-2 ->',
    ]);
    const again = matchSegments({
      before: { features: [], segments: [] },
      after: { features: ['spend'], segments: [{ center: [1], size: 1 }] },
      spread,
      overlap: null,
      usedKeys: ['segment-7', 'segment-3', 'vip', 'segment-x'],
    });
    expect(again.keys).toEqual(['segment-8']);
  });

  it.each([
    {
      title: 'a split by centres: two where one was',
      given: { before: [[0, 0], [10, 0]], after: [[-2, 0], [2.1, 0], [10, 0]] },
      expected: ['KEPT segment-2 -> segment-2', 'SPLIT segment-1 -> segment-1 segment-3'],
    },
    {
      title: 'a merge by centres: one where two were',
      given: { before: [[-2, 0], [2.1, 0], [10, 0]], after: [[0, 0], [10, 0]] },
      expected: ['KEPT segment-3 -> segment-3', 'MERGED segment-1 segment-2 -> segment-1'],
    },
    {
      title: 'a split by customers, wherever the centres lie',
      given: {
        before: [[0, 0], [10, 0]],
        after: [[0, 0], [4.9, 0], [10, 0]],
        overlap: [60, 35, 5, 0, 2, 98],
      },
      expected: ['KEPT segment-2 -> segment-2', 'SPLIT segment-1 -> segment-1 segment-3'],
    },
    {
      title: 'a merge by customers',
      given: {
        before: [[0, 0], [4, 0], [10, 0]],
        after: [[1, 0], [10, 0]],
        overlap: [95, 5, 80, 20, 0, 100],
      },
      expected: ['KEPT segment-3 -> segment-3', 'MERGED segment-1 segment-2 -> segment-1'],
    },
    {
      title: 'a new segment of customers from everywhere: no split',
      given: {
        before: [[0, 0], [10, 0], [0, 10]],
        after: [[0, 0], [10, 0], [0, 10], [5, 5]],
        overlap: [70, 0, 0, 30, 0, 70, 0, 30, 0, 0, 70, 30],
      },
      expected: [
        'APPEARED  -> segment-4',
        'KEPT segment-1 -> segment-1',
        'KEPT segment-2 -> segment-2',
        'KEPT segment-3 -> segment-3',
      ],
    },
  ] as { title: string; given: Given; expected: string[] }[])('states $title', ({ given, expected }) => {
    expect(told(match(given))).toEqual(expected);
  }); // prettier-ignore

  it('says in words who went where', () => {
    const split = match({
      before: [[0, 0], [10, 0]],
      after: [[0, 0], [4.9, 0], [10, 0]],
      overlap: [60, 35, 5, 0, 2, 98],
    }); // prettier-ignore
    expect(split.changes.map(({ text }) => text)).toEqual([
      'segment-2 is kept: its centre moved by 0.00 standard deviations, 98 % of its customers stayed; 100 customers before, 100 customers now.',
      'segment-1 split into segment-1 and segment-3: 60 % and 35 % of its customers went there.',
    ]);
    const gone = match({ before: [[0, 0], [9, 9]], after: [[0, 0]], overlap: [900, 90] }); // prettier-ignore
    expect(gone.changes.at(-1)?.text).toBe(
      'segment-2 is gone: no segment continues it. It had 100 customers, of whom 100 % are now in segment-1.',
    );
  });

  it('matches on the features that both versions have, in whatever order', () => {
    const found = match({
      before: [[0, 30], [5, 60]],
      after: [[5, 4], [0, 9]],
      features: [['spend', 'age'], ['spend', 'visits']],
    }); // prettier-ignore
    expect(found.keys).toEqual(['segment-2', 'segment-1']);
  });

  it('with no feature in common matches by customers, or calls all new', () => {
    const given: Given = {
      before: [[0, 0], [5, 0]],
      after: [[30, 0], [60, 0]],
      features: [['spend', 'still'], ['age', 'still']],
    }; // prettier-ignore
    const known = match({ ...given, overlap: [10, 90, 80, 20] });
    expect(known.keys).toEqual(['segment-2', 'segment-1']);
    expect(known.changes[0]?.text).toContain('no feature is common to both versions, 90 %');
    expect(match(given).keys).toEqual(['segment-3', 'segment-4']);
  });

  it('tells concentric segments apart by size, or by customers', () => {
    const before = [[1, 1], [1, 1], [4, 4]] as [number, number][]; // prettier-ignore
    const bySize = match({ before, after: before, sizes: [100, 100, 100] });
    expect(bySize.changes.map(({ kind }) => kind)).toEqual(['KEPT', 'KEPT', 'KEPT']);
    const nudged = match({
      before,
      after: [[1.2, 1], [1.21, 1], [4, 4]],
      overlap: [5, 95, 0, 95, 5, 0, 0, 0, 100],
    }); // prettier-ignore
    expect(nudged.keys).toEqual(['segment-2', 'segment-1', 'segment-3']);
  });

  it('tells concentric segments of other sizes apart by size', () => {
    const centers = [[1, 1], [1, 1], [4, 4]]; // prettier-ignore
    const features = ['spend', 'visits'];
    const side = (sizes: number[]) => centers.map((center, i) => ({ center, size: sizes[i] ?? 0 }));
    const before = side([900, 20, 50]).map((each, i) => ({ ...each, key: `segment-${i + 1}` }));
    const after = { features, segments: side([22, 880, 50]) };
    const input = { before: { features, segments: before }, after, spread, overlap: null };
    expect(matchSegments({ ...input, usedKeys: [] }).keys).toEqual([
      'segment-2',
      'segment-1',
      'segment-3',
    ]);
  });

  it('by customers takes a pair that shares more than half of both together, and no other', () => {
    const given: Given = {
      before: [[0, 0], [5, 0]],
      after: [[30, 0], [60, 0]],
      features: [['spend', 'still'], ['age', 'still']],
    }; // prettier-ignore
    // 60 of 140 and 60 of 140; then 70 of 130 and 50 of 110
    expect(match({ ...given, overlap: [60, 40, 40, 60] }).keys).toEqual(['segment-3', 'segment-4']);
    expect(match({ ...given, overlap: [70, 30, 30, 50] }).keys).toEqual(['segment-1', 'segment-3']);
  });

  it('refuses centres and overlaps of another shape', () => {
    expect(() => match({ before: [[0, 0]], after: [[0, 0]], overlap: [1, 2] })).not.toThrow();
    const input = {
      before: { features: ['spend'], segments: [] },
      after: { features: ['spend'], segments: [{ center: [1, 2], size: 1 }] },
      spread,
      overlap: null,
      usedKeys: [],
    };
    expect(() => matchSegments(input)).toThrow('one number for each of 1 features, got 2');
    const overlap = { rows: 2, columns: 1, counts: new Float64Array(2) };
    const after = { features: ['spend'], segments: [{ center: [1], size: 1 }] };
    expect(() => matchSegments({ ...input, after, overlap })).toThrow('0 x 1, got 2 x 1');
  });
});

describe('identity, whatever the segments', () => {
  const center = fc.tuple(fc.integer({ min: -20, max: 20 }), fc.integer({ min: -20, max: 20 }));
  const centers = fc.uniqueArray(center, {
    minLength: 1,
    maxLength: 7,
    selector: ([x, y]) => `${x},${y}`,
  });

  it('keeps every key where the centroids are the same, in any order', () => {
    fc.assert(
      fc.property(centers, fc.nat(), (before, turn) => {
        const after = before.map((_, i) => before[(i + turn) % before.length]!);
        const { keys, changes } = match({ before, after });
        expect(keys).toEqual(after.map((each) => `segment-${before.indexOf(each) + 1}`));
        expect(changes.every(({ kind }) => kind === 'KEPT')).toBe(true);
      }),
    );
  });

  it('gives the same keys to the same segments whatever their numbers', () => {
    const jitter = fc.array(fc.double({ min: -0.4, max: 0.4, noNaN: true }), {
      minLength: 14,
      maxLength: 14,
    });
    fc.assert(
      fc.property(centers, centers, jitter, fc.nat(), (before, places, noise, turn) => {
        const after = places.map(
          ([x, y], i) => [x + noise[2 * i]!, y + noise[2 * i + 1]!] as [number, number],
        );
        const sizes = after.map((_, i) => 10 + i);
        const from = (i: number) => (i + turn) % after.length;
        const straight = match({ before, after, sizes });
        const turned = match({
          before,
          after: after.map((_, i) => after[from(i)]!),
          sizes: sizes.map((_, i) => sizes[from(i)]!),
        });
        expect(turned.keys).toEqual(straight.keys.map((_, i) => straight.keys[from(i)]));
      }),
    );
  });

  it('gives each key once, tells of every segment, and keeps only what is within reach', () => {
    fc.assert(
      fc.property(centers, centers, (before, after) => {
        const { keys, changes } = match({ before, after });
        expect(new Set(keys).size).toBe(after.length);
        const old = before.map((_, i) => `segment-${i + 1}`);
        expect(new Set(changes.flatMap(({ from }) => from))).toEqual(new Set(old));
        expect(new Set(changes.flatMap(({ to }) => to))).toEqual(new Set(keys));
        const reach = (all: [number, number][], i: number) =>
          Math.min(
            ...all.filter((_, j) => j !== i).map(([x, y]) => Math.hypot(x - all[i]![0], y - all[i]![1])), // prettier-ignore
          ) / 2;
        keys.forEach((key, j) => {
          const i = old.indexOf(key);
          if (i < 0 || before.length === 1 || after.length === 1) return;
          const apart = Math.hypot(after[j]![0] - before[i]![0], after[j]![1] - before[i]![1]);
          expect(apart).toBeLessThanOrEqual(reach(before, i) + reach(after, j) + 1e-9);
        });
      }),
    );
  });
});
