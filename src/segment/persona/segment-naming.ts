import { encodeNameKey, MAX_NAME_LENGTH } from './segment-name.js';
import type { PersonaDimensions } from '../segmentation-spec.js';
import type { SegmentFacts } from './describe-segments.js';
import type { FoundLabel, LabelDimension } from './label.js';
import { comparedWord, NAME_RULES, NOISE_NAME, TIE_WORDS } from './name-words.js';
import { conditionHolds } from './persona-text.js';
import { labelSegments, placesOf, widestGap } from './persona-rules.js';

/** A segment of a version that is to have a name. */
export interface Nameless {
  key: string;
  facts: Pick<SegmentFacts, 'size' | 'features' | 'mixes'>;
}

interface Candidate extends Nameless {
  labels: readonly FoundLabel[];
  base: string;
  words: string[];
}

/** By these, in this order, segments of one name are told apart. */
const TIE_ORDER = ['frequency', 'recency', 'engagement', 'spend', 'age', 'gender'] as const;
const BUSINESS: readonly string[] = ['spend', 'frequency', 'recency', 'engagement'];
/** A mean rank so far from 0.5 is worth a name: the borders of the levels. */
const NOTABLE = 0.125;

/**
 * A distinct English name for each segment of a version, by key: the first rule of NAME_RULES that holds, or what is
 * high and low where the recipe has no dimensions. Segments of one name get a word for a label in which they
 * differ, then for the feature in which they lie farthest apart, then a number.
 * @param all every segment of the version, for the words are chosen among them
 * @param options.named names that the segmentation has given, by key: those segments keep theirs and are left out of the
 * answer, and nobody else gets one of them, in whatever case
 * @param options.free keys of `named` that only candidates have: their names may be given again
 * @param options.noise key of the segment of those who are in no group
 */
export function nameSegments(
  all: readonly Nameless[],
  dimensions: PersonaDimensions,
  options: {
    named?: ReadonlyMap<string, string>;
    free?: ReadonlySet<string>;
    noise?: string | null;
  } = {},
): Map<string, string> {
  const labels = labelSegments(
    all.map(({ facts }) => facts),
    dimensions,
  );
  const candidates = all.map((segment, i): Candidate => {
    const own = labels[i] ?? [];
    const base =
      segment.key === options.noise ? NOISE_NAME.en : baseName(segment.facts, own, dimensions);
    return { ...segment, labels: own, base, words: [] };
  });
  for (const tied of groupBy(candidates, ({ base }) => base)) addLabelWords(tied);
  for (const tied of groupBy(candidates, fullName)) addComparison(tied, dimensions);
  const own = new Set(all.map(({ key }) => key));
  const binding = [...(options.named ?? [])].filter(
    ([key]) => own.has(key) || !options.free?.has(key),
  );
  const taken = new Set(binding.map(([, name]) => encodeNameKey(name)));
  const names = new Map<string, string>();
  for (const candidate of candidates) {
    if (options.named?.has(candidate.key)) continue;
    const wanted = shorten(fullName(candidate), MAX_NAME_LENGTH);
    let name = wanted;
    for (let n = 2; taken.has(encodeNameKey(name)); n += 1)
      name = `${shorten(wanted, MAX_NAME_LENGTH - 5)} ${n}`;
    taken.add(encodeNameKey(name));
    names.set(candidate.key, name);
  }
  return names;
}

function fullName({ base, words }: Candidate): string {
  return [base, ...words].join(', ');
}

function shorten(name: string, most: number): string {
  return name.length <= most ? name : `${name.slice(0, most - 1).trimEnd()}…`;
}

function baseName(
  facts: Nameless['facts'],
  labels: readonly FoundLabel[],
  dimensions: PersonaDimensions,
): string {
  if (labels.some(({ dimension }) => BUSINESS.includes(dimension)))
    return NAME_RULES.find(({ when }) => conditionHolds(when, labels))?.en ?? 'Average customers';
  const notable = facts.features
    .filter(({ feature }) => feature !== dimensions.age)
    .map(({ feature, meanRank }) => ({ feature, rank: meanRank - 0.5 }))
    .filter(({ rank }) => Math.abs(rank) >= NOTABLE)
    .sort((a, b) => Math.abs(b.rank) - Math.abs(a.rank))
    .slice(0, 2)
    .map(({ feature, rank }) => `${rank > 0 ? 'high' : 'low'} ${feature}`)
    .join(', ');
  return notable === '' ? 'Average customers' : notable.charAt(0).toUpperCase() + notable.slice(1);
}

/** The dimension that splits them best gives each a word. */
function addLabelWords(tied: readonly Candidate[]): void {
  if (tied.length < 2) return;
  const labelOf = (candidate: Candidate, dimension: LabelDimension): string =>
    candidate.labels.find((each) => each.dimension === dimension)?.label ?? '';
  let best: { dimension: LabelDimension; distinct: number } | null = null;
  for (const dimension of TIE_ORDER) {
    const distinct = new Set(tied.map((each) => labelOf(each, dimension))).size;
    if (distinct > (best?.distinct ?? 1)) best = { dimension, distinct };
  }
  if (!best) return;
  for (const candidate of tied) {
    const word = TIE_WORDS[best.dimension]?.[labelOf(candidate, best.dimension)]?.en;
    if (word !== undefined) candidate.words.push(word);
  }
}

/** Those still tied are called after their place in the feature in which they lie farthest apart. */
function addComparison(tied: readonly Candidate[], dimensions: PersonaDimensions): void {
  if (tied.length < 2) return;
  const { feature, ranks } = widestGap(
    tied.map(({ facts }) => facts),
    dimensions,
  );
  const dimension = dimensionOf(feature, dimensions);
  for (const [at, place] of placesOf(ranks).entries()) {
    const where = place === 1 ? 'higher' : place === tied.length ? 'lower' : 'middle';
    tied[at]?.words.push(comparedWord(where, dimension, feature));
  }
}

function dimensionOf(feature: string, dimensions: PersonaDimensions): LabelDimension | null {
  for (const dimension of [...TIE_ORDER]) if (dimensions[dimension] === feature) return dimension;
  return null;
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return [...groups.values()];
}
