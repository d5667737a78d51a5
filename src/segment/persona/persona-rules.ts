import type { FeatureFacts, Level, MixFacts, Persona, Quadrant } from '../segment.js';
import type { PersonaDimensions } from '../segmentation-spec.js';
import type { SegmentFacts } from './describe-segments.js';
import {
  AGE_LABEL_BORDERS,
  DISTINCTION,
  LEVEL_BORDERS,
  MIXED_CITIES,
  SKEW_SHARE,
  type Evidence,
  type FoundLabel,
  type LabelDimension,
} from './label.js';
import { ruleText, type PersonaLocale } from './rule-text.js';

type Facts = Pick<SegmentFacts, 'features' | 'mixes' | 'size'>;

/** HIGH, MEDIUM or LOW of a mean rank, 0..1; the borders belong to the outer levels. */
export function levelOf(meanRank: number): Level {
  if (meanRank >= LEVEL_BORDERS.high) return 'HIGH';
  return meanRank <= LEVEL_BORDERS.low ? 'LOW' : 'MEDIUM';
}

/** The labels of a segment in a fixed order; what the recipe does not name, or nobody has a value of, is left out. */
export function findLabels(facts: Facts, dimensions: PersonaDimensions): FoundLabel[] {
  const found: FoundLabel[] = [];
  const add = (dimension: LabelDimension, label: string, evidence: Evidence): void => {
    found.push({ dimension, label, evidence });
  };
  for (const dimension of ['spend', 'frequency', 'recency', 'engagement'] as const) {
    const own = numberOf(facts, dimensions[dimension]);
    if (!own) continue;
    const turned = dimension === 'recency';
    const level = levelOf(own.meanRank);
    add(dimension, turned ? RECENCY_LABELS[level] : level, {
      kind: 'rank',
      feature: own.feature,
      meanRank: own.meanRank,
      turned,
    });
  }
  const age = numberOf(facts, dimensions.age);
  if (age) add('age', ageLabel(age.median), { kind: 'age', median: age.median });
  addGender(add, mixOf(facts, dimensions.gender));
  addCity(add, mixOf(facts, dimensions.city));
  addPlace(add, facts, found, dimensions);
  return found;
}

/**
 * What the version keeps of each of its segments: labels with their rules in English, value, activity and quadrant. No
 * two segments have the same labels: those that would are told apart by one more, `distinction`.
 */
export function personasOf(segments: readonly Facts[], dimensions: PersonaDimensions): Persona[] {
  return labelSegments(segments, dimensions).map((found) => {
    const [value, activity] = [pointsIn(found, 'value'), pointsIn(found, 'activity')];
    const quadrant = quadrantOf(value, activity);
    return { labels: withRules(found, 'en'), value, activity, quadrant };
  });
}

/** The labels of all segments of a version, in their order; no two have the same. */
export function labelSegments(
  segments: readonly Facts[],
  dimensions: PersonaDimensions,
): FoundLabel[][] {
  const found = segments.map((facts) => findLabels(facts, dimensions));
  const alike = new Map<string, number[]>();
  for (const [i, labels] of found.entries()) {
    const key = JSON.stringify(labels.map(({ dimension, label }) => [dimension, label]));
    alike.set(key, [...(alike.get(key) ?? []), i]);
  }
  for (const members of alike.values()) {
    if (members.length < 2) continue;
    const tied = members.flatMap((i) => segments[i] ?? []);
    const { feature, ranks } = widestGap(tied, dimensions);
    const places = placesOf(ranks);
    for (const [at, i] of members.entries())
      found[i]?.push({
        dimension: DISTINCTION,
        label: `${feature} ${places[at] ?? 0} of ${members.length}`,
        evidence: {
          kind: 'distinction',
          feature,
          meanRank: ranks[at] ?? 0.5,
          others: ranks.filter((_, other) => other !== at),
        },
      });
  }
  return found;
}

