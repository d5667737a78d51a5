import type { EventRow } from '../../src/event/event.js';
import type { UserRow } from '../../src/user/user.js';

const DAY = 86_400_000;

/**
 * The start features of one user, written out by hand from their descriptions: no part of the compiler is
 * used. null = missing.
 */
export function referenceFeatures(
  user: UserRow,
  all: readonly EventRow[],
  asOf: Date,
): Record<string, number | string | null> {
  const events = all.filter((event) => event.user === user.externalId && event.at < asOf);
  const days = (event: { at: Date }): number => (asOf.getTime() - event.at.getTime()) / DAY;
  const typed = (type: string): EventRow[] => events.filter((event) => event.type === type);
  const within = (list: readonly EventRow[], n: number): EventRow[] =>
    list.filter((event) => days(event) <= n);
  const values = (list: readonly EventRow[]): number[] =>
    list.flatMap((event) => (event.value === null ? [] : [event.value]));
  const property = (list: readonly EventRow[], name: string): number[] =>
    list.flatMap((event) => {
      const value = event.properties?.[name];
      return typeof value === 'number' ? [value] : [];
    });
  const activeDays = (list: readonly EventRow[]): number =>
    new Set(list.map((event) => event.at.toISOString().slice(0, 10))).size;
  const isLate = (event: EventRow): boolean =>
    event.at.getUTCHours() >= 22 || event.at.getUTCHours() < 6;

  const purchases = typed('purchase');
  const sessions = typed('session_start');
  const sessionEnds = typed('session_end');
  const pageViews = typed('page_view');
  const tickets = typed('ticket');
  // (asOf - from, asOf - to] as days ago
  const between = (list: readonly EventRow[], from: number, to: number): EventRow[] =>
    list.filter((event) => days(event) <= from && days(event) > to);
  const trend = (list: readonly EventRow[]): number | null => {
    const [now, before] = [between(list, 30, 0).length, between(list, 60, 30).length];
    return now + before === 0 ? null : (now - before) / (now + before);
  };
  const evening = events.filter((event) => event.at.getUTCHours() >= 18).length;
  const byInstant = (list: readonly EventRow[]): EventRow[] =>
    list
      .filter((event) => event.value !== null)
      .sort((a, b) => a.at.getTime() - b.at.getTime() || (a.value ?? 0) - (b.value ?? 0));
  const solved = mean(values(typed('ticket_resolved')));
  const stated = mean(property(tickets, 'resolution_hours'));
  const issues = tickets.flatMap((event) => textOf(event.properties?.['issue_type']) ?? []);
  const last = (list: readonly EventRow[]): number | null =>
    list.length ? Math.min(...list.map(days)) : null;
  const first = (list: readonly EventRow[]): number | null =>
    list.length ? Math.max(...list.map(days)) : null;
  const registered =
    user.registeredAt && user.registeredAt < asOf ? days({ at: user.registeredAt }) : null;
  const tenure = registered ?? first(events);
  const amounts = values(purchases);
  const firstPurchase = first(purchases);
  const lastPurchase = last(purchases);
  const purchaseDays = activeDays(purchases);
  const sessionMean = mean(values(sessionEnds));
  const cap = (value: number | null, limit: number): number => Math.min(value ?? 0, limit) / limit;
  const circle = (event: EventRow): number => (2 * Math.PI * (event.at.getTime() % DAY)) / DAY;
  const lastActivity = last(events);
  const [lastStart, lastEnd] = [last(sessions), last(sessionEnds)];

  return {
    days_since_last_purchase: lastPurchase,
    days_since_first_purchase: firstPurchase,
    purchase_recency_days: lastPurchase ?? 999,
    purchase_count: purchases.length,
    purchase_sum: sum(amounts),
    purchase_mean: mean(amounts),
    purchase_min: amounts.length ? Math.min(...amounts) : null,
    purchase_max: amounts.length ? Math.max(...amounts) : null,
    purchase_first_amount: byInstant(purchases)[0]?.value ?? null,
    purchase_last_amount: byInstant(purchases).at(-1)?.value ?? null,
    purchase_days: purchaseDays,
    purchase_gap_mean_days:
      firstPurchase !== null && lastPurchase !== null && purchaseDays > 1
        ? (firstPurchase - lastPurchase) / (purchaseDays - 1)
        : null,
    purchase_count_7d: within(purchases, 7).length,
    purchase_count_30d: within(purchases, 30).length,
    purchase_count_90d: within(purchases, 90).length,
    purchase_sum_7d: sum(values(within(purchases, 7))),
    purchase_sum_30d: sum(values(within(purchases, 30))),
    purchase_sum_90d: sum(values(within(purchases, 90))),
    purchase_frequency: tenure === null || tenure === 0 ? 0 : purchases.length / tenure,
    purchase_share_above_p90: shareAbove(amounts, 0.9),
    late_night_purchase_count: purchases.filter(isLate).length,
    purchase_items: sum(property(purchases, 'quantity')),
    event_count: events.length,
    days_since_last_activity: lastActivity,
    days_since_first_activity: first(events),
    days_since_registration: registered,
    tenure_days: tenure,
    user_lifetime_days: lastActivity === null ? null : (first(events) ?? 0) - lastActivity,
    device_count: new Set(events.flatMap(({ device }) => device ?? [])).size,
    event_count_30d: within(events, 30).length,
    event_count_30d_before: between(events, 60, 30).length,
    event_trend_30d: trend(events),
    session_count_30d_before: between(sessions, 60, 30).length,
    session_trend_30d: trend(sessions),
    purchase_count_30d_before: between(purchases, 60, 30).length,
    purchase_trend_30d: trend(purchases),
    activity_consistency:
      lastActivity === null
        ? null
        : Math.min(
            1,
            activeDays(within(events, 90)) / Math.max(1, Math.min(90, first(events) ?? 0)),
          ),
    evening_event_share: events.length ? evening / events.length : null,
    evening_user: events.length ? Number(evening / events.length > 0.5) : null,
    active_days_30d: activeDays(within(events, 30)),
    active_days_90d: activeDays(within(events, 90)),
    session_count: sessions.length,
    session_count_7d: within(sessions, 7).length,
    session_count_30d: within(sessions, 30).length,
    session_count_90d: within(sessions, 90).length,
    session_seconds_mean: sessionMean,
    session_seconds_sum: sum(values(sessionEnds)),
    days_since_session_start: lastStart,
    days_since_session_end: lastEnd,
    in_session: Number(lastStart !== null && lastStart < Math.min(1, lastEnd ?? 1)),
    page_view_count: pageViews.length,
    page_view_count_30d: within(pageViews, 30).length,
    late_night_event_count: events.filter(isLate).length,
    late_night_share: events.length ? events.filter(isLate).length / events.length : null,
    activity_hour_sine: mean(within(events, 90).map((event) => Math.sin(circle(event)))),
    activity_hour_cosine: mean(within(events, 90).map((event) => Math.cos(circle(event)))),
    recency_score: lastActivity === null ? 0 : 1 / (lastActivity + 1),
    engagement_score:
      (cap(sessions.length, 100) + cap(sessionMean, 3600) + cap(pageViews.length, 50)) / 3,
    ticket_count_90d: within(tickets, 90).length,
    ticket_satisfaction_mean: mean(values([...tickets, ...typed('ticket_rated')])),
    ticket_resolution_seconds_mean: solved,
    ticket_stated_resolution_hours_mean: stated,
    ticket_resolution_hours_mean: solved === null ? stated : solved / 3600,
    ticket_issue_types: new Set(issues).size,
    age: typeof user.attributes?.['age'] === 'number' ? user.attributes['age'] : null,
    gender: textOf(user.attributes?.['gender']),
    city_tier: textOf(user.attributes?.['cityTier']),
    membership_level: textOf(user.attributes?.['membershipLevel']),
    device_type: textOf(user.attributes?.['deviceType']),
  };
}

