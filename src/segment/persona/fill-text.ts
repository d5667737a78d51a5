import type { FeatureFacts } from '../segment.js';
import type { PersonaDimensions } from '../segmentation-spec.js';
import type { SegmentFacts } from './describe-segments.js';
import { topCityOf, womenShareOf } from './persona-rules.js';

const MEASURED = ['spend', 'frequency', 'recency', 'engagement'] as const;

/** What a text may hold in braces. */
export const PLACEHOLDERS = [
  'name',
  'size',
  'share',
  ...MEASURED.flatMap(
    (dimension) =>
      [
        `${dimension}Mean`,
        `${dimension}Median`,
        `${dimension}Overall`,
        `${dimension}Ratio`,
      ] as const,
  ),
  'ageMean',
  'ageMedian',
  'womenShare',
  'menShare',
  'city',
  'cityShare',
] as const;
export type Placeholder = (typeof PLACEHOLDERS)[number];

/** What stands for each placeholder, written as the language does; those without a figure are left out. */
export type Figures = Partial<Record<Placeholder, string>>;

const BRACES = /\{([^{}]*)\}/g;

/** Replaces {placeholders}; null where one has no figure. */
export function fillText(text: string, figures: Figures): string | null {
  const figureOf = (name: string): string | undefined => figures[name as Placeholder];
  const names = [...text.matchAll(BRACES)].map(([, name = '']) => name);
  if (names.some((name) => figureOf(name) === undefined)) return null;
  return text.replace(BRACES, (whole, name: string) => figureOf(name) ?? whole);
}

/** Numbers as a language writes them. */
export interface NumberWords {
  number(value: number): string;
  /** Of a share, 0..1, to one decimal. */
  percent(share: number): string;
}

/** Whole from 100 on, one decimal from 10 on, two below. @param locale a language tag; one unknown counts as English */
export function numberWords(locale: string): NumberWords {
  const known = Intl.NumberFormat.supportedLocalesOf([locale]).length > 0 ? locale : 'en';
  const formats = [0, 1, 2].map(
    (places) => new Intl.NumberFormat(known, { maximumFractionDigits: places }),
  );
  const share = new Intl.NumberFormat(known, { style: 'percent', maximumFractionDigits: 1 });
  return {
    number(value) {
      const size = Math.abs(value);
      const format = formats[size >= 100 ? 0 : size >= 10 ? 1 : 2];
      return format?.format(value) ?? String(value);
    },
    percent: (value) => share.format(value),
  };
}

/** The figures of a segment, by placeholder. */
export function figuresOf(
  segment: Pick<SegmentFacts, 'size' | 'share' | 'features' | 'mixes'>,
  dimensions: PersonaDimensions,
  { name, words }: { name: string; words: NumberWords },
): Figures {
  const figures: Figures = {
    name,
    size: words.number(segment.size),
    share: words.percent(segment.share),
  };
  const known = (feature: string | null): FeatureFacts | undefined =>
    segment.features.find((each) => each.feature === feature && each.missing < segment.size);
  for (const dimension of MEASURED) {
    const facts = known(dimensions[dimension]);
    if (!facts) continue;
    figures[`${dimension}Mean`] = words.number(facts.mean);
    figures[`${dimension}Median`] = words.number(facts.median);
    figures[`${dimension}Overall`] = words.number(facts.overallMean);
    if (facts.overallMean !== 0)
      figures[`${dimension}Ratio`] = words.number(facts.mean / facts.overallMean);
  }
  const age = known(dimensions.age);
  if (age) {
    figures.ageMean = words.number(age.mean);
    figures.ageMedian = words.number(age.median);
  }
  return { ...figures, ...mixFigures(segment, dimensions, words) };
}

function mixFigures(
  { mixes }: Pick<SegmentFacts, 'mixes'>,
  { gender, city }: PersonaDimensions,
  words: NumberWords,
): Figures {
  const mix = (name: string | null) => mixes.find(({ attribute }) => attribute === name);
  const [genders, cities] = [mix(gender), mix(city)];
  const women = genders ? womenShareOf(genders) : null;
  const top = cities && topCityOf(cities);
  return {
    ...(women === null
      ? {}
      : { womenShare: words.percent(women), menShare: words.percent(1 - women) }),
    ...(top ? { city: top.value, cityShare: words.percent(top.share) } : {}),
  };
}
