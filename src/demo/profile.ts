import {
  exponentialVariate,
  gammaVariate,
  normalVariate,
  poissonVariate,
  weightedIndex,
  type Uniform,
} from '../numeric/random-variates.js';

export type Membership = 'BASIC' | 'SILVER' | 'GOLD';

/** Where a customer stands in the demo: most have a year of history, a few are new or never came. */
export type Tenure = 'ESTABLISHED' | 'NEW' | 'SILENT';

/** A ticket, before it has a time. */
export interface TicketDraft {
  issue: string;
  /** 1..5 */
  satisfaction: number;
  resolutionHours: number;
}

/** What a customer of the demo is, before the history is told. */
export interface Profile {
  index: number;
  tenure: Tenure;
  gender: 'male' | 'female';
  age: number;
  /** A text, so that it is a category wherever it goes. */
  cityTier: 'TIER_1' | 'TIER_2' | 'TIER_3';
  membership: Membership;
  device: string;
  channel: string;
  /** Sessions in the year, Poisson(25). */
  sessions: number;
  /** This customer's mean session, seconds. */
  meanSession: number;
  /** Purchases in the year, Poisson(6), and what they come to, Gamma(5, 100). */
  purchases: number;
  spend: number;
  tickets: TicketDraft[];
  /** How strongly activity fades towards its end; 0 = evenly spread. */
  fading: number;
  /** What drives a customer away, seen and unseen; only its rank counts. */
  pull: number;
  /** Days from the last sign of life to the end, Exp(30). */
  recencyDays: number;
}

export const MEAN_RECENCY_DAYS = 30;
const NEW_SHARE = 0.04;
const SILENT_SHARE = 0.01;
const MEMBERSHIPS: readonly Membership[] = ['BASIC', 'SILVER', 'GOLD'];
const CITY_TIERS = ['TIER_1', 'TIER_2', 'TIER_3'] as const;
const ISSUES = ['billing', 'delivery', 'login', 'product', 'refund'] as const;
/** Weights of what pulls a customer away: fading interest, bad service, membership, age, and chance. */
const PULL = { fading: 0.35, service: 0.4, membership: 0.36, device: 0.15, chance: 1.1 };

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}

function ticketDrafts(next: Uniform): TicketDraft[] {
  return Array.from({ length: poissonVariate(next, 1.2) }, () => {
    const resolutionHours = Math.round(gammaVariate(next, 1.5, 16) * 10) / 10;
    const mood = 4.4 - resolutionHours / 18 + normalVariate(next, 0, 1);
    return {
      issue: ISSUES[weightedIndex(next, [3, 3, 2, 2, 1])] ?? 'product',
      satisfaction: clamp(Math.round(mood), 1, 5),
      resolutionHours,
    };
  });
}

/** One customer but for the recency, which needs everybody's pull. */
function drawProfile(next: Uniform, index: number): Profile {
  const kind = next();
  const tenure: Tenure =
    kind < SILENT_SHARE ? 'SILENT' : kind < SILENT_SHARE + NEW_SHARE ? 'NEW' : 'ESTABLISHED';
  const gender = next() < 0.48 ? 'male' : 'female';
  const age = Math.round(clamp(normalVariate(next, 35, 10), 18, 70));
  const cityTier = CITY_TIERS[weightedIndex(next, [0.3, 0.4, 0.3])] ?? 'TIER_2';
  const member = weightedIndex(next, [0.5, 0.3, 0.2]);
  const device = weightedIndex(next, [0.6, 0.33, 0.07]);
  const channel = weightedIndex(next, [4, 3, 2, 1]);
  const tickets = ticketDrafts(next);
  const interest = normalVariate(next, 0, 1);
  const displeasure = tickets.reduce((sum, t) => sum + (3.6 - t.satisfaction), 0);
  const pull =
    PULL.fading * interest +
    PULL.service * clamp(displeasure, -2, 4) -
    PULL.membership * (member - 0.7) +
    PULL.device * (device === 2 ? 1 : 0) +
    PULL.chance * normalVariate(next, 0, 1);
  return {
    index,
    tenure,
    gender,
    age,
    cityTier,
    membership: MEMBERSHIPS[member] ?? 'BASIC',
    device: ['mobile', 'desktop', 'tablet'][device] ?? 'mobile',
    channel: ['organic', 'search', 'social', 'referral'][channel] ?? 'organic',
    sessions: poissonVariate(next, 25),
    meanSession: normalVariate(next, 300, 60),
    purchases: poissonVariate(next, 6),
    spend: gammaVariate(next, 5, 100),
    tickets,
    fading: clamp(interest, -1, 3),
    pull,
    recencyDays: 0,
  };
}

/**
 * The customers, drawn one after the other from `next`.
 * The recency is exactly exponential over the whole population and still bound to the pull: the customer of the
 * k-th smallest pull gets the k-th smallest quantile.
 */
export function drawProfiles(next: Uniform, users: number): Profile[] {
  const profiles = Array.from({ length: users }, (_, index) => drawProfile(next, index));
  const ranked = [...profiles].sort((a, b) => a.pull - b.pull || a.index - b.index);
  ranked.forEach((profile, rank) => {
    // The stretch of its own rank, so that the quantiles are a sample and not a grid.
    const uniform = (rank + next()) / users;
    profile.recencyDays = exponentialVariate(() => uniform, MEAN_RECENCY_DAYS);
  });
  return profiles;
}