/**
 * The feature in which segments lie farthest apart by mean rank, and the ranks: one that tells spend, frequency, recency
 * or engagement where those differ, else any; the size where segments have no number.
 */
export function widestGap(
  segments: readonly Facts[],
  dimensions: PersonaDimensions,
): { feature: string; ranks: number[] } {
  const { spend, frequency, recency, engagement } = dimensions;
  const telling: readonly (string | null)[] = [spend, frequency, recency, engagement];
  const gaps = (segments[0]?.features ?? []).map(({ feature }, place) => {
    const ranks = segments.map(({ features }) => features[place]?.meanRank ?? 0.5);
    return { feature, ranks, gap: Math.max(...ranks) - Math.min(...ranks) };
  });
  gaps.sort((x, y) => y.gap - x.gap);
  const widest = gaps.find(({ feature, gap }) => gap > 0 && telling.includes(feature)) ?? gaps[0];
  return widest ?? { feature: 'size', ranks: segments.map(({ size }) => size) };
}

/** Places from 1, the largest first; equal values in their order. */
export function placesOf(values: readonly number[]): number[] {
  const order = values
    .map((_, i) => i)
    .sort((a, b) => (values[b] ?? 0) - (values[a] ?? 0) || a - b);
  const places = new Array<number>(values.length).fill(0);
  for (const [place, i] of order.entries()) places[i] = place + 1;
  return places;
}

/** The labels with the sentence of each rule. */
function withRules(found: readonly FoundLabel[], locale: PersonaLocale): Persona['labels'] {
  return found.map(({ dimension, label, evidence }) => ({
    dimension,
    label,
    rule: ruleText(label, evidence, locale),
  }));
}

/**
 * Where a segment belongs on the matrix of value x activity, 1..3 each: the weaker side is the one to raise. Without a
 * weaker side the best are kept (3 and 3) and the rest is watched. So level 2 is the weaker side beside a 3 and the
 * stronger one beside a 1; 2 and 2 has nothing to build on yet and nothing to lose.
 */
export function quadrantOf(value: number, activity: number): Quadrant {
  if (value > activity) return 'RAISE_ACTIVITY';
  if (value < activity) return 'RAISE_VALUE';
  return value === 3 ? 'KEEP' : 'WATCH';
}

/** The mean rank by which a feature counts for people: days since are turned round, so that more is better. */
export function goodRank(
  { feature, meanRank }: FeatureFacts,
  dimensions: PersonaDimensions,
): number {
  return feature === dimensions.recency ? 1 - meanRank : meanRank;
}

/** Mean of those ranks over all features but the age; 0.5 without any. */
function overallRank(facts: Pick<Facts, 'features'>, dimensions: PersonaDimensions): number {
  const counted = facts.features.filter(({ feature }) => feature !== dimensions.age);
  if (counted.length === 0) return 0.5;
  const sum = counted.reduce((total, each) => total + goodRank(each, dimensions), 0);
  return sum / counted.length;
}

const RECENCY_LABELS = { LOW: 'RECENT', MEDIUM: 'MEDIUM', HIGH: 'SILENT' } as const;

type Add = (dimension: LabelDimension, label: string, evidence: Evidence) => void;

function numberOf(facts: Facts, name: string | null): FeatureFacts | null {
  const own = facts.features.find(({ feature }) => feature === name);
  return own && own.missing < facts.size ? own : null;
}

function mixOf({ mixes }: Facts, name: string | null): MixFacts | null {
  return mixes.find(({ attribute }) => attribute === name) ?? null;
}

function ageLabel(median: number): string {
  if (median < AGE_LABEL_BORDERS.young) return 'YOUNG';
  return median > AGE_LABEL_BORDERS.mature ? 'MATURE' : 'MIDDLE';
}

const WOMEN = new Set(['female', 'f', 'woman', 'women', 'w', 'weiblich', 'femme', '女', '女性']);
const MEN = new Set(['male', 'm', 'man', 'men', 'männlich', 'homme', '男', '男性']);

