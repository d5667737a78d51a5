import { Arg, Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import type { RequestContext } from '../../graphql/context.js';
import { AppError } from '../../kernel/error.js';
import {
  segmentNode,
  segmentNodes,
  type SegmentNode,
  type SegmentationNode,
} from '../segment-nodes.js';
import { SegmentationType, SegmentType } from '../segment.type.js';
import { CompareToEnum, SegmentComparisonType, type CompareTo } from './comparison.type.js';
import { figuresOf, numberWords } from './fill-text.js';
import { labelsIn } from './local-labels.js';
import { dimensionsOf } from './persona-dimensions.js';
import type { PersonaLoaders } from './persona-loaders.js';
import { tellPersona } from './persona-text.js';
import {
  FeatureProfileType,
  PersonaType,
  PriorityCellType,
  RadarPointType,
} from './persona.type.js';
import { compareSegments, profileOf, radarOf } from './profile.js';
import { personaLocale } from './rule-text.js';
import { segmentationMarkdown } from './segment-markdown.js';

const LOCALE = {
  nullable: true,
  defaultValue: 'en',
  description:
    'Language tag such as en, zh or zh-CN. A language without texts is answered in en, and so is a kind of text that it has none of; `locale` of a persona says which it was.',
} as const;

/** What a segment is like: profile, persona, radar, deep dive. */
@Resolver(() => SegmentType)
export class SegmentPersonaResolver {
  constructor(private readonly deps: PersonaLoaders) {}

  @FieldResolver(() => [FeatureProfileType], {
    description: 'Its numbers beside those of everybody, as of when the version was made.',
  })
  profile(@Root() { report }: SegmentNode): FeatureProfileType[] {
    return report.features.map(profileOf);
  }

  @FieldResolver(() => PersonaType, { description: 'What they are like, and what to do.' })
  async persona(
    @Root() { key, segmentation, report }: SegmentNode,
    @Arg('locale', () => String, LOCALE) tag: string | null,
    @Ctx() context: RequestContext,
  ): Promise<PersonaType> {
    const { locale, texts } = await this.deps.texts(context).load(tag ?? 'en');
    const language = personaLocale(locale);
    const names = await this.deps.names(context, segmentation.model.id, language);
    const labels = labelsIn(segmentation.report, language).get(key) ?? [];
    const name = names.get(key) ?? key;
    const dimensions = dimensionsOf(segmentation.report);
    const told = tellPersona(texts, labels, (textLocale) =>
      figuresOf(report, dimensions, { name, words: numberWords(textLocale) }),
    );
    return {
      ...report.persona,
      labels,
      traits: told.TRAIT,
      insights: told.INSIGHT,
      strategies: told.STRATEGY,
      goals: told.GOAL,
      locale,
    };
  }

  @FieldResolver(() => [RadarPointType], {
    description:
      'A closed polygon of 5 to 12 corners, the first again at the end; the axes are the same for every segment of a version.',
  })
  radar(@Root() { segmentation, report }: SegmentNode): RadarPointType[] {
    const largest = Math.max(...segmentation.report.segments.map(({ share }) => share));
    return radarOf(report, dimensionsOf(segmentation.report), largest);
  }

  @FieldResolver(() => SegmentComparisonType, {
    description: 'Its means and mixes beside those of all customers or of another segment.',
  })
  compare(
    @Root() { segmentation, report }: SegmentNode,
    @Arg('to', () => CompareToEnum, { defaultValue: 'ALL', description: 'The other side.' })
    to: CompareTo,
    @Arg('segment', () => String, {
      nullable: true,
      description: 'Key of the other segment, for SEGMENT.',
    })
    key: string | null,
  ): SegmentComparisonType {
    const other = otherSide(segmentation, to, key ?? null);
    return { to, other, ...compareSegments(report, other?.report ?? null) };
  }
}

/** @throws AppError INVALID when key and side do not fit; NOT_FOUND without such a segment */
function otherSide(
  segmentation: SegmentationNode,
  to: CompareTo,
  key: string | null,
): SegmentNode | null {
  if (to === 'ALL') {
    if (key === null) return null;
    throw new AppError('INVALID', `segment is for to: SEGMENT only, got ${key.slice(0, 80)}`);
  }
  if (key === null) throw new AppError('INVALID', 'to: SEGMENT needs the key of a segment');
  const other = segmentNode(segmentation, key);
  if (other) return other;
  const known = segmentation.report.segments.map((each) => each.key).join(', ');
  throw new AppError('NOT_FOUND', `no segment has the key ${key.slice(0, 80)}; there are ${known}`);
}

export interface SegmentationPersonaDeps extends PersonaLoaders {
  /** Customers now in each segment of the live version, by key; read once a request. */
  liveSizes(context: RequestContext, modelId: string): Promise<ReadonlyMap<string, number>>;
}

/** All segments of a version at once: the matrix of priorities and the report. */
@Resolver(() => SegmentationType)
export class SegmentationPersonaResolver {
  constructor(private readonly deps: SegmentationPersonaDeps) {}

  @FieldResolver(() => [PriorityCellType], {
    description: 'Every segment on the matrix of value and activity; at most 51.',
  })
  async priorityMatrix(
    @Root() segmentation: SegmentationNode,
    @Ctx() context: RequestContext,
  ): Promise<PriorityCellType[]> {
    const { model, live } = segmentation;
    const names = await this.deps.names(context, model.id);
    const sizes = live ? await this.deps.liveSizes(context, model.id) : null;
    const total = sizes ? [...sizes.values()].reduce((sum, size) => sum + size, 0) : 0;
    return segmentNodes(segmentation).map((segment) => {
      const { key, report } = segment;
      const { value, activity, quadrant } = report.persona;
      const size = sizes ? (sizes.get(key) ?? 0) : report.size;
      const share = sizes ? (total > 0 ? size / total : 0) : report.share;
      const name = names.get(key) ?? key;
      return { key, name, value, activity, size, share, quadrant, segment };
    });
  }

  @FieldResolver(() => String, {
    description:
      'All of it as a page of markdown: how it was made, every segment with labels, rules, profile, texts, and what changed since the version before. Headings in English or Chinese; numbers of when the version was made.',
  })
  async report(
    @Root() { key, version, algorithm, createdAt, live, model, report }: SegmentationNode,
    @Arg('locale', () => String, LOCALE) tag: string | null,
    @Ctx() context: RequestContext,
  ): Promise<string> {
    const { locale: textLocale, texts } = await this.deps.texts(context).load(tag ?? 'en');
    const locale = personaLocale(textLocale);
    const names = await this.deps.names(context, model.id, locale);
    return segmentationMarkdown({
      key,
      version,
      algorithm,
      createdAt,
      live,
      report,
      names,
      texts,
      locale,
      textLocale,
    });
  }
}
