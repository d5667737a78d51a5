import type { LabelDimension } from './label.js';
import type { PersonaLocale } from './rule-text.js';
import type { TextCondition } from './persona-text.js';

/** A short name for segments with these labels. */
export interface NameRule {
  when: TextCondition;
  en: string;
  zh: string;
}

/** The first that holds names the segment. */
export const NAME_RULES: readonly NameRule[] = [
  {
    when: { spend: ['HIGH'], frequency: ['LOW'], recency: ['RECENT', 'MEDIUM'] },
    en: 'Big-ticket buyers',
    zh: '大额低频客户',
  },
  {
    when: { spend: ['HIGH'], recency: ['SILENT'], activity: ['MEDIUM', 'HIGH'] },
    en: 'Fading big spenders',
    zh: '渐行渐远的高消费客户',
  },
  {
    when: { spend: ['HIGH'], activity: ['HIGH'] },
    en: 'Loyal big spenders',
    zh: '忠诚高消费客户',
  },
  {
    when: { spend: ['HIGH'], activity: ['LOW'], recency: ['SILENT'] },
    en: 'Silent big spenders',
    zh: '沉睡高消费客户',
  },
  { when: { spend: ['HIGH'], activity: ['LOW'] }, en: 'Quiet big spenders', zh: '沉寂高消费客户' },
  { when: { spend: ['HIGH'] }, en: 'Steady big spenders', zh: '稳定高消费客户' },
  {
    when: { spend: ['LOW'], frequency: ['HIGH'], recency: ['SILENT'] },
    en: 'Fading small spenders',
    zh: '渐行渐远的小额客户',
  },
  {
    when: { spend: ['LOW'], frequency: ['HIGH'] },
    en: 'Frequent small spenders',
    zh: '高频小额客户',
  },
  {
    when: { spend: ['LOW'], frequency: ['LOW'], recency: ['SILENT'] },
    en: 'Silent occasional buyers',
    zh: '沉睡低频客户',
  },
  {
    when: { spend: ['LOW'], recency: ['SILENT'] },
    en: 'Silent small spenders',
    zh: '沉睡小额客户',
  },
  {
    when: { spend: ['LOW'], engagement: ['HIGH'] },
    en: 'Keen browsers',
    zh: '爱逛少买客户',
  },
  {
    when: { spend: ['LOW'], frequency: ['LOW'], recency: ['RECENT'] },
    en: 'Recent light buyers',
    zh: '近期轻度客户',
  },
  { when: { spend: ['LOW'], activity: ['HIGH'] }, en: 'Lively small spenders', zh: '活跃小额客户' },
  { when: { spend: ['LOW'], activity: ['LOW'] }, en: 'Quiet small spenders', zh: '沉寂小额客户' },
  { when: { spend: ['LOW'] }, en: 'Small spenders', zh: '小额客户' },
  {
    when: { frequency: ['HIGH'], recency: ['SILENT'] },
    en: 'Fading regulars',
    zh: '渐行渐远的常客',
  },
  {
    when: { frequency: ['HIGH'], activity: ['HIGH'] },
    en: 'Loyal regulars',
    zh: '忠诚常客',
  },
  { when: { frequency: ['HIGH'] }, en: 'Little engaged regulars', zh: '互动较少的常客' },
  {
    when: { frequency: ['LOW'], recency: ['SILENT'] },
    en: 'Lapsed occasional buyers',
    zh: '久未光顾的低频客户',
  },
  {
    when: { frequency: ['LOW'], activity: ['HIGH'] },
    en: 'Active occasional buyers',
    zh: '活跃低频客户',
  },
  { when: { frequency: ['LOW'] }, en: 'Occasional buyers', zh: '低频客户' },
  {
    when: { recency: ['SILENT'], activity: ['MEDIUM', 'HIGH'] },
    en: 'Customers long away',
    zh: '久未光顾的客户',
  },
  { when: { activity: ['HIGH'] }, en: 'Active customers', zh: '活跃客户' },
  { when: { activity: ['LOW'] }, en: 'Quiet customers', zh: '沉寂客户' },
  { when: {}, en: 'Average customers', zh: '普通客户' },
];

/** The segment of those who are like no other. */
export const NOISE_NAME = { en: 'Unlike the others', zh: '离群客户' } as const;

/** Words behind a name that several segments have, by dimension and label. */
export const TIE_WORDS: Partial<
  Record<LabelDimension, Readonly<Record<string, Record<PersonaLocale, string>>>>
