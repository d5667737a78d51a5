import { escapeMarkdown } from '../kernel/escape.js';
import { cardTable, figure, percent } from '../model/card-format.js';
import {
  errorRateOf,
  fallbackRateOf,
  type DayFigures,
  type ReportContent,
} from './daily-report.js';
import type { Day } from './day.js';
import { ratingWords } from './health-sentence.js';

/**
 * A report as a page of Markdown. What people wrote (names, reasons, summaries) is escaped: it breaks no table, makes no
 * heading and no link. The same content gives the same page.
 */
export function reportMarkdown(date: Day, content: ReportContent, soFar: boolean): string {
  const { figures, rating, health, recommendations } = content;
  const sections = [
    [`# Daily report of ${date}${soFar ? ', so far' : ''}`, escapeMarkdown(health)],
    section('Rating', [`**${ratingWords(rating)}** (${rating})`, overview(figures)]),
    section('What to do', [bullets(recommendations.map(escapeMarkdown), 'Nothing.')]),
    section('Predictions', predictionsOf(figures)),
    section('Alerts', alertsOf(figures)),
    section('Drift', driftOf(figures)),
    section('Experiments', experimentsOf(figures)),
    section('Data quality', qualityOf(figures)),
    section('Jobs', jobsOf(figures)),
  ];
  return `${sections.map((lines) => lines.join('\n\n')).join('\n\n')}\n`;
}

function section(title: string, lines: readonly string[]): string[] {
  return [`## ${title}`, ...lines];
}

function bullets(lines: readonly string[], none: string): string {
  return lines.length === 0 ? none : lines.map((line) => `- ${line}`).join('\n');
}

function overview(figures: DayFigures): string {
  const { latencyMs, segmentation, operations } = figures;
  const ms = (value: number | null): string => (value === null ? '–' : `${figure(value)} ms`);
  return cardTable(
    ['figure', 'value'],
    [
      ['error rate', percent(errorRateOf(figures))],
      ['mean response time', ms(latencyMs.mean)],
      [
        '50th, 95th, 99th percentile',
        [latencyMs.p50, latencyMs.p95, latencyMs.p99].map(ms).join(', '),
      ],
      ['answered in the model\u2019s place', percent(fallbackRateOf(figures))],
      ['GraphQL operations', `${figure(operations.requests)}, ${figure(operations.errors)} failed`],
      [
        'diversity',
        segmentation
          ? `${figure(segmentation.diversity)} (${escapeMarkdown(segmentation.key)}, version ${segmentation.version}, ${segmentation.clusters} segments)`
          : '–',
      ],
    ],
  );
}

function predictionsOf({ models }: DayFigures): string[] {
  if (models.length === 0) return ['None were made.'];
  return [
    cardTable(
      ['model', 'predictions', 'positive'],
      models.map(({ name, predictions, positive }) => [
        escapeMarkdown(name),
        figure(predictions),
        percent(predictions > 0 ? positive / predictions : null),
      ]),
    ),
  ];
}

function alertsOf({ alerts }: DayFigures): string[] {
  const { fired, resolved, firing, loudest } = alerts;
  const told = `${fired} fired, ${resolved} ended, ${firing} not over at the end of the day.`;
  if (loudest.length === 0) return [told];
  return [
    told,
    bullets(
      loudest.map(
        ({ severity, summary, firedAt, resolvedAt }) =>
          `**${severity}** ${escapeMarkdown(summary)} (from ${firedAt}${resolvedAt === null ? ', not over' : ` to ${resolvedAt}`})`,
      ),
      '',
    ),
  ];
}

function driftOf({ drifted }: DayFigures): string[] {
  if (drifted.length === 0) return ['No model drifted.'];
  return [
    cardTable(
      ['model', 'features that drifted', 'consequence', 'action'],
      drifted.map(({ model, driftedShare, consequence, action }) => [
        escapeMarkdown(model),
        percent(driftedShare),
        figure(consequence),
        escapeMarkdown(action),
      ]),
    ),
  ];
}

function experimentsOf({ experiments }: DayFigures): string[] {
  return [
    bullets(
      experiments.map(
        ({ key, status, decision, reason }) =>
          `${escapeMarkdown(key)} (${escapeMarkdown(status)}): ${decision === null ? 'not looked at yet' : escapeMarkdown(decision)}${reason === null ? '' : `; ${escapeMarkdown(reason)}`}`,
      ),
      'None ran.',
    ),
  ];
}

function qualityOf({ dataQuality }: DayFigures): string[] {
  if (dataQuality.length === 0) return ['No table was looked at yet.'];
  return [
    cardTable(
      ['table', 'status', 'scanned', 'checks that are not OK'],
      dataQuality.map(({ table, status, scannedAt, checks }) => [
        escapeMarkdown(table),
        status,
        scannedAt,
        checks
          .map(
            (check) =>
              `${escapeMarkdown(check.name)} (${check.status}, ${figure(check.violations)})`,
          )
          .join('; ') || '–',
      ]),
    ),
  ];
}

function jobsOf({ jobs }: DayFigures): string[] {
  if (jobs.length === 0) return ['None ended.'];
  return [
    cardTable(
      ['kind', 'succeeded', 'failed'],
      jobs.map(({ kind, succeeded, failed }) => [kind, figure(succeeded), figure(failed)]),
    ),
  ];
}