/**
 * The fitted features, by their descriptions: which fifth or quarter of `everyone` (the references of the
 * customers fitted on) a value lies in. Ties move a border up to the next value, so that no part is empty.
 */
export function referenceTiers(
  everyone: readonly Record<string, number | string | null>[],
): (own: Record<string, number | string | null>) => Record<string, number | string | null> {
  const known = new Map<string, number[]>();
  const borders = (name: string, parts: number): number[] => {
    const key = `${name} ${parts}`;
    const found = known.get(key);
    if (found) return found;
    const values = everyone.flatMap((row) => (typeof row[name] === 'number' ? [row[name]] : []));
    const made = bordersOf(values, parts);
    known.set(key, made);
    return made;
  };
  return (own) => tiersOf(own, borders);
}

function tiersOf(
  own: Record<string, number | string | null>,
  borders: (name: string, parts: number) => number[],
): Record<string, number | string | null> {
  const part = (name: string, parts: number): number | null => {
    const value = own[name];
    if (typeof value !== 'number') return null;
    return borders(name, parts).filter((border) => border <= value).length;
  };
  const tier = part('purchase_sum', 4);
  const score = (name: string): number | null => {
    const fifth = part(name, 5);
    return fifth === null ? null : fifth + 1;
  };
  const recent = score('days_since_last_purchase');
  const scores = {
    rfm_recency_score: recent === null ? null : 6 - recent,
    rfm_frequency_score: score('purchase_count'),
    rfm_monetary_score: score('purchase_sum'),
  };
  const { rfm_recency_score: r, rfm_frequency_score: f, rfm_monetary_score: m } = scores;
  return {
    user_value_tier: tier === null ? null : (['low', 'medium', 'high', 'vip'][tier] ?? null),
    ...scores,
    rfm_score: r === null || f === null || m === null ? null : r + f + m,
  };
}

function bordersOf(values: readonly number[], parts: number): number[] {
  const sorted = [...values].sort((a, b) => a - b);
  const distinct = [...new Set(sorted)];
  const borders: number[] = [];
  for (let i = 1; i < parts; i += 1) {
    const cut = percentile(sorted, i / parts);
    const previous = borders.at(-1) ?? distinct[0] ?? 0;
    const next = distinct.find((value) => value > previous && value >= cut);
    borders.push(next ?? distinct.at(i - parts) ?? 0);
  }
  return borders.map((border, i) => Math.min(border, distinct.at(i + 1 - parts) ?? border));
}

function textOf(value: unknown): string | null {
  return value === null || value === undefined || value === ''
    ? null
    : `${value as string | number}`;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function mean(values: readonly number[]): number | null {
  return values.length ? sum(values) / values.length : null;
}

/** Linear interpolation between the two nearest ranks (Hyndman and Fan 1996, definition 7). */
function percentile(sorted: readonly number[], fraction: number): number {
  const place = fraction * (sorted.length - 1);
  const low = sorted[Math.floor(place)] ?? 0;
  const high = sorted[Math.ceil(place)] ?? 0;
  return low + (high - low) * (place - Math.floor(place));
}

function shareAbove(values: readonly number[], fraction: number): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const cut = percentile(sorted, fraction);
  return values.filter((value) => value > cut).length / values.length;
}
