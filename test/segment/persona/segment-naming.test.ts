import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NAME_RULES, NOISE_NAME, translateName } from '../../../src/segment/persona/name-words.js';
import { checkName, MAX_NAME_LENGTH } from '../../../src/segment/persona/segment-name.js';
import { nameSegments } from '../../../src/segment/persona/segment-naming.js';
import { DEMO_DIMENSIONS, demoCustomers, NO_DIMENSIONS, segmentsOf } from './populations.js';
import { facts, ranked } from './facts.js';

const keyed = (all: readonly ReturnType<typeof facts>[]) =>
  all.map((each, i) => ({ key: String.fromCharCode(97 + i), facts: each }));
const namesOf = (...ranks: number[][]) => [
  ...nameSegments(keyed(ranks.map(ranked)), DEMO_DIMENSIONS).values(),
];

describe('names by the rules', () => {
  // spend, frequency, days since, engagement as mean ranks
  it.each([
    ['Loyal big spenders', '忠诚高消费客户', [0.9, 0.8, 0.1, 0.8]],
    ['Silent big spenders', '沉睡高消费客户', [0.9, 0.5, 0.9, 0.4]],
    ['Big-ticket buyers', '大额低频客户', [0.9, 0.1, 0.4, 0.1]],
    ['Frequent small spenders', '高频小额客户', [0.1, 0.9, 0.4, 0.5]],
    ['Silent occasional buyers', '沉睡低频客户', [0.1, 0.1, 0.9, 0.1]],
    ['Keen browsers', '爱逛少买客户', [0.1, 0.2, 0.5, 0.9]],
    ['Recent light buyers', '近期轻度客户', [0.1, 0.1, 0.1, 0.2]],
    ['Loyal regulars', '忠诚常客', [0.5, 0.8, 0.2, 0.6]],
    ['Fading regulars', '渐行渐远的常客', [0.5, 0.8, 0.9, 0.5]],
    ['Fading big spenders', '渐行渐远的高消费客户', [0.9, 0.9, 0.9, 0.9]],
    ['Silent small spenders', '沉睡小额客户', [0.1, 0.5, 0.9, 0.9]],
    ['Customers long away', '久未光顾的客户', [0.5, 0.5, 0.9, 0.9]],
    ['Average customers', '普通客户', [0.5, 0.5, 0.5, 0.5]],
  ])('%s is %s', (english, chinese, ranks) => {
    expect(namesOf(ranks)).toEqual([english]);
    expect(translateName(english, 'zh')).toBe(chinese);
  });

  it('has no name that a label of its segment denies', () => {
    const levels = ['LOW', 'MEDIUM', 'HIGH'];
    const told: string[] = [];
    for (const [i, spend] of levels.entries())
      for (const [j, frequency] of levels.entries())
        for (const [k, recency] of ['RECENT', 'MEDIUM', 'SILENT'].entries())
          for (const l of levels.keys()) {
            const [name = ''] = namesOf([i, j, k, l].map((level) => [0.1, 0.5, 0.9][level] ?? 0));
            const big = /\bbig\b/i.test(name);
            const small = /small|light|browsers|Silent occasional/i.test(name);
            const here = /Loyal|Steady|Frequent|Keen|Recent|Lively|Active|Average/.test(name);
            const away = /Silent|Fading|Lapsed|long away/.test(name);
            if (big !== (spend === 'HIGH')) told.push(`${name}: spend ${spend}`);
            if (small !== (spend === 'LOW')) told.push(`${name}: spend ${spend}`);
            if (here && recency === 'SILENT') told.push(`${name}: recency ${recency}`);
            if (away && recency !== 'SILENT') told.push(`${name}: recency ${recency}`);
            if (/regulars|Frequent/.test(name) && frequency !== 'HIGH')
              told.push(`${name}: frequency ${frequency}`);
            if (/occasional|Big-ticket/.test(name) && frequency !== 'LOW')
              told.push(`${name}: frequency ${frequency}`);
          }
    expect(told).toEqual([]);
  });

  it('has no rule that nobody can reach', () => {
    const ranks = [0.1, 0.5, 0.9];
    const parts = [NO_DIMENSIONS.spend, 'spend', 'frequency', 'recency', 'engagement'] as const;
    const reached = new Set<string>();
    for (const left of parts)
      for (const a of ranks)
        for (const b of ranks)
          for (const c of ranks)
            for (const d of ranks) {
              const dimensions =
                left === null ? DEMO_DIMENSIONS : { ...DEMO_DIMENSIONS, [left]: null };
              const all = keyed([ranked([a, b, c, d])]);
              for (const name of nameSegments(all, dimensions).values()) reached.add(name);
            }
    expect([...reached].sort()).toEqual(NAME_RULES.map(({ en }) => en).sort());
  });

  it('tells two of one name apart by a label in which they differ', () => {
    expect(namesOf([0.9, 0.9, 0.1, 0.9], [0.9, 0.5, 0.1, 0.9])).toEqual([
      'Loyal big spenders, frequent',
      'Loyal big spenders, of usual frequency',
    ]);
  });

  it('tells those of equal labels apart by the feature in which they lie farthest apart', () => {
    const names = namesOf([0.95, 0.9, 0.1, 0.9], [0.7, 0.9, 0.1, 0.9], [0.8, 0.9, 0.1, 0.9]);
    expect(names).toEqual([
      'Loyal big spenders, higher spend',
      'Loyal big spenders, lower spend',
      'Loyal big spenders, middle spend',
    ]);
    expect(names.map((name) => translateName(name, 'zh'))).toEqual([
      '忠诚高消费客户（消费较高）',
      '忠诚高消费客户（消费较低）',
      '忠诚高消费客户（消费居中）',
    ]);
  });

  it('numbers what nothing tells apart', () => {
    const same = [0.9, 0.9, 0.1, 0.9];
    const names = namesOf(same, same, same, same);
    expect(new Set(names).size).toBe(4);
    expect(names.at(-1)).toMatch(/^Loyal big spenders/);
  });

  it('keeps the names that were given and gives nobody else one of them', () => {
    const all = keyed([ranked([0.9, 0.9, 0.1, 0.9]), ranked([0.1, 0.1, 0.9, 0.1])]);
    const named = new Map([
      ['a', 'Our best'],
      ['gone', 'silent  occasional BUYERS'],
    ]);
    expect([...nameSegments(all, DEMO_DIMENSIONS, { named })]).toEqual([
      ['b', 'Silent occasional buyers 2'],
    ]);
    expect(translateName('Silent occasional buyers 2', 'zh')).toBe('沉睡低频客户 2');
    expect(translateName('Silent big spenders, frequent 2', 'zh')).toBe('沉睡高消费客户（高频）2');
  });

  it('gives a name again that only a candidate has, but none twice in one version', () => {
    const alike = ranked([0.1, 0.1, 0.9, 0.1]);
    const named = new Map([['tried', 'Silent occasional buyers']]);
    const free = new Set(['tried']);
    expect([...nameSegments(keyed([alike]), DEMO_DIMENSIONS, { named, free })]).toEqual([
      ['a', 'Silent occasional buyers'],
    ]);
    const own = new Map([['b', 'Silent occasional buyers']]);
    const all = keyed([alike, ranked([0.9, 0.9, 0.1, 0.9])]);
    expect([...nameSegments(all, DEMO_DIMENSIONS, { named: own, free: new Set(['b']) })]).toEqual([
      ['a', 'Silent occasional buyers 2'],
    ]);
  });

  it('says what is high and low where the recipe names no dimension', () => {
    const all = keyed([
      facts([
        { feature: 'tenure', meanRank: 0.9 },
        { feature: 'charges', meanRank: 0.2 },
      ]),
      facts([
        { feature: 'tenure', meanRank: 0.45 },
        { feature: 'charges', meanRank: 0.5 },
      ]),
    ]);
    const names = [...nameSegments(all, NO_DIMENSIONS).values()];
    expect(names).toEqual(['High tenure, low charges', 'Average customers']);
    expect(translateName(names[0]!, 'zh')).toBe('tenure 偏高（charges 偏低）');
  });

  it('names the segment of those who are in no group', () => {
    const names = nameSegments(keyed([ranked([0.9, 0.9, 0.1, 0.9])]), DEMO_DIMENSIONS, {
      noise: 'a',
    });
    expect([...names.values()]).toEqual([NOISE_NAME.en]);
  });

  it('gives every segment of a version a name of its own, whatever they are like', () => {
    const rank = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(rank, rank, rank, rank), { minLength: 1, maxLength: 15 }),
        (all) => {
          const names = namesOf(...all);
          expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(all.length);
          for (const name of names) {
            expect(checkName(name).error).toBeNull();
            // everything that the rules say has a Chinese form
            expect(translateName(name, 'zh')).toMatch(/^[^a-z]+$/);
          }
        },
      ),
    );
  });

  const demo = demoCustomers(1_000);

  it.each([3, 5, 8, 15])('has %i short names for the demo', (k) => {
    const names = nameSegments(keyed(segmentsOf(demo, k)), DEMO_DIMENSIONS);
    expect(new Set(names.values()).size).toBe(k);
    for (const name of names.values()) expect(name.length).toBeLessThanOrEqual(60);
  });

  it('cuts names of long features to the bound', () => {
    const feature = 'a_feature_'.repeat(12);
    const all = keyed([1, 2].map(() => facts([{ feature, meanRank: 0.9 }])));
    for (const name of nameSegments(all, NO_DIMENSIONS).values())
      expect(name.length).toBeLessThanOrEqual(MAX_NAME_LENGTH);
  });

  it('leaves a name that is none of ours as it is', () => {
    for (const name of ['VIP', 'Loyal big spenders, of Lisbon', 'higher'])
      expect(translateName(name, 'zh')).toBe(name);
  });

  it('has no name twice in its list', () => {
    for (const locale of ['en', 'zh'] as const)
      expect(new Set(NAME_RULES.map((rule) => rule[locale])).size).toBe(NAME_RULES.length);
  });
});

describe('a name from outside', () => {
  it.each([
    ['  Our best  ', null, 'Our best'],
    ['', 'name must have 1..80 characters, got 0', ''],
    ['   ', 'name must have 1..80 characters, got 0', ''],
    ['x'.repeat(81), 'name must have 1..80 characters, got 81', null],
    ['𠮷'.repeat(80), null, null],
    ['two\nlines', 'name must be one line of text', null],
  ])('%j', (given, message, kept) => {
    const { name, error } = checkName(given);
    expect(error?.message ?? null).toBe(message);
    if (kept !== null) expect(name).toBe(kept);
  });
});