> = {
  frequency: {
    HIGH: { en: 'frequent', zh: '高频' },
    MEDIUM: { en: 'of usual frequency', zh: '频次中等' },
    LOW: { en: 'infrequent', zh: '低频' },
  },
  recency: {
    RECENT: { en: 'here lately', zh: '近期活跃' },
    MEDIUM: { en: 'here a while ago', zh: '有段时间未来' },
    SILENT: { en: 'long away', zh: '久未光顾' },
  },
  engagement: {
    HIGH: { en: 'engaged', zh: '参与度高' },
    MEDIUM: { en: 'fairly engaged', zh: '参与度中等' },
    LOW: { en: 'little engaged', zh: '参与度低' },
  },
  spend: {
    HIGH: { en: 'of high spend', zh: '消费高' },
    MEDIUM: { en: 'of medium spend', zh: '消费中等' },
    LOW: { en: 'of low spend', zh: '消费低' },
  },
  age: {
    YOUNG: { en: 'young', zh: '年轻' },
    MIDDLE: { en: 'in mid-life', zh: '青壮年' },
    MATURE: { en: 'mature', zh: '年长' },
  },
  gender: {
    MOSTLY_WOMEN: { en: 'mostly women', zh: '女性为主' },
    BALANCED: { en: 'women and men', zh: '男女均衡' },
    MOSTLY_MEN: { en: 'mostly men', zh: '男性为主' },
  },
};

/** Features that several segments of one name differ in, by the dimension that they tell of. */
const COMPARED: Partial<Record<LabelDimension, Record<PersonaLocale, string>>> = {
  spend: { en: 'spend', zh: '消费' },
  frequency: { en: 'frequency', zh: '频次' },
  engagement: { en: 'engagement', zh: '参与度' },
  age: { en: 'age', zh: '年龄' },
};

const PLACES = {
  higher: { zh: '较高' },
  middle: { zh: '居中' },
  lower: { zh: '较低' },
  High: { zh: '偏高' },
  Low: { zh: '偏低' },
} as const;

const AWAY = {
  higher: { en: 'longer away', zh: '离开更久' },
  middle: { en: 'away in between', zh: '离开时间居中' },
  lower: { en: 'here more lately', zh: '最近更常来' },
} as const;

/** `higher spend`, `longer away`: where a segment stands among those of its name. */
export function comparedWord(
  place: 'higher' | 'middle' | 'lower',
  dimension: LabelDimension | null,
  feature: string,
): string {
  if (dimension === 'recency') return AWAY[place].en;
  const subject = dimension === null ? undefined : COMPARED[dimension]?.en;
  return `${place} ${subject ?? feature}`;
}

/**
 * A name that the rules gave, in another language; what is not ours (a name that somebody gave) stays as it is.
 * @param name as kept: in English
 */
export function translateName(name: string, locale: PersonaLocale): string {
  if (locale === 'en') return name;
  const [, words = name, number = ''] = /^(.*?)( \d+)?$/.exec(name) ?? [];
  const [base = '', ...ties] = words.split(', ');
  const whole =
    [...NAME_RULES, NOISE_NAME].find(({ en }) => en === base)?.zh ?? translateLevel(base);
  const translated = ties.map((word) => tieInChinese(word) ?? translateLevel(word));
  if (whole === null || translated.includes(null)) return name;
  const behind = translated.length > 0 ? `（${translated.join('、')}）` : '';
  return `${whole}${behind}${behind === '' ? number : number.trim()}`;
}

function tieInChinese(word: string): string | null {
  for (const labels of [...Object.values(TIE_WORDS), AWAY])
    for (const words of Object.values(labels)) if (words.en === word) return words.zh;
  return null;
}

/** `High tenure`, `low tenure`, `higher spend`. */
function translateLevel(words: string): string | null {
  const [, place = '', subject = ''] =
    /^(higher|middle|lower|[Hh]igh|[Ll]ow) (.+)$/.exec(words) ?? [];
  const key = place === 'high' ? 'High' : place === 'low' ? 'Low' : place;
  if (!(key in PLACES)) return null;
  const known = Object.values(COMPARED).find(({ en }) => en === subject)?.zh;
  const chinese = PLACES[key as keyof typeof PLACES].zh;
  return known === undefined ? `${subject} ${chinese}` : `${known}${chinese}`;
}
