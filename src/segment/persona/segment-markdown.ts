import { escapeMarkdown } from '../../kernel/escape.js';
import { cardTable } from '../../model/card-format.js';
import type { SegmentReport } from '../segment.js';
import type { SegmentationReport } from '../segmentation.js';
import { dimensionsOf } from './persona-dimensions.js';
import { figuresOf, numberWords, type NumberWords } from './fill-text.js';
import { labelsIn } from './local-labels.js';
import { tellPersona, type PersonaText } from './persona-text.js';
import { profileOf } from './profile.js';
import { REPORT_WORDS, type ReportWords } from './report-words.js';
import type { PersonaLocale } from './rule-text.js';

/** What the report is written from. */
export interface ReportInput {
  key: string;
  version: number;
  algorithm: string;
  createdAt: Date;
  live: boolean;
  report: SegmentationReport;
  /** By segment key, in the language of the report. */
  names: ReadonlyMap<string, string>;
  /** In the language of `textLocale`; kinds that it has none of in another. */
  texts: readonly PersonaText[];
  /** Of headings and rules. */
  locale: PersonaLocale;
  /** Of texts and numbers. */
  textLocale: string;
}

/**
 * A version of a segmentation as a page of markdown. What people and data wrote (names, values of attributes, texts) is
 * escaped: it can break no table and no heading, and makes no link.
 */
export function segmentationMarkdown(input: ReportInput): string {
  const words = REPORT_WORDS[input.locale];
  const numbers = numberWords(input.textLocale);
  return [
    ...header(input, words, numbers),
    ...overview(input, words, numbers),
    ...changes(input, words),
    ...segmentsOf(input, words, numbers),
  ].join('\n');
}

/** A table as lines, with the blank one that ends it. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [cardTable(head, rows), ''];
}

function nameOf({ names }: ReportInput, key: string): string {
  return escapeMarkdown(names.get(key) ?? key);
}

function header(input: ReportInput, words: ReportWords, numbers: NumberWords): string[] {
  const { report, algorithm, key, version, createdAt, live } = input;
  const { stability, recipe } = report;
  const lines: [string, string][] = [
    [words.made, `${createdAt.toISOString()} (${live ? words.live : words.notLive})`],
    [words.asOf, escapeMarkdown(recipe.asOf)],
    [words.customers, numbers.number(report.rows)],
    [words.algorithm, `${escapeMarkdown(algorithm)}, k = ${report.k}`],
    [words.features, report.recipe.features.map(escapeMarkdown).join(', ')],
    [words.chosenBecause, escapeMarkdown(report.chosenBecause)],
    [
      words.stability,
      words.stabilityText(
        stability.runs,
        stability.mean.toFixed(3),
        stability.standardDeviation.toFixed(3),
      ),
    ],
    [words.diversity, report.diversity.toFixed(3)],
  ];
  const treatments = report.treatments.map((text) => `- ${escapeMarkdown(text)}`);
  return [
    `# ${words.title(escapeMarkdown(key), version)}`,
    '',
    ...lines.map(([name, value]) => `- **${name}**${words.colon}${value}`),
    '',
    ...(treatments.length > 0 ? [`## ${words.treatments}`, '', ...treatments, ''] : []),
  ];
}

function overview(input: ReportInput, words: ReportWords, numbers: NumberWords): string[] {
  const rows = input.report.segments.map(({ key, size, share, persona }) => [
    nameOf(input, key),
    escapeMarkdown(key),
    numbers.number(size),
    numbers.percent(share),
    String(persona.value),
    String(persona.activity),
    words.quadrants[persona.quadrant],
  ]);
  return [`## ${words.segments}`, '', ...table(words.segmentColumns, rows)];
}

function changes({ report }: ReportInput, words: ReportWords): string[] {
  const lines = report.identity.map(
    ({ kind, text }) => `- **${words.changeKinds[kind]}**${words.colon}${escapeMarkdown(text)}`,
  );
  return [`## ${words.changes}`, '', ...(lines.length > 0 ? lines : [words.noChanges]), ''];
}

function segmentsOf(input: ReportInput, words: ReportWords, numbers: NumberWords): string[] {
  const { report } = input;
  const dimensions = dimensionsOf(report);
  const labels = labelsIn(report, input.locale);
  return report.segments.flatMap((segment) => {
    const found = labels.get(segment.key) ?? [];
    const name = input.names.get(segment.key) ?? segment.key;
    const told = tellPersona(input.texts, found, (locale) =>
      figuresOf(segment, dimensions, { name, words: numberWords(locale) }),
    );
    return [
      `## ${nameOf(input, segment.key)}`,
      '',
      words.sizeLine(numbers.number(segment.size), numbers.percent(segment.share)),
      '',
      `### ${words.labels}`,
      '',
      ...table(
        words.labelColumns,
        found.map(({ dimension, label, rule }) => [
          words.dimensions[dimension] ?? escapeMarkdown(dimension),
          escapeMarkdown(label),
          escapeMarkdown(rule),
        ]),
      ),
      ...profileTable(segment, words, numbers),
      ...mixTables(segment, words, numbers),
      ...list(words.traits, told.TRAIT),
      ...list(words.insights, told.INSIGHT),
      ...list(words.strategies, told.STRATEGY),
      ...list(words.goals, told.GOAL),
    ];
  });
}

function profileTable(segment: SegmentReport, words: ReportWords, numbers: NumberWords): string[] {
  const rows = segment.features.map((facts) => {
    const { feature, mean, standardDeviation, overallMean, index, level, scaled } =
      profileOf(facts);
    return [
      escapeMarkdown(feature),
      numbers.number(mean),
      numbers.number(standardDeviation),
      numbers.number(overallMean),
      index === null ? '–' : numbers.number(index),
      scaled.toFixed(2),
      words.levels[level],
    ];
  });
  return rows.length > 0 ? [`### ${words.profile}`, '', ...table(words.profileColumns, rows)] : [];
}

function mixTables(segment: SegmentReport, words: ReportWords, numbers: NumberWords): string[] {
  return segment.mixes.flatMap(({ attribute, values }) => [
    `### ${words.mix(escapeMarkdown(attribute))}`,
    '',
    ...table(
      words.mixColumns,
      values.map(({ value, share, overallShare }) => [
        value === null ? words.unknown : escapeMarkdown(value),
        numbers.percent(share),
        numbers.percent(overallShare),
      ]),
    ),
  ]);
}

function list(title: string, lines: readonly string[]): string[] {
  if (lines.length === 0) return [];
  return [`### ${title}`, '', ...lines.map((line) => `- ${escapeMarkdown(line)}`), ''];
}
