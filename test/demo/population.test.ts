import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { demoPopulation, openPopulation, type DemoCustomer } from '../../src/demo/population.js';
import { drawProfiles } from '../../src/demo/profile.js';
import { seededRandom } from '../../src/kernel/random.js';

const DAY = 86_400_000;
const end = new Date('2026-01-31T00:00:00Z');
const all = [...demoPopulation({ end })];
const random = seededRandom(42);
const profiles = drawProfiles(() => random.next(), 5_000);
const established = new Set(
  profiles.filter(({ tenure }) => tenure === 'ESTABLISHED').map(({ index }) => index),
);
const old = all.filter((_, index) => established.has(index));

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function deviation(values: readonly number[]): number {
  const m = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - m) ** 2)));
}

/** Greatest distance of the empirical distribution from `cdf`. */
function kolmogorov(values: readonly number[], cdf: (x: number) => number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return Math.max(
    ...sorted.map((x, i) => Math.max((i + 1) / sorted.length - cdf(x), cdf(x) - i / sorted.length)),
  );
}

function valuesOf(customer: DemoCustomer, type: string): number[] {
  return customer.events.flatMap((e) => (e.type === type && e.value !== null ? [e.value] : []));
}

function sha(customers: Iterable<DemoCustomer>): string {
  const hash = createHash('sha256');
  for (const customer of customers) hash.update(JSON.stringify(customer));
  return hash.digest('hex');
}

