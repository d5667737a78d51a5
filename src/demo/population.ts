import { DAY_MS } from '../kernel/clock.js';
import { seededRandom } from '../kernel/random.js';
import {
  exponentialVariate,
  gammaVariate,
  normalVariate,
  weightedIndex,
  type Uniform,
} from '../numeric/random-variates.js';
import { devicesOf, pickDevice, type DemoDevice } from './devices.js';
import { instant } from './instant.js';
import { FAMILY_NAMES, GIVEN_NAMES } from './names.js';
import { drawProfiles, type Profile } from './profile.js';
import { tellTicket, type DemoTicket } from './tickets.js';

export interface DemoUser {
  externalId: string;
  name: string;
  email: string;
  registeredAt: Date;
  attributes: Record<string, string | number>;
}

export type DemoEventType = 'page_view' | 'session_start' | 'session_end' | 'purchase';

export interface DemoEvent {
  source: 'demo';
  id: string;
  user: string;
  type: DemoEventType;
  at: Date;
  /** Pages seen; null; seconds; amount. */
  value: number | null;
  properties: Record<string, string | number> | null;
  /** Key of the device. */
  device: string | null;
}

/** Whether a customer showed no sign of life in the 30 days after `at`. */
export interface DemoOutcome {
  user: string;
  at: Date;
  churned: boolean;
}

export interface DemoCustomer {
  user: DemoUser;
  /** In order of time. */
  events: DemoEvent[];
  /** In the order of their opening. */
  tickets: DemoTicket[];
  /** Used in the events. */
  devices: DemoDevice[];
  /** null for who was too new, or silent, to be asked about. */
  outcome: DemoOutcome | null;
}

export interface PopulationOptions {
  /** Histories end here; nothing happens after it. */
  end: Date;
  users?: number;
  seed?: number;
}

export const DEMO_USERS = 5_000;
export const DEMO_SEED = 42;
/** Outcomes tell of the last so many days. */
export const OUTCOME_DAYS = 30;
const HISTORY_DAYS = 365;
const CATEGORIES = ['books', 'electronics', 'fashion', 'groceries', 'home', 'sport'] as const;

/**
 * A made-up shop's customers with a year of events, one customer at a time; the same seed and end give
 * the same bytes.
 *
 * Activity fades and ends for a hidden reason that shows only in part: waning interest, tickets that went
 * badly and a low membership level all raise the chance of leaving, and chance does the rest.
 */
export function* demoPopulation(options: PopulationOptions): Generator<DemoCustomer, void> {
  const { one, users } = openPopulation(options);
  for (let index = 0; index < users; index++) yield one(index);
}

/** The same customers by index, without telling those before. */
export function openPopulation(options: PopulationOptions): {
  users: number;
  one: (index: number) => DemoCustomer;
} {
  const { users = DEMO_USERS, seed = DEMO_SEED } = options;
  const profiles = drawProfiles(uniformOf(seed), users);
  const streamOf = (index: number, what: number): Uniform =>
    uniformOf(
      Math.imul(seed + 1, 0x9e3779b1) ^
        Math.imul(index + 1, 0x85ebca6b) ^
        Math.imul(what, 0xc2b2ae35),
    );
  return {
    users,
    one: (index) => {
      const profile = profiles[index];
      if (!profile) throw new RangeError(`index must be 0..${users - 1}, got ${index}`);
      const devices = devicesOf(profiles, index, (of) => streamOf(of, DEVICES));
      return tell(
        { history: streamOf(index, 0), extras: streamOf(index, EXTRAS) },
        profile,
        devices,
        options.end.getTime(),
      );
    },
  };
}

function uniformOf(seed: number): Uniform {
  const random = seededRandom(seed);
  return () => random.next();
}

/** Chance of its own for devices, and for what was added to the histories, which stay the same. */
const DEVICES = 1;
const EXTRAS = 2;

interface Chance {
  history: Uniform;
  extras: Uniform;
}

function tell(
  chance: Chance,
  profile: Profile,
  devices: readonly DemoDevice[],
  end: number,
): DemoCustomer {
  const next = chance.history;
  const number = String(profile.index + 1).padStart(5, '0');
  const externalId = `demo-${number}`;
  const { from, last, registeredAt } = span(next, profile, end);
  const user = person(next, profile, externalId, registeredAt);
  if (profile.tenure === 'SILENT')
    return { user, events: [], tickets: [], devices: [], outcome: null };
  const { drafts, ratings } = history(chance, profile, devices, from, last);
  drafts.sort((a, b) => a.at.getTime() - b.at.getTime());
  const events = drafts.map((draft, i) => ({
    source: 'demo' as const,
    id: `${externalId}-${i + 1}`,
    user: externalId,
    ...draft,
  }));
  const tickets = profile.tickets
    .map((ticket, i) => {
      const when = { ratedMs: ratings[i] ?? last, from, last, end };
      const names = { key: `${externalId}-${i + 1}`, user: externalId };
      return tellTicket(chance.extras, ticket, when, names);
    })
    .sort((a, b) => a.openedAt.getTime() - b.openedAt.getTime());
  const used = new Set(events.map(({ device }) => device));
  const asked = instant(end - OUTCOME_DAYS * DAY_MS);
  const known = registeredAt.getTime() <= asked.getTime() - OUTCOME_DAYS * DAY_MS;
  const active = events.some((event) => event.at < asked);
  return {
    user,
    events,
    tickets,
    devices: devices.filter(({ key }) => used.has(key)),
    outcome:
      known && active
        ? { user: externalId, at: asked, churned: !events.some((event) => event.at >= asked) }
        : null,
  };
}

