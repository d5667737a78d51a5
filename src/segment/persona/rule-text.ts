import { AGE_LABEL_BORDERS, LEVEL_BORDERS, SKEW_SHARE, type Evidence } from './label.js';

/** Languages that rules, names and reports are written in. */
const PERSONA_LOCALES = ['en', 'zh'] as const;
export type PersonaLocale = (typeof PERSONA_LOCALES)[number];

/** The language of ours that a locale tag asks for: its first part; English for any other. */
export function personaLocale(tag: string): PersonaLocale {
  const [language] = tag.toLowerCase().split('-');
  return PERSONA_LOCALES.find((each) => each === language) ?? 'en';
}

/** The rule by which a label was given, with its numbers, as a sentence. */
export function ruleText(label: string, evidence: Evidence, locale: PersonaLocale): string {
  return locale === 'zh' ? inChinese(label, evidence) : inEnglish(label, evidence);
}

const { low: LOW, high: HIGH } = LEVEL_BORDERS;
const { young: YOUNG, mature: MATURE } = AGE_LABEL_BORDERS;

const digits = (value: number, places: number): string => value.toFixed(places);
const percent = (share: number): string => `${digits(share * 100, 1)}%`;
const ranks = (values: readonly number[]): string =>
  values.map((value) => digits(value, 3)).join(', ');
const years = (age: number): string => String(Math.round(age * 10) / 10);

function inEnglish(label: string, evidence: Evidence): string {
  switch (evidence.kind) {
    case 'rank': {
      const { feature, meanRank, turned } = evidence;
      const [few, many] = turned ? ['RECENT', 'SILENT'] : ['LOW', 'HIGH'];
      return `mean rank by ${feature} is ${digits(meanRank, 3)}: ${few} up to ${LOW}, ${many} from ${HIGH} (0.5 = like everybody; halfway from the median to the quartiles 0.25 and 0.75)`;
    }
    case 'age':
      return `median age is ${years(evidence.median)}: YOUNG below ${YOUNG}, MATURE above ${MATURE}`;
    case 'gender':
      return `${percent(evidence.womenShare)} are women: MOSTLY_WOMEN from ${percent(SKEW_SHARE)}, MOSTLY_MEN up to ${percent(1 - SKEW_SHARE)}`;
    case 'city':
      return `${percent(evidence.share)} are of ${evidence.value}: one city names the segment from ${percent(SKEW_SHARE)}`;
    case 'value':
      return `spend ${evidence.spend ?? 'unknown'}, frequency ${evidence.frequency ?? 'unknown'}: the spend decides, where it is neither HIGH nor LOW the frequency`;
    case 'activity':
      return `recency ${evidence.recency ?? 'unknown'}, engagement ${evidence.engagement ?? 'unknown'}, frequency ${evidence.frequency ?? 'unknown'}: recency and engagement decide, where they cancel out or are MEDIUM the frequency`;
    case 'fallback':
      return `the recipe names no feature for it: the mean rank over all features is ${digits(evidence.meanRank, 3)}: LOW up to ${LOW}, HIGH from ${HIGH}`;
    case 'quadrant':
      return `value ${evidence.value}, activity ${evidence.activity} of 3: ${QUADRANT_REASONS.en[label] ?? ''}`;
    case 'distinction':
      return `has every other label in common with ${evidence.others.length} more; they differ most in ${evidence.feature}: mean rank ${digits(evidence.meanRank, 3)} here, ${ranks(evidence.others)} there`;
  }
}

function inChinese(label: string, evidence: Evidence): string {
  switch (evidence.kind) {
    case 'rank': {
      const { feature, meanRank, turned } = evidence;
      const [few, many] = turned ? ['RECENT', 'SILENT'] : ['LOW', 'HIGH'];
      return `按 ${feature} 计算的平均百分位为 ${digits(meanRank, 3)}：不高于 ${LOW} 为 ${few}，不低于 ${HIGH} 为 ${many}（0.5 表示与总体持平；界线取中位数与 0.25、0.75 分位的中点）`;
    }
    case 'age':
      return `年龄中位数为 ${years(evidence.median)} 岁：小于 ${YOUNG} 岁为 YOUNG，大于 ${MATURE} 岁为 MATURE`;
    case 'gender':
      return `女性占 ${percent(evidence.womenShare)}：达到 ${percent(SKEW_SHARE)} 为 MOSTLY_WOMEN，不超过 ${percent(1 - SKEW_SHARE)} 为 MOSTLY_MEN`;
    case 'city':
      return `${percent(evidence.share)} 的客户来自 ${evidence.value}：单一城市占比达到 ${percent(SKEW_SHARE)} 时以该城市命名`;
    case 'value':
      return `消费 ${evidence.spend ?? '未知'}，频次 ${evidence.frequency ?? '未知'}：以消费为准，消费既非 HIGH 也非 LOW 时看频次`;
    case 'activity':
      return `最近活跃 ${evidence.recency ?? '未知'}，参与度 ${evidence.engagement ?? '未知'}，频次 ${evidence.frequency ?? '未知'}：以最近活跃和参与度为准，两者相抵或均为 MEDIUM 时看频次`;
    case 'fallback':
      return `分群方案未指定对应特征：全部特征的平均百分位为 ${digits(evidence.meanRank, 3)}，不高于 ${LOW} 为 LOW，不低于 ${HIGH} 为 HIGH`;
    case 'quadrant':
      return `价值 ${evidence.value}、活跃度 ${evidence.activity}（满分 3）：${QUADRANT_REASONS.zh[label] ?? ''}`;
    case 'distinction':
      return `其余标签与另外 ${evidence.others.length} 个分群相同；差异最大的是 ${evidence.feature}：平均百分位在此为 ${digits(evidence.meanRank, 3)}，其他为 ${ranks(evidence.others)}`;
  }
}

const QUADRANT_REASONS: Record<PersonaLocale, Readonly<Record<string, string>>> = {
  en: {
    KEEP: 'both at the top',
    RAISE_VALUE: 'value is the weaker side',
    RAISE_ACTIVITY: 'activity is the weaker side',
    WATCH: 'no weaker side, and not at the top',
  },
  zh: {
    KEEP: '两项均为最高',
    RAISE_VALUE: '价值是短板',
    RAISE_ACTIVITY: '活跃度是短板',
    WATCH: '没有明显短板，但也未达最高',
  },
};
