import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { projectRoot } from '../../../src/plant/paths.js';
import { writePersonaText } from '../../../src/segment/persona/edit-persona-texts.js';
import { figuresOf, fillText, numberWords } from '../../../src/segment/persona/fill-text.js';
import { labelSegments } from '../../../src/segment/persona/persona-rules.js';
import {
  conditionHolds,
  localeChain,
  parseSeedTexts,
  tellPersona,
  TEXT_KINDS,
} from '../../../src/segment/persona/persona-text.js';
import { DEMO_DIMENSIONS, NO_DIMENSIONS } from './populations.js';
import { facts, ranked } from './facts.js';

const file = `${projectRoot}/models/persona/texts.json`;
const shipped = parseSeedTexts(JSON.parse(fs.readFileSync(file, 'utf8')), file);
const inLocale = (locale: string) => shipped.filter((text) => text.locale === locale);

const trait = { kind: 'TRAIT' as const, locale: 'en' };

describe('conditions', () => {
  const labels = [
    { dimension: 'spend', label: 'HIGH' },
    { dimension: 'activity', label: 'LOW' },
  ];
  it.each([
    [{}, true],
    [{ spend: ['HIGH'] }, true],
    [{ spend: ['LOW', 'HIGH'] }, true],
    [{ spend: ['HIGH'], activity: ['LOW'] }, true],
    [{ spend: ['HIGH'], activity: ['HIGH'] }, false],
    [{ recency: ['SILENT'] }, false],
  ])('%j holds: %s', (condition, holds) => {
    expect(conditionHolds(condition, labels)).toBe(holds);
  });
});

describe('placeholders', () => {
  it('are filled as the language writes numbers', () => {
    const segment = facts([
      { feature: 'purchase_sum', mean: 1234.5, overallMean: 500, median: 12.34 },
    ]);
    const write = (locale: string, text: string) =>
      fillText(
        text,
        figuresOf({ ...segment, size: 12_345, share: 0.2345 }, DEMO_DIMENSIONS, {
          name: 'Best',
          words: numberWords(locale),
        }),
      );
    const text = '{name} {size} {share} {spendMean} {spendRatio} {spendMedian}';
    expect(write('en', text)).toBe('Best 12,345 23.5% 1,235 2.47 12.3');
    expect(write('zh', text)).toBe('Best 12,345 23.5% 1,235 2.47 12.3');
    expect(write('de', text)).toBe('Best 12.345 23,5\u00a0% 1.235 2,47 12,3');
    expect(write('en', '{spendMean} {ageMedian}')).toBeNull();
  });

  it('leave a text out where the segment has no such number', () => {
    const texts = [
      { ...trait, key: 'b', condition: {}, position: 2, text: 'in {city}' },
      { ...trait, key: 'a', condition: {}, position: 1, text: 'of {size}' },
    ];
    expect(tellPersona(texts, [], () => ({ size: '7' })).TRAIT).toEqual(['of 7']);
  });

  it('have the numbers of their own language, where they are of two', () => {
    const goal = { kind: 'GOAL' as const, locale: 'de', key: 'c', condition: {}, position: 1 };
    const texts = [
      { ...trait, key: 'a', condition: {}, position: 1, text: 'of {size}' },
      { ...goal, text: 'von {size}' },
    ];
    const told = tellPersona(texts, [], (locale) => ({ size: numberWords(locale).number(1_234) }));
    expect([told.TRAIT, told.GOAL]).toEqual([['of 1,234'], ['von 1.234']]);
  });
});

