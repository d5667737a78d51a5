import { diversityOf, type ServedSegmentation } from '../segmentation.js';

/** Customers in a segment now. */
export interface SegmentCount {
  key: string;
  name: string;
  count: number;
  /** 0..100, of all that are in a segment. */
  percent: number;
}

/** How many customers are in which segment now. */
export interface Distribution {
  total: number;
  /** When somebody last moved, in real time; null without anybody. */
  updatedAt: Date | null;
  /** 1 - sum of the squared shares. */
  diversity: number;
  segments: SegmentCount[];
}

/** Customers of one key, and its name where it has one; keys with a name and without customers count 0. */
export interface CountedKey {
  key: string;
  name: string | null;
  count: number;
  /** When somebody moved last in the segmentation, whatever the key; null where nobody ever did. */
  updatedAt: Date | null;
}

/** The segments of the version in its order, then what is left of former versions, the largest first. */
export function distributionOf(
  rows: readonly CountedKey[],
  { report }: Pick<ServedSegmentation, 'report'>,
): Distribution {
  const rowOf = new Map(rows.map((row) => [row.key, row]));
  const own = report.segments.map(({ key }) => key);
  const former = rows
    .filter(({ key, count }) => count > 0 && !own.includes(key))
    .sort((a, b) => b.count - a.count)
    .map(({ key }) => key);
  const total = rows.reduce((sum, { count }) => sum + count, 0);
  const segments = [...own, ...former].map((key): SegmentCount => {
    const { name = null, count = 0 } = rowOf.get(key) ?? {};
    return { key, name: name ?? key, count, percent: total > 0 ? (100 * count) / total : 0 };
  });
  return {
    total,
    updatedAt: total > 0 ? (rows[0]?.updatedAt ?? null) : null,
    diversity: diversityOf(segments.map(({ count }) => count)),
    segments,
  };
}
