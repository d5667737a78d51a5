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

  return {
    days_since_last_purchase: lastPurchase,
    days_since_first_purchase: firstPurchase,
    purchase_recency_days: lastPurchase ?? 999,
    purchase_count: purchases.length,
    purchase_sum: sum(amounts),
    purchase_mean: mean(amounts),
    purchase_min: amounts.length ? Math.min(...amounts) : null,
    purchase_max: amounts.length ? Math.max(...amounts) : null,
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
    active_days_30d: activeDays(within(events, 30)),
    active_days_90d: activeDays(within(events, 90)),
    session_count: sessions.length,
    session_count_7d: within(sessions, 7).length,
    session_count_30d: within(sessions, 30).length,
    session_count_90d: within(sessions, 90).length,
    session_seconds_mean: sessionMean,
    session_seconds_sum: sum(values(sessionEnds)),
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
    ticket_satisfaction_mean: mean(values(tickets)),
    ticket_resolution_hours_mean: mean(property(tickets, 'resolution_hours')),
    age: typeof user.attributes?.['age'] === 'number' ? user.attributes['age'] : null,
    gender: textOf(user.attributes?.['gender']),
    city_tier: textOf(user.attributes?.['cityTier']),
    membership_level: textOf(user.attributes?.['membershipLevel']),
    device_type: textOf(user.attributes?.['deviceType']),
  };
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
function shareAbove(values: readonly number[], fraction: number): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const place = fraction * (sorted.length - 1);
  const low = sorted[Math.floor(place)] ?? 0;
  const high = sorted[Math.ceil(place)] ?? 0;
  const cut = low + (high - low) * (place - Math.floor(place));
  return values.filter((value) => value > cut).length / values.length;
}