/** From when to when a customer was active. */
function span(
  next: Uniform,
  profile: Profile,
  end: number,
): { from: number; last: number; registeredAt: Date } {
  if (profile.tenure === 'NEW') {
    const age = 1 + next() * 28;
    const last = Math.min(profile.recencyDays, age * 0.9);
    const from = end - age * DAY_MS;
    return { from, last: end - last * DAY_MS, registeredAt: instant(from) };
  }
  const age = profile.recencyDays + 60 + exponentialVariate(next, 400);
  const registered = end - age * DAY_MS;
  return {
    from: Math.max(registered, end - HISTORY_DAYS * DAY_MS),
    last: end - profile.recencyDays * DAY_MS,
    registeredAt: instant(registered),
  };
}

function person(next: Uniform, profile: Profile, externalId: string, registeredAt: Date): DemoUser {
  const given = GIVEN_NAMES[profile.gender];
  const first = given[Math.floor(next() * given.length)] ?? 'Ada';
  const family = FAMILY_NAMES[Math.floor(next() * FAMILY_NAMES.length)] ?? 'Silva';
  return {
    externalId,
    name: `${first} ${family}`,
    email: `${first}.${family}.${profile.index + 1}@example.com`.toLowerCase(),
    registeredAt,
    attributes: {
      age: profile.age,
      gender: profile.gender,
      cityTier: profile.cityTier,
      membershipLevel: profile.membership,
      deviceType: profile.device,
      channel: profile.channel,
    },
  };
}

type Draft = Pick<DemoEvent, 'type' | 'at' | 'value' | 'properties' | 'device'>;

/** When a session began, in ms, and on which device. */
interface Session {
  start: number;
  device: string | null;
}

/** What a customer did, and when each of the tickets was rated. */
function history(
  { history: next, extras }: Chance,
  profile: Profile,
  devices: readonly DemoDevice[],
  from: number,
  last: number,
): { drafts: Draft[]; ratings: number[] } {
  const length = Math.max(last - from, 3_600_000);
  /** A share of the span, denser at its start the more the interest fades. */
  const moment = (): number => {
    const u = next();
    const k = profile.fading;
    const share = Math.abs(k) < 0.05 ? u : -Math.log(1 - u * (1 - Math.exp(-k))) / k;
    return from + share * length;
  };
  const expected =
    profile.tenure === 'NEW'
      ? Math.ceil((profile.sessions * length) / (HISTORY_DAYS * DAY_MS))
      : profile.sessions;
  const sessions = Math.max(1, expected);
  const drafts: Draft[] = [];
  const held: Session[] = [];
  for (let i = 0; i < sessions; i++) {
    const seconds = Math.max(10, Math.round(normalVariate(next, profile.meanSession, 104)));
    const pages = Math.max(1, Math.round(normalVariate(next, 8, 3)));
    // The last sign of life is the end of the last session.
    const start = (i === 0 ? last : Math.min(moment(), last)) - seconds * 1000;
    const device = pickDevice(extras, devices);
    const common = { properties: null, device };
    held.push({ start, device });
    drafts.push(
      { type: 'session_start', at: instant(start), value: null, ...common },
      { type: 'page_view', at: instant(start), value: pages, ...common },
      { type: 'session_end', at: instant(start + seconds * 1000), value: seconds, ...common },
    );
  }
  drafts.push(...purchases(next, profile, held, last));
  const ratings = profile.tickets.map(({ satisfaction }) => {
    // Service that went badly tends to be the last straw.
    const at =
      satisfaction <= 2 ? Math.max(from, last - exponentialVariate(next, 25) * DAY_MS) : moment();
    return Math.min(at, last);
  });
  return { drafts, ratings };
}

/** Purchases happen in sessions; their amounts come to the customer's spend, to the cent. */
function purchases(
  next: Uniform,
  profile: Profile,
  sessions: readonly Session[],
  last: number,
): Draft[] {
  const count = profile.tenure === 'NEW' ? Math.min(1, profile.purchases % 3) : profile.purchases;
  if (count === 0) return [];
  const weights = Array.from({ length: count }, () => gammaVariate(next, 2, 1));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let cents = Math.round(profile.spend * 100 * (profile.tenure === 'NEW' ? 1 / 6 : 1));
  return weights.map((weight, i) => {
    const share = Math.round((profile.spend * 100 * weight) / total);
    const amount = i === count - 1 ? Math.max(1, cents) : Math.max(1, Math.min(share, cents));
    cents -= amount;
    const session = sessions[Math.floor(next() * sessions.length)];
    return {
      type: 'purchase',
      at: instant(Math.min((session?.start ?? last) + 5_000, last)),
      value: amount / 100,
      properties: {
        quantity: 1 + Math.floor(exponentialVariate(next, 0.8)),
        category: CATEGORIES[weightedIndex(next, [3, 2, 4, 5, 2, 2])] ?? 'home',
      },
      device: session?.device ?? null,
    };
  });
}
