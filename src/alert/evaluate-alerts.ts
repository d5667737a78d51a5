import type { Alert, AlertRule, MetricReading } from './alert.js';
import { ALERT_ACTOR, changeOf, endedBy, type AlertChange, type Seen } from './alert-change.js';
import { dedupKeyOf } from './alert-snapshot.js';
import { measure } from './alert-state.js';
import { carries, EVALUATION_FAILED, metricOf } from './metric-catalogue.js';

const EVERY_MS = 15_000;
/**
 * Two workers that look at once look once: the first within this share of the interval does it. Not within all of it:
 * ticks come a little early and a little late, and one that came early would be left out.
 */
const APART_SHARE = 0.5;

/** What an evaluation does inside its one transaction. */
export interface EvaluationTransaction {
  rules: {
    list(): Promise<AlertRule[]>;
    byIds(ids: readonly string[]): Promise<(AlertRule | null)[]>;
  };
  holdsTick(at: Date): Promise<boolean>;
  open(): Promise<Alert[]>;
  apply(changes: readonly AlertChange[], at: Date): Promise<{ told: number; deliveries: number }>;
}

export interface EvaluateAlertsDeps {
  rules(): Promise<AlertRule[]>;
  /** Series of a metric; anything it throws leaves the rules on it as they are. */
  readMetric(name: string, now: Date): Promise<MetricReading[]>;
  claimTick(now: Date, intervalMs: number): Promise<boolean>;
  change<T>(work: (transaction: EvaluationTransaction) => Promise<T>): Promise<T>;
  /** Told after the commit. */
  onChanged(what: { told: number; deliveries: number }): void;
  onUnreadable(metric: string, error: unknown): void;
  newId(): string;
  wall(): Date;
  /** How often it is called; default 15 s. */
  everyMs?: number;
}

/** What a look came to; null: another one did it. */
export type Evaluation = { rules: number; told: number; unreadable: string[] } | null;

/**
 * One look at every enabled rule: reads each metric once, moves the alerts and writes all of it in one transaction. Whoever
 * calls, and however many at once, it happens once a tick.
 */
export function evaluateAlerts(deps: EvaluateAlertsDeps): () => Promise<Evaluation> {
  const apartMs = (deps.everyMs ?? EVERY_MS) * APART_SHARE;
  return async () => {
    const now = deps.wall();
    if (!(await deps.claimTick(now, apartMs))) return null;
    const { readings, unreadable } = await readMetrics(deps, await deps.rules(), now);
    const applied = await deps.change(async (transaction) => {
      if (!(await transaction.holdsTick(now))) return null;
      const rules = await transaction.rules.list();
      const open = await transaction.open();
      const changes = [
        ...lookedAt(rules, readings, open, now, deps.newId),
        ...(await abandoned(transaction, rules, open, now)),
      ];
      return { rules: rules.length, ...(await transaction.apply(changes, now)) };
    });
    if (!applied) return null;
    const { rules, told, deliveries } = applied;
    if (told > 0) deps.onChanged({ told, deliveries });
    return { rules, told, unreadable };
  };
}

type Readings = ReadonlyMap<string, readonly MetricReading[]>;

/** Series by metric, each read once for all its rules; what could not be read is not in it. */
async function readMetrics(
  deps: EvaluateAlertsDeps,
  rules: readonly AlertRule[],
  now: Date,
): Promise<{ readings: Readings; unreadable: string[] }> {
  const names = new Set(rules.filter(({ enabled }) => enabled).map(({ metric }) => metric));
  names.delete(EVALUATION_FAILED);
  const readings = new Map<string, readonly MetricReading[]>();
  const unreadable: string[] = [];
  for (const name of names)
    try {
      readings.set(name, await deps.readMetric(name, now));
    } catch (error) {
      unreadable.push(name);
      deps.onUnreadable(name, error);
    }
  readings.set(
    EVALUATION_FAILED,
    [...names].map((metric) => ({
      labels: { metric },
      value: unreadable.includes(metric) ? 1 : 0,
    })),
  );
  return { readings, unreadable };
}

function lookedAt(
  rules: readonly AlertRule[],
  readings: Readings,
  open: readonly Alert[],
  now: Date,
  newId: () => string,
): AlertChange[] {
  const openByKey = new Map(open.map((alert) => [alert.dedupKey, alert]));
  return rules
    .filter(({ enabled }) => enabled)
    .flatMap((rule) => {
      const series = readings.get(rule.metric);
      // nothing is known of a metric that was not read: its alerts stay as they are
      return series ? seenOf(rule, series, open) : [];
    })
    .flatMap((seen) => changeOf(openByKey.get(seen.dedupKey) ?? null, seen, now, newId) ?? []);
}

/** The series of a rule, and those of its open alerts that have no value any more. */
function seenOf(rule: AlertRule, series: readonly MetricReading[], open: readonly Alert[]): Seen[] {
  const measured = series
    .filter((reading) => carries(reading, rule.labels))
    .map(({ labels, value, userIds = [] }): Seen => {
      const dedupKey = dedupKeyOf(rule.id, labels);
      return { rule, labels, dedupKey, measured: measure(value, rule), userIds };
    });
  const keys = new Set(measured.map(({ dedupKey }) => dedupKey));
  const absent = open
    .filter(({ ruleId, dedupKey }) => ruleId === rule.id && !keys.has(dedupKey))
    .map(({ labels, dedupKey }): Seen => ({ rule, labels, dedupKey, measured: null, userIds: [] }));
  return [...measured, ...absent];
}

/** Alerts whose rule is disabled, deleted, or on a metric that there is not any more are over. */
async function abandoned(
  { rules: store }: Pick<EvaluationTransaction, 'rules'>,
  rules: readonly AlertRule[],
  open: readonly Alert[],
  now: Date,
): Promise<AlertChange[]> {
  const live = new Set(
    rules.filter(({ enabled, metric }) => enabled && metricOf(metric)).map(({ id }) => id),
  );
  const left = open.filter(({ ruleId }) => !live.has(ruleId));
  if (left.length === 0) return [];
  const theirs = await store.byIds(left.map(({ ruleId }) => ruleId));
  const ending = { actor: ALERT_ACTOR, because: 'its rule is not looked at any more' };
  return left.flatMap((alert, index) => {
    const rule = theirs[index];
    return rule ? [endedBy(alert, rule, ending, now)] : [];
  });
}

export interface ReadMetricDeps {
  /** By name: reads all series as of an instant. */
  readers: Readonly<Record<string, (now: Date) => Promise<MetricReading[]>>>;
}

/** Reads metrics by name; those that move slowly are read as often as the catalogue says, and stand meanwhile. */
export function metricReader({
  readers,
}: ReadMetricDeps): (name: string, now: Date) => Promise<MetricReading[]> {
  const held = new Map<string, { at: Date; readings: MetricReading[] }>();
  return async (name, now) => {
    const standsMs = (metricOf(name)?.standsSeconds ?? 0) * 1_000;
    const last = held.get(name);
    const ageMs = last ? now.getTime() - last.at.getTime() : NaN;
    if (last && ageMs >= 0 && ageMs < standsMs) return last.readings;
    const read = readers[name];
    if (!read) throw new Error(`no reader for the metric ${name}`);
    const readings = await read(now);
    if (standsMs > 0) held.set(name, { at: now, readings });
    return readings;
  };
}
