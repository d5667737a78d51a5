import type { PersonaLabel } from '../segment.js';
import type { SegmentationReport } from '../segmentation.js';
import { dimensionsOf } from './persona-dimensions.js';
import { labelSegments } from './persona-rules.js';
import { ruleText, type PersonaLocale } from './rule-text.js';

/**
 * The labels that a version keeps, by segment key, with their rules in a language. They are kept in English; in another
 * language the rule is told anew from the numbers, where it still gives that label.
 */
export function labelsIn(
  report: Pick<SegmentationReport, 'segments' | 'recipe'>,
  locale: PersonaLocale,
): ReadonlyMap<string, readonly PersonaLabel[]> {
  const kept = new Map(report.segments.map(({ key, persona }) => [key, persona.labels]));
  if (locale === 'en') return kept;
  const found = labelSegments(report.segments, dimensionsOf(report));
  return new Map(
    report.segments.map(({ key, persona }, i) => [
      key,
      persona.labels.map((own) => {
        const same = found[i]?.find(
          ({ dimension, label }) => dimension === own.dimension && label === own.label,
        );
        return same ? { ...own, rule: ruleText(same.label, same.evidence, locale) } : own;
      }),
    ]),
  );
}
