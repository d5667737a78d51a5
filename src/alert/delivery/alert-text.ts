import type { AlertSnapshot } from '../alert.js';
import type { ChannelMessage } from './channel.js';

/** A message in a line: what happened to how many. */
export function headline({ alerts, test }: Pick<ChannelMessage, 'alerts' | 'test'>): string {
  const [first] = alerts;
  if (test === true || !first) return 'Augury: a test of this channel';
  if (alerts.length === 1) return `[${first.severity}] ${first.status}: ${first.rule}`;
  const count = (status: AlertSnapshot['status']): string | null => {
    const many = alerts.filter((alert) => alert.status === status).length;
    return many > 0 ? `${many} ${status.toLowerCase()}` : null;
  };
  const counts = [
    count('FIRING'),
    count('ACKNOWLEDGED'),
    count('SILENCED'),
    count('RESOLVED'),
    count('PENDING'),
  ].filter((part) => part !== null);
  return `Augury: ${alerts.length} changes of alerts (${counts.join(', ')})`;
}

const SIGNS: Record<AlertSnapshot['comparison'], string> = {
  GT: '>',
  GTE: '>=',
  LT: '<',
  LTE: '<=',
  EQ: '=',
};

/** One change of an alert for people: title, what was measured, since when. */
export function alertLines(alert: AlertSnapshot): { title: string; lines: string[] } {
  const labels = Object.entries(alert.labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
  const { metric, value, comparison, threshold, startedAt, acknowledgedBy } = alert;
  return {
    title: `[${alert.severity}] ${alert.status}: ${alert.rule}`,
    lines: [
      alert.summary,
      `${metric}${labels === '' ? '' : ` {${labels}}`}: ${figure(value)} (rule: ${SIGNS[comparison]} ${figure(threshold)})`,
      `since ${startedAt}${ending(alert)}${acknowledgedBy === null ? '' : `, acknowledged by ${acknowledgedBy}`}`,
    ],
  };
}

function ending({ resolvedAt, silencedUntil }: AlertSnapshot): string {
  if (resolvedAt !== null) return ` until ${resolvedAt}`;
  return silencedUntil === null ? '' : `, silenced until ${silencedUntil}`;
}

const figure = (value: number): string => String(Number(value.toPrecision(6)));

/** What a test tells people. */
export const TEST_TEXT = 'Somebody asked for this message to see whether the channel works.';
