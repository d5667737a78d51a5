import fs from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { escapeMarkdown } from '../../../src/kernel/escape.js';
import { projectRoot } from '../../../src/plant/paths.js';
import { parseSeedTexts, type PersonaText } from '../../../src/segment/persona/persona-text.js';
import { segmentationMarkdown } from '../../../src/segment/persona/segment-markdown.js';
import { DEMO_DIMENSIONS, demoCustomers, segmentsOf } from './populations.js';
import { reportOf } from './report.js';

const file = `${projectRoot}/models/persona/texts.json`;
const texts = parseSeedTexts(JSON.parse(fs.readFileSync(file, 'utf8')), file).map(
  (text, i): PersonaText => ({
    ...text,
    id: String(i),
    updatedAt: new Date(0),
    updatedBy: 'shipped',
  }),
);
const population = demoCustomers(1_000);
const segments = segmentsOf(population, 4);

function page(
  locale: 'en' | 'zh',
  names = new Map([['a', 'Loyal regulars']]),
  facts = segments,
): string {
  return segmentationMarkdown({
    key: 'persona',
    version: 3,
    algorithm: 'kmeans',
    createdAt: new Date('2026-07-01T10:00:00Z'),
    live: true,
    report: reportOf(facts, DEMO_DIMENSIONS),
    names,
    texts: texts.filter((text) => text.locale === locale),
    locale,
    textLocale: locale,
  });
}

/** Cells of a row, told as GitHub does: a bar counts unless it is escaped. */
const cells = (line: string) => line.split(/(?<!\\)\|/).length - 2;

function expectWholeTables(markdown: string): void {
  let width = 0;
  for (const line of markdown.split('\n')) {
    if (!line.startsWith('|')) width = 0;
    else if (width === 0) width = cells(line);
    else expect(cells(line)).toBe(width);
  }
}

describe('the report of a segmentation', () => {
  it.each([
    [
      'en',
      '# Segments of persona, version 3',
      ['Labels', 'Profile', 'Traits', 'Insights', 'Strategies', 'Goals'],
      'Mix of gender',
    ],
    [
      'zh',
      '# persona 分群报告（第 3 版）',
      ['标签', '画像指标', '特征描述', '洞察', '运营策略', '目标'],
      'gender 构成',
    ],
  ] as const)('has every part for each segment in %s', (locale, title, parts, mix) => {
    const markdown = page(locale);
    expect(markdown.startsWith(`${title}\n`)).toBe(true);
    for (const part of [...parts, mix])
      expect(markdown.split('\n').filter((line) => line === `### ${part}`)).toHaveLength(4);
    expect(markdown).toContain('## Loyal regulars');
    expect(markdown).toContain('z became a and b');
    expect(markdown).toContain('0.930');
    expect(markdown).not.toMatch(/undefined|NaN|\{\w+\}/);
    expectWholeTables(markdown);
  });

  it('tells rules in the language of the report', () => {
    expect(page('en')).toContain('mean rank by purchase\\_sum is');
    expect(page('zh')).toContain('计算的平均百分位为');
    expect(page('zh')).not.toContain('mean rank');
  });

  it('cannot be broken by a name or a value of an attribute', () => {
    const evil = 'A|B\n\n# Title <script>alert(1)</script> [x](http://x.example) `code` *b* \\';
    const withCity = segments.map((segment) => ({
      ...segment,
      mixes: segment.mixes.map((mix) => ({
        ...mix,
        values: mix.values.map((each) => ({ ...each, value: evil })),
      })),
    }));
    const names = new Map([
      ['a', evil],
      ['b', evil],
    ]);
    const markdown = page('en', names, withCity);
    expectWholeTables(markdown);
    expect(markdown).not.toContain('<script>');
    expect(markdown).not.toMatch(/^# Title/m);
    expect(markdown).not.toMatch(/(?<!\\)\[x/);
    expect(markdown.split('\n')).toHaveLength(
      page('en', names).split('\n').length + lines(withCity),
    );
  });

  it('escapes any text into one line without an open bar, bracket or tag', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), (text) => {
        const escaped = escapeMarkdown(text);
        expect(escaped).not.toMatch(/[\r\n<>]/);
        // every sign that begins something has an odd number of backslashes before it
        for (const [, slashes = ''] of escaped.matchAll(/(\\*)[|`*_[\]#]/g))
          expect(slashes.length % 2).toBe(1);
      }),
    );
  });

  it.each([
    ['- item', '\\- item'],
    ['1. item', '1\\. item'],
    ['=====', '\\====='],
    ['http://x', 'http:&#47;&#47;x'],
    ['WWW.x', 'WWW&#46;x'],
    ['a@b', 'a&#64;b'],
    ['&amp;', '&amp;amp;'],
    ['忠诚客户', '忠诚客户'],
  ])('writes %j as %j', (text, escaped) => {
    expect(escapeMarkdown(text)).toBe(escaped);
  });
});

/** Lines that the report with every city alike has more: the label of gender is gone, or a city named. */
function lines(facts: typeof segments): number {
  const plain = page('en', new Map(), segments).split('\n').length;
  return page('en', new Map(), facts).split('\n').length - plain;
}