/** Women among those of the mix who are called women or men, 0..1; null when nobody is. */
export function womenShareOf({ values }: MixFacts): number | null {
  let women = 0;
  let men = 0;
  for (const { value, count } of values) {
    const word = (value ?? '').trim().toLowerCase();
    if (WOMEN.has(word)) women += count;
    else if (MEN.has(word)) men += count;
  }
  return women + men > 0 ? women / (women + men) : null;
}

function addGender(add: Add, mix: MixFacts | null): void {
  const womenShare = mix && womenShareOf(mix);
  if (womenShare === null) return;
  // shares are quotients of counts: 3 of 5 is not below 0.6
  const lean =
    womenShare >= SKEW_SHARE
      ? 'MOSTLY_WOMEN'
      : 1 - womenShare >= SKEW_SHARE
        ? 'MOSTLY_MEN'
        : 'BALANCED';
  add('gender', lean, { kind: 'gender', womenShare });
}

/** The city that most live in, and its share of those whose city is known, 0..1. */
export function topCityOf(mix: MixFacts): { value: string; share: number } | null {
  const known = mix.values.filter(({ value }) => value !== null);
  const total = known.reduce((sum, { count }) => sum + count, 0);
  const [top] = known;
  if (!top || top.value === null || total === 0) return null;
  return { value: top.value, share: top.count / total };
}

function addCity(add: Add, mix: MixFacts | null): void {
  const top = mix && topCityOf(mix);
  if (!top) return;
  add('city', top.share >= SKEW_SHARE ? top.value : MIXED_CITIES, { kind: 'city', ...top });
}

const SIGNS: Readonly<Record<string, number>> = { HIGH: 1, RECENT: 1, LOW: -1, SILENT: -1 };
const LEVEL_OF_SIGN = { '-1': 'LOW', '0': 'MEDIUM', '1': 'HIGH' } as const;

/** The sign of the sum of what the labels say: 1 for HIGH and RECENT, -1 for LOW and SILENT. */
function signOf(...labels: (string | null)[]): -1 | 0 | 1 {
  const sum = labels.reduce((total, label) => total + (SIGNS[label ?? ''] ?? 0), 0);
  return sum > 0 ? 1 : sum < 0 ? -1 : 0;
}

function addPlace(
  add: Add,
  facts: Facts,
  found: readonly FoundLabel[],
  dimensions: PersonaDimensions,
): void {
  const label = (dimension: LabelDimension): string | null =>
    found.find((each) => each.dimension === dimension)?.label ?? null;
  const [spend, frequency] = [label('spend'), label('frequency')];
  const [recency, engagement] = [label('recency'), label('engagement')];
  const fallback = (dimension: 'value' | 'activity'): void => {
    const meanRank = overallRank(facts, dimensions);
    add(dimension, levelOf(meanRank), { kind: 'fallback', meanRank });
  };
  // the frequency decides where the others do not
  const level = (...labels: (string | null)[]): Level => {
    const sign = signOf(...labels);
    return LEVEL_OF_SIGN[sign === 0 ? signOf(frequency) : sign];
  };
  if (spend === null && frequency === null) fallback('value');
  else add('value', level(spend), { kind: 'value', spend, frequency });
  if (recency === null && engagement === null && frequency === null) fallback('activity');
  else
    add('activity', level(recency, engagement), {
      kind: 'activity',
      recency,
      engagement,
      frequency,
    });
  const [value, activity] = [pointsIn(found, 'value'), pointsIn(found, 'activity')];
  add('quadrant', quadrantOf(value, activity), { kind: 'quadrant', value, activity });
}

const POINTS: Readonly<Record<string, number>> = { LOW: 1, MEDIUM: 2, HIGH: 3 };

function pointsIn(found: readonly FoundLabel[], dimension: 'value' | 'activity'): number {
  return POINTS[found.find((each) => each.dimension === dimension)?.label ?? ''] ?? 2;
}