describe('the demo population', () => {
  it('is 5,000 customers, the same bytes for the same seed, others for another', () => {
    expect(all).toHaveLength(5_000);
    expect(sha(demoPopulation({ end }))).toBe(sha(all));
    expect(sha(demoPopulation({ end, seed: 43, users: 50 }))).not.toBe(
      sha(demoPopulation({ end, users: 50 })),
    );
    expect(sha(all.slice(0, 100))).toMatchInlineSnapshot(
      `"8d8dae3d7c1e74e43e30442e3cd451fa25d0a2a16f8feda3dbb315c23ca8b338"`,
    );
  });

  it('tells any customer without those before', () => {
    const { one } = openPopulation({ end });
    for (const index of [4_999, 0, 1_234]) expect(one(index)).toEqual(all[index]);
  });

  it('moves with its end: only the instants differ', () => {
    const later = new Date(end.getTime() + 3 * DAY);
    const moved = openPopulation({ end: later }).one(17);
    expect(moved.events.map((e) => e.at.getTime() - 3 * DAY)).toEqual(
      all[17]?.events.map((e) => e.at.getTime()),
    );
  });

  it('has the stated people: age N(35, 10) in 18..70, gender .48/.52, city .3/.4/.3', () => {
    const ages = all.map(({ user }) => Number(user.attributes.age));
    expect(Math.min(...ages)).toBe(18);
    expect(Math.max(...ages)).toBeLessThanOrEqual(70);
    expect(mean(ages)).toBeCloseTo(35.2, 0);
    expect(Math.abs(deviation(ages) - 9.7)).toBeLessThan(0.4);
    const share = (name: string, value: string | number): number =>
      all.filter(({ user }) => user.attributes[name] === value).length / 5_000;
    expect(Math.abs(share('gender', 'male') - 0.48)).toBeLessThan(0.02);
    expect(Math.abs(share('gender', 'female') - 0.52)).toBeLessThan(0.02);
    expect(Math.abs(share('cityTier', 'TIER_1') - 0.3)).toBeLessThan(0.02);
    expect(Math.abs(share('cityTier', 'TIER_2') - 0.4)).toBeLessThan(0.02);
  });

  it('has the stated behaviour in its events: sessions Poisson(25), purchases Poisson(6)', () => {
    const sessions = old.map((c) => c.events.filter((e) => e.type === 'session_start').length);
    expect(Math.abs(mean(sessions) - 25)).toBeLessThan(0.3);
    expect(Math.abs(deviation(sessions) - 5)).toBeLessThan(0.2);
    const purchases = old.map((c) => valuesOf(c, 'purchase').length);
    expect(Math.abs(mean(purchases) - 6)).toBeLessThan(0.15);
    expect(Math.abs(deviation(purchases) - Math.sqrt(6))).toBeLessThan(0.1);
  });

  it('has sessions of N(300, 120) seconds and N(8, 3) pages', () => {
    const seconds = old.flatMap((c) => valuesOf(c, 'session_end'));
    expect(Math.abs(mean(seconds) - 300)).toBeLessThan(4);
    expect(Math.abs(deviation(seconds) - 120)).toBeLessThan(4);
    const pages = old.flatMap((c) => valuesOf(c, 'page_view'));
    expect(Math.abs(mean(pages) - 8)).toBeLessThan(0.1);
    expect(Math.abs(deviation(pages) - 3)).toBeLessThan(0.1);
  });

  it('has a spend of Gamma(5, 100) a customer', () => {
    const spends = old.flatMap((c) => {
      const amounts = valuesOf(c, 'purchase');
      return amounts.length === 0 ? [] : [amounts.reduce((sum, value) => sum + value, 0)];
    });
    // Erlang: 1 - exp(-x) sum x^k / k!
    const cdf = (x: number): number => {
      const t = x / 100;
      return 1 - Math.exp(-t) * (1 + t + t ** 2 / 2 + t ** 3 / 6 + t ** 4 / 24);
    };
    expect(kolmogorov(spends, cdf)).toBeLessThan(1.95 / Math.sqrt(spends.length)); // p > 0.001
    expect(Math.abs(mean(spends) - 500)).toBeLessThan(12);
  });

  it('has a recency of Exp(30) days', () => {
    const days = old.map((c) => (end.getTime() - (c.events.at(-1)?.at.getTime() ?? 0)) / DAY);
    expect(kolmogorov(days, (x) => 1 - Math.exp(-x / 30))).toBeLessThan(
      1.95 / Math.sqrt(days.length),
    );
    expect(Math.min(...days)).toBeGreaterThanOrEqual(0);
  });

  it('has new customers and silent ones, and nothing before a registration or after the end', () => {
    const young = all.filter(({ user }) => user.registeredAt.getTime() > end.getTime() - 30 * DAY);
    expect(young.length).toBeGreaterThan(100);
    expect(all.filter(({ events }) => events.length === 0).length).toBeGreaterThan(20);
    for (const { user, events } of all) {
      expect(user.email).toMatch(/^[a-z.]+\d+@example\.com$/);
      // one expectation a customer: there are 400,000 events
      const misplaced = events.filter(({ at }, i) => at > end || at < (events[i - 1]?.at ?? at));
      expect(misplaced).toEqual([]);
      const first = events[0]?.at ?? user.registeredAt;
      expect(first.getTime()).toBeGreaterThanOrEqual(user.registeredAt.getTime() - 3_600_000);
    }
  });

  it('has ids that are all different, and 300,000 to 500,000 events', () => {
    const ids = new Set(all.flatMap(({ events }) => events.map(({ id }) => id)));
    const total = all.reduce((sum, { events }) => sum + events.length, 0);
    expect(ids.size).toBe(total);
    expect(total).toBeGreaterThan(300_000);
    expect(total).toBeLessThan(500_000);
  });

  it('has tickets with a course: opened, resolved, rated, all within the life of the customer', () => {
    const tickets = all.flatMap((customer) => customer.tickets);
    expect(Math.abs(tickets.length / 4_950 - 1.2)).toBeLessThan(0.1);
    for (const { user, events, tickets: own } of all)
      for (const { openedAt, resolvedAt, satisfaction, ratedAt } of own) {
        const last = events.at(-1)?.at ?? end;
        const course = [user.registeredAt, openedAt, resolvedAt, ratedAt, last].filter(
          (at) => at !== null,
        );
        expect(course).toEqual(course.toSorted((a, b) => a.getTime() - b.getTime()));
        expect(satisfaction === null).toBe(ratedAt === null);
      }
    const rated = tickets.filter(({ satisfaction }) => satisfaction !== null);
    const open = tickets.filter(({ resolvedAt }) => resolvedAt === null);
    expect(rated.length / tickets.length).toBeGreaterThan(0.9);
    expect(open.length).toBeGreaterThan(20);
    expect(new Set(tickets.map(({ key }) => key)).size).toBe(tickets.length);
  });

  it('has tickets that tell: who left had rated the service lower', () => {
    const asked = end.getTime() - 30 * DAY;
    const satisfaction = (churned: boolean): number =>
      mean(
        all.flatMap(({ outcome, tickets }) =>
          outcome?.churned === churned
            ? tickets.flatMap((t) =>
                t.ratedAt && t.ratedAt.getTime() < asked ? [t.satisfaction ?? 0] : [],
              )
            : [],
        ),
      );
    expect(satisfaction(false) - satisfaction(true)).toBeGreaterThan(0.2);
  });

  it('has 1 to 3 devices a customer, and a few that two customers share', () => {
    const owners = new Map<string, number>();
    for (const { events, devices } of all) {
      const used = new Set(events.map(({ device }) => device));
      expect([...used].sort()).toEqual(devices.map(({ key }) => key).sort());
      if (events.length > 0) expect(devices.length).toBeGreaterThan(0);
      expect(devices.length).toBeLessThanOrEqual(4);
      for (const { key } of devices) owners.set(key, (owners.get(key) ?? 0) + 1);
    }
    const shared = [...owners.values()].filter((count) => count > 1).length;
    expect(shared).toBeGreaterThan(100);
    expect(shared).toBeLessThan(250);
    expect(owners.size).toBeGreaterThan(6_000);
    expect(Math.max(...owners.values())).toBe(2);
  });

  it('has outcomes that agree with the events, of which about a third are churned', () => {
    const asked = end.getTime() - 30 * DAY;
    const outcomes = all.flatMap(({ outcome, events }) => (outcome ? [{ outcome, events }] : []));
    for (const { outcome, events } of outcomes)
      expect(outcome.churned).toBe(!events.some(({ at }) => at.getTime() >= asked));
    const churned = outcomes.filter(({ outcome }) => outcome.churned).length / outcomes.length;
    expect(churned).toBeGreaterThan(0.3);
    expect(churned).toBeLessThan(0.45);
  });
});
