import type { Level, Quadrant } from '../segment.js';
import type { IdentityChange } from '../segmentation.js';
import type { PersonaLocale } from './rule-text.js';

/** Headings and words of a report in one language. */
export interface ReportWords {
  title(key: string, version: number): string;
  colon: string;
  made: string;
  live: string;
  notLive: string;
  asOf: string;
  customers: string;
  algorithm: string;
  features: string;
  chosenBecause: string;
  stability: string;
  stabilityText(runs: number, mean: string, deviation: string): string;
  diversity: string;
  treatments: string;
  segments: string;
  segmentColumns: readonly string[];
  changes: string;
  noChanges: string;
  changeKinds: Readonly<Record<IdentityChange['kind'], string>>;
  sizeLine(size: string, share: string): string;
  labels: string;
  labelColumns: readonly string[];
  dimensions: Readonly<Record<string, string>>;
  profile: string;
  profileColumns: readonly string[];
  levels: Readonly<Record<Level, string>>;
  quadrants: Readonly<Record<Quadrant, string>>;
  mix(attribute: string): string;
  mixColumns: readonly string[];
  unknown: string;
  traits: string;
  insights: string;
  strategies: string;
  goals: string;
}

/** The report's words; the sentences of a version (why it was chosen, what changed) are kept in English alone. */
export const REPORT_WORDS: Readonly<Record<PersonaLocale, ReportWords>> = {
  en: {
    title: (key, version) => `Segments of ${key}, version ${version}`,
    colon: ': ',
    made: 'Made',
    live: 'live',
    notLive: 'not live',
    asOf: 'As of',
    customers: 'Customers',
    algorithm: 'Algorithm',
    features: 'Features',
    chosenBecause: 'Chosen because',
    stability: 'Stability',
    stabilityText: (runs, mean, deviation) =>
      `adjusted Rand index ${mean} ± ${deviation} between ${runs} runs on samples`,
    diversity: 'Diversity',
    treatments: 'What was done to the data',
    segments: 'Segments',
    segmentColumns: ['Segment', 'Key', 'Customers', 'Share', 'Value', 'Activity', 'Quadrant'],
    changes: 'Since the version before',
    noChanges: 'There is no version before, or nothing was compared.',
    changeKinds: {
      KEPT: 'Kept',
      SPLIT: 'Split',
      MERGED: 'Merged',
      APPEARED: 'Appeared',
      VANISHED: 'Vanished',
    },
    sizeLine: (size, share) => `${size} customers, ${share} of all.`,
    labels: 'Labels',
    labelColumns: ['Dimension', 'Label', 'Rule'],
    dimensions: {
      spend: 'Spend',
      frequency: 'Frequency',
      recency: 'Recency',
      engagement: 'Engagement',
      age: 'Age',
      gender: 'Gender',
      city: 'City',
      value: 'Value',
      activity: 'Activity',
      quadrant: 'Quadrant',
      distinction: 'Distinction',
    },
    profile: 'Profile',
    profileColumns: ['Feature', 'Mean', 'Deviation', 'Overall', 'Index', 'Mean rank', 'Level'],
    levels: { LOW: 'low', MEDIUM: 'medium', HIGH: 'high' },
    quadrants: {
      KEEP: 'keep',
      RAISE_VALUE: 'raise value',
      RAISE_ACTIVITY: 'raise activity',
      WATCH: 'watch',
    },
    mix: (attribute) => `Mix of ${attribute}`,
    mixColumns: ['Value', 'Here', 'Overall'],
    unknown: 'unknown',
    traits: 'Traits',
    insights: 'Insights',
    strategies: 'Strategies',
    goals: 'Goals',
  },
  zh: {
    title: (key, version) => `${key} 分群报告（第 ${version} 版）`,
    colon: '：',
    made: '生成时间',
    live: '当前生效',
    notLive: '未生效',
    asOf: '数据截至',
    customers: '客户数',
    algorithm: '算法',
    features: '特征',
    chosenBecause: '入选理由',
    stability: '稳定性',
    stabilityText: (runs, mean, deviation) =>
      `${runs} 次抽样重跑之间的调整兰德指数为 ${mean} ± ${deviation}`,
    diversity: '多样性',
    treatments: '数据处理说明',
    segments: '分群一览',
    segmentColumns: ['分群', '标识', '客户数', '占比', '价值', '活跃度', '象限'],
    changes: '与上一版相比',
    noChanges: '没有上一版，或未作比较。',
    changeKinds: {
      KEPT: '延续',
      SPLIT: '拆分',
      MERGED: '合并',
      APPEARED: '新增',
      VANISHED: '消失',
    },
    sizeLine: (size, share) => `共 ${size} 名客户，占全部客户的 ${share}。`,
    labels: '标签',
    labelColumns: ['维度', '标签', '规则'],
    dimensions: {
      spend: '消费',
      frequency: '频次',
      recency: '最近活跃',
      engagement: '参与度',
      age: '年龄',
      gender: '性别',
      city: '城市',
      value: '价值',
      activity: '活跃度',
      quadrant: '象限',
      distinction: '区别',
    },
    profile: '画像指标',
    profileColumns: ['特征', '均值', '标准差', '总体均值', '指数', '平均百分位', '水平'],
    levels: { LOW: '低', MEDIUM: '中', HIGH: '高' },
    quadrants: {
      KEEP: '重点维护',
      RAISE_VALUE: '提升价值',
      RAISE_ACTIVITY: '提升活跃',
      WATCH: '持续观察',
    },
    mix: (attribute) => `${attribute} 构成`,
    mixColumns: ['取值', '本群', '总体'],
    unknown: '未知',
    traits: '特征描述',
    insights: '洞察',
    strategies: '运营策略',
    goals: '目标',
  },
};