describe('the texts that come with it', () => {
  const levels = [0.1, 0.5, 0.9];
  const everyPersona = levels.flatMap((spend) =>
    levels.flatMap((frequency) =>
      levels.flatMap((recency) =>
        levels.map((engagement) => ranked([spend, frequency, recency, engagement])),
      ),
    ),
  );

  it('tell every kind of customer something of each kind, in both languages', () => {
    for (const [dimensions, all] of [
      [DEMO_DIMENSIONS, everyPersona],
      [NO_DIMENSIONS, levels.map((rank) => facts([{ feature: 'x', meanRank: rank }]))],
    ] as const)
      for (const segment of all) {
        const [labels = []] = labelSegments([segment], dimensions);
        for (const locale of ['en', 'zh']) {
          const words = numberWords(locale);
          const figures = figuresOf(segment, dimensions, { name: 'n', words });
          const told = tellPersona(inLocale(locale), labels, () => figures);
          for (const kind of TEXT_KINDS) {
            expect(told[kind].length).toBeGreaterThanOrEqual(1);
            expect(told[kind].length).toBeLessThanOrEqual(9);
          }
          expect(JSON.stringify(told)).not.toMatch(/\{\w+\}/);
        }
      }
  });

  it('have a Chinese twin that is Chinese, with the same placeholders', () => {
    const placeholders = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort();
    for (const english of inLocale('en')) {
      const chinese = inLocale('zh').find(
        ({ kind, key }) => kind === english.kind && key === english.key,
      );
      expect(chinese?.condition).toEqual(english.condition);
      const plain = chinese?.text.replace(/\{\w+\}/g, '') ?? '';
      expect(plain).toMatch(/[一-鿿].*[。]$/u);
      expect(plain).not.toMatch(/[a-z]{2}|[,;!?]/i);
      // ratios may be told by one language alone
      expect(placeholders(english.text)).toEqual(placeholders(chinese?.text ?? ''));
    }
  });

  it('speak to three levels of spend, to the engaged and to the silent', () => {
    const strategies = inLocale('en').filter(({ kind }) => kind === 'STRATEGY');
    const about = (dimension: 'spend' | 'engagement' | 'recency') =>
      new Set(strategies.flatMap(({ condition }) => condition[dimension] ?? []));
    expect([...about('spend')].sort()).toEqual(['HIGH', 'LOW', 'MEDIUM']);
    expect([...about('engagement')].sort()).toEqual(['HIGH', 'LOW', 'MEDIUM']);
    expect(about('recency')).toContain('SILENT');
  });

  it.each([
    ['an unknown label', { condition: { spend: ['HUGE'] } }, /HIGH, MEDIUM, LOW/],
    ['a brace that is not closed', { en: 'all of {name' }, /brace that is not closed/],
    ['a brace that is not opened', { zh: 'name} 的' }, /brace that is not closed or not opened/],
    ['an unknown placeholder', { en: 'of {nothing}' }, /unknown placeholder \{nothing\}/],
  ])('are refused with %s, and the row is named', (_, change, message) => {
    const row = { kind: 'GOAL', key: 'k', condition: {}, position: 1, en: 'a', zh: '甲' };
    expect(() => parseSeedTexts([{ ...row, ...change }], 'texts.json')).toThrow(message);
  });
});

describe('languages', () => {
  it.each([
    ['en', ['en']],
    ['zh', ['zh', 'en']],
    ['zh-cn', ['zh-CN', 'zh', 'en']],
    ['pt-BR', ['pt-BR', 'pt', 'en']],
    ['not a tag', ['en']],
    ['', ['en']],
  ])('%j is looked up as %j', (tag, chain) => {
    expect(localeChain(tag)).toEqual(chain);
  });
});

describe('a text from outside', () => {
  const good = { kind: 'GOAL', locale: 'en', key: 'k', condition: {}, position: 1, text: 'a' };
  it.each([
    ['kind', { kind: 'RUMOUR' }, ['input', 'kind']],
    ['locale', { locale: 'english please' }, ['input', 'locale']],
    ['key', { key: 'No Blanks' }, ['input', 'key']],
    ['position', { position: 10_000 }, ['input', 'position']],
    ['empty text', { text: '  ' }, ['input', 'text']],
    ['long text', { text: 'x'.repeat(501) }, ['input', 'text']],
    ['placeholder', { text: '{nothing}' }, ['input', 'text']],
    ['dimension', { condition: { wealth: ['HIGH'] } }, ['input', 'condition', 'wealth']],
    ['label', { condition: { spend: ['HUGE'] } }, ['input', 'condition', 'spend', '0']],
    ['list', { condition: { spend: 'HIGH' } }, ['input', 'condition', 'spend']],
    ['empty list', { condition: { spend: [] } }, ['input', 'condition', 'spend']],
    ['condition', { condition: [] }, ['input', 'condition']],
  ])('is refused for its %s, and the error names the field', async (_, change, path) => {
    const upsert = () => Promise.reject(new Error('must not be called'));
    const { text, errors } = await writePersonaText({ upsert }, { ...good, ...change }, 'me');
    expect(text).toBeNull();
    expect(errors.map((error) => [error.code, error.path])).toEqual([['INVALID', path]]);
    expect(errors[0]?.message).toMatch(/must|unknown/);
  });

  it('is refused where there are too many', async () => {
    const { errors } = await writePersonaText({ upsert: () => Promise.resolve(null) }, good, 'me');
    expect(errors[0]).toMatchObject({ code: 'TOO_LARGE', path: ['input', 'locale'] });
  });
});
