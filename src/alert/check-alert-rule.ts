import { userError, type UserError } from '../kernel/error.js';
import { isStorableText } from '../plant/parameters.js';
import type { AlertRule } from './alert.js';
import { DEFAULT_KEEP_FIRING_SECONDS } from './alert-state.js';
import { metricOf, unknownLabel, unknownMetric } from './metric-catalogue.js';

/** A rule as a caller writes it; null: the default. */
export interface RuleWish {
  name: string;
  description: string | null;
  metric: string;
  labels: Readonly<Record<string, unknown>> | null;
  comparison: AlertRule['comparison'];
  threshold: number;
  forSeconds: number | null;
  keepFiringSeconds: number | null;
  severity: AlertRule['severity'];
  channels: readonly string[] | null;
  enabled: boolean | null;
}

type CheckedRule = Omit<AlertRule, 'id' | 'createdAt' | 'createdBy' | 'updatedAt' | 'deletedAt'>;

/** Rules at most. */
export const MAX_RULES = 200;
/** A week. */
const MAX_SECONDS = 604_800;
const MAX_NAME = 120;
const MAX_DESCRIPTION = 1_000;
const MAX_LABEL = 200;
const MAX_CHANNELS = 20;

/** A wish held against the catalogue and its bounds; every field that is wrong is named. Text is only ever text. */
export function checkRule(
  wish: RuleWish,
  channelNames: readonly string[],
): { checked: CheckedRule; errors: [] } | { checked: null; errors: UserError[] } {
  const { name, metric, comparison, threshold, severity } = wish;
  const description = wish.description ?? '';
  const forSeconds = wish.forSeconds ?? 0;
  const keepFiringSeconds = wish.keepFiringSeconds ?? DEFAULT_KEEP_FIRING_SECONDS;
  const channels = [...new Set(wish.channels ?? [])];
  const errors = [
    ...textErrors('name', name, 1, MAX_NAME),
    ...textErrors('description', description, 0, MAX_DESCRIPTION),
    ...labelErrors(metric, wish.labels ?? {}),
    ...thresholdErrors(metric, threshold),
    ...secondsErrors('forSeconds', forSeconds),
    ...secondsErrors('keepFiringSeconds', keepFiringSeconds),
    ...channelErrors(channels, channelNames),
  ];
  if (errors.length > 0) return { checked: null, errors };
  const labels = { ...wish.labels } as Record<string, string>;
  const enabled = wish.enabled ?? true;
  return {
    checked: {
      ...{ name: name.trim(), description, metric, labels, comparison, threshold },
      ...{ forSeconds, keepFiringSeconds, severity, channels, enabled },
    },
    errors: [],
  };
}

function invalid(message: string, ...path: string[]): UserError {
  return userError('INVALID', message, ...path);
}

function textErrors(field: string, text: string, min: number, max: number): UserError[] {
  const length = field === 'name' ? text.trim().length : text.length;
  if (length < min || length > max)
    return [
      invalid(
        `${field} must be ${min}..${max.toLocaleString('en-US')} characters, got ${length}`,
        field,
      ),
    ];
  return isStorableText(text)
    ? []
    : [invalid(`${field} must not hold U+0000 or half of a surrogate pair`, field)];
}

/** A threshold that no value can come to makes a rule that never holds, or always: `5` where `0.05` was meant. */
function thresholdErrors(name: string, threshold: number): UserError[] {
  if (!Number.isFinite(threshold))
    return [invalid(`threshold must be a finite number, got ${threshold}`, 'threshold')];
  const { min = null, max = null, unit = '' } = metricOf(name) ?? {};
  if ((min === null || threshold >= min) && (max === null || threshold <= max)) return [];
  const range =
    min === null ? `at most ${max}` : max === null ? `at least ${min}` : `${min}..${max}`;
  return [
    invalid(`threshold must be ${range}, as ${name} is (${unit}), got ${threshold}`, 'threshold'),
  ];
}

function secondsErrors(field: string, seconds: number): UserError[] {
  if (Number.isInteger(seconds) && seconds >= 0 && seconds <= MAX_SECONDS) return [];
  const message = `${field} must be 0..${MAX_SECONDS.toLocaleString('en-US')}, got ${seconds}`;
  return [invalid(message, field)];
}

function labelErrors(name: string, labels: Readonly<Record<string, unknown>>): UserError[] {
  const metric = metricOf(name);
  if (!metric) return [invalid(unknownMetric(name) ?? `no metric is named ${name}`, 'metric')];
  return Object.entries(labels).flatMap(([label, value]) => {
    const unknown = unknownLabel(metric, label);
    if (unknown !== null) return [invalid(unknown, 'labels', label.slice(0, MAX_LABEL))];
    if (
      typeof value === 'string' &&
      value !== '' &&
      value.length <= MAX_LABEL &&
      isStorableText(value)
    )
      return [];
    const got = typeof value === 'string' ? `${value.length} characters` : typeof value;
    return [
      invalid(
        `label ${label} must be a text of 1..${MAX_LABEL} characters, got ${got}`,
        'labels',
        label,
      ),
    ];
  });
}

function channelErrors(channels: readonly string[], known: readonly string[]): UserError[] {
  if (channels.length > MAX_CHANNELS)
    return [
      invalid(`channels must be at most ${MAX_CHANNELS}, got ${channels.length}`, 'channels'),
    ];
  const there =
    known.length > 0 ? `there are ${[...new Set(known)].join(', ')}` : 'none is configured';
  return channels
    .filter((channel) => !known.includes(channel))
    .map((channel) =>
      invalid(`no channel is named ${JSON.stringify(channel.slice(0, 80))}: ${there}`, 'channels'),
    );
}
