import { definitionSchema, type DefinitionInput, type Expression } from './definition.js';
import type { FeatureType, NewFeature } from './feature.js';

interface StartFeature {
  name: string;
  description: string;
  businessMeaning: string;
  unit: string | null;
  tags: string[];
  definition: DefinitionInput;
  type?: FeatureType;
}

const PURCHASE = ['purchase'];
const SESSION = ['session_start'];
const SESSION_END = ['session_end'];
const PAGE_VIEW = ['page_view'];
const TICKET = ['ticket'];
const LATE = { from: 22, to: 6 };

const of = (feature: string): Expression => ({ feature });
const divide = (a: Expression, b: Expression): Expression => ({ op: 'divide', of: [a, b] });
const capped = (name: string, cap: number): Expression =>
  divide({ op: 'min', of: [{ op: 'coalesce', of: [of(name), 0] }, cap] }, cap);

function windowed(
  prefix: string,
  definition: Extract<DefinitionInput, { kind: 'events' }>,
  days: readonly number[],
  about: Pick<StartFeature, 'description' | 'businessMeaning' | 'unit' | 'tags'>,
): StartFeature[] {
  return days.map((windowDays) => ({
    ...about,
    name: `${prefix}_${windowDays}d`,
    description: `${about.description} in the last ${windowDays} days`,
    definition: { ...definition, windowDays },
    tags: [...about.tags, 'window'],
  }));
}

const purchases: StartFeature[] = [
  {
    name: 'days_since_last_purchase',
    description: 'Days since the last purchase',
    businessMeaning: 'Recency: who bought lately buys again',
    unit: 'day',
    tags: ['rfm', 'purchase'],
    definition: { kind: 'daysSince', of: 'lastEvent', types: PURCHASE },
  },
  {
    name: 'days_since_first_purchase',
    description: 'Days since the first purchase',
    businessMeaning: 'How long the customer has been one',
    unit: 'day',
    tags: ['rfm', 'purchase'],
    definition: { kind: 'daysSince', of: 'firstEvent', types: PURCHASE },
  },
  {
    name: 'purchase_recency_days',
    description: 'Days since the last purchase, 999 for who never bought',
    businessMeaning: 'Recency without a gap, for clustering',
    unit: 'day',
    tags: ['rfm', 'purchase', 'clustering'],
    definition: {
      kind: 'expression',
      expression: { op: 'coalesce', of: [of('days_since_last_purchase'), 999] },
    },
  },
  {
    name: 'purchase_count',
    description: 'Number of purchases',
    businessMeaning: 'Frequency',
    unit: 'count',
    tags: ['rfm', 'purchase', 'clustering'],
    definition: { kind: 'events', aggregate: 'count', types: PURCHASE },
  },
  {
    name: 'purchase_sum',
    description: 'Sum of the amounts of all purchases',
    businessMeaning: 'Monetary value',
    unit: 'currency',
    tags: ['rfm', 'purchase', 'clustering'],
    definition: { kind: 'events', aggregate: 'sum', types: PURCHASE },
  },
  {
    name: 'purchase_mean',
    description: 'Mean amount of a purchase',
    businessMeaning: 'Average order value',
    unit: 'currency',
    tags: ['purchase', 'clustering'],
    definition: { kind: 'events', aggregate: 'mean', types: PURCHASE },
  },
  {
    name: 'purchase_min',
    description: 'Smallest amount of a purchase',
    businessMeaning: 'Lower end of what the customer spends at once',
    unit: 'currency',
    tags: ['purchase'],
    definition: { kind: 'events', aggregate: 'min', types: PURCHASE },
  },
  {
    name: 'purchase_max',
    description: 'Largest amount of a purchase',
    businessMeaning: 'What the customer is able to spend at once',
    unit: 'currency',
    tags: ['purchase'],
    definition: { kind: 'events', aggregate: 'max', types: PURCHASE },
  },
  {
    name: 'purchase_days',
    description: 'Number of UTC days with a purchase',
    businessMeaning: 'Frequency that does not count split orders twice',
    unit: 'day',
    tags: ['rfm', 'purchase'],
    definition: { kind: 'events', aggregate: 'distinctDays', types: PURCHASE },
  },
  {
    name: 'purchase_gap_mean_days',
    description: 'Mean days between purchase days; missing under two of them',
    businessMeaning: 'The rhythm of the customer: a silence longer than this is a sign',
    unit: 'day',
    tags: ['purchase'],
    definition: {
      kind: 'expression',
      expression: divide(
        { op: 'subtract', of: [of('days_since_first_purchase'), of('days_since_last_purchase')] },
        { op: 'subtract', of: [of('purchase_days'), 1] },
      ),
    },
  },
  ...windowed(
    'purchase_count',
    { kind: 'events', aggregate: 'count', types: PURCHASE },
    [7, 30, 90],
    {
      description: 'Number of purchases',
      businessMeaning: 'Frequency now, against the long run',
      unit: 'count',
      tags: ['purchase'],
    },
  ),
  ...windowed('purchase_sum', { kind: 'events', aggregate: 'sum', types: PURCHASE }, [7, 30, 90], {
    description: 'Sum of the amounts of purchases',
    businessMeaning: 'Spending now, against the long run',
    unit: 'currency',
    tags: ['purchase'],
  }),
  {
    name: 'purchase_frequency',
    description: 'Purchases a day over the tenure; 0 where there is no tenure',
    businessMeaning: 'Frequency that is fair to new customers',
    unit: 'count/day',
    tags: ['purchase', 'clustering'],
    definition: {
      kind: 'expression',
      expression: {
        op: 'coalesce',
        of: [divide(of('purchase_count'), of('tenure_days')), 0],
      },
    },
  },
  {
    name: 'purchase_share_above_p90',
    description: "Share of purchases above the 90th percentile of the customer's own amounts, 0..1",
    businessMeaning: 'How much of the spending comes in outbursts',
    unit: 'share',
    tags: ['purchase', 'transaction'],
    definition: {
      kind: 'events',
      aggregate: 'shareAbovePercentile',
      percentile: 0.9,
      types: PURCHASE,
    },
  },
  {
    name: 'late_night_purchase_count',
    description: 'Purchases between 22:00 and 06:00 UTC',
    businessMeaning: 'Unusual hours, a sign in fraud models',
    unit: 'count',
    tags: ['purchase', 'transaction'],
    definition: { kind: 'events', aggregate: 'count', types: PURCHASE, hours: LATE },
  },
  {
    name: 'purchase_items',
    description: 'Sum of the property `quantity` of all purchases',
    businessMeaning: 'Volume, apart from price',
    unit: 'count',
    tags: ['purchase'],
    definition: {
      kind: 'events',
      aggregate: 'sum',
      value: { property: 'quantity' },
      types: PURCHASE,
    },
  },
];

const activity: StartFeature[] = [
  {
    name: 'event_count',
    description: 'Number of events of any type',
    businessMeaning: 'How much the customer does at all',
    unit: 'count',
    tags: ['activity'],
    definition: { kind: 'events', aggregate: 'count' },
  },
  {
    name: 'days_since_last_activity',
    description: 'Days since the last event of any type',
    businessMeaning: 'Silence comes before leaving',
    unit: 'day',
    tags: ['activity', 'clustering'],
    definition: { kind: 'daysSince', of: 'lastEvent' },
  },
  {
    name: 'days_since_first_activity',
    description: 'Days since the first event of any type',
    businessMeaning: 'How long we have known the customer',
    unit: 'day',
    tags: ['activity'],
    definition: { kind: 'daysSince', of: 'firstEvent' },
  },
  {
    name: 'days_since_registration',
    description: 'Days since registration; missing when unknown',
    businessMeaning: 'Age of the account',
    unit: 'day',
    tags: ['profile'],
    definition: { kind: 'daysSince', of: 'registration' },
  },
  {
    name: 'tenure_days',
    description: 'Days since registration, or since the first event where it is unknown',
    businessMeaning: 'User lifetime',
    unit: 'day',
    tags: ['profile', 'clustering'],
    definition: {
      kind: 'expression',
      expression: {
        op: 'coalesce',
        of: [of('days_since_registration'), of('days_since_first_activity')],
      },
    },
  },
  ...windowed('active_days', { kind: 'events', aggregate: 'distinctDays' }, [30, 90], {
    description: 'UTC days with an event',
    businessMeaning: 'Habit',
    unit: 'day',
    tags: ['activity'],
  }),
  {
    name: 'session_count',
    description: 'Number of sessions started',
    businessMeaning: 'How often the customer comes',
    unit: 'count',
    tags: ['session', 'clustering'],
    definition: { kind: 'events', aggregate: 'count', types: SESSION },
  },
  ...windowed(
    'session_count',
    { kind: 'events', aggregate: 'count', types: SESSION },
    [7, 30, 90],
    {
      description: 'Number of sessions started',
      businessMeaning: 'How often the customer comes now',
      unit: 'count',
      tags: ['session'],
    },
  ),
  {
    name: 'session_seconds_mean',
    description: 'Mean length of a session',
    businessMeaning: 'How long the customer stays',
    unit: 'second',
    tags: ['session', 'clustering'],
    definition: { kind: 'events', aggregate: 'mean', types: SESSION_END },
  },
  {
    name: 'session_seconds_sum',
    description: 'Total length of all sessions',
    businessMeaning: 'Time given to us',
    unit: 'second',
    tags: ['session', 'clustering'],
    definition: { kind: 'events', aggregate: 'sum', types: SESSION_END },
  },
  {
    name: 'page_view_count',
    description: 'Number of pages viewed',
    businessMeaning: 'Interest',
    unit: 'count',
    tags: ['session', 'clustering'],
    definition: { kind: 'events', aggregate: 'count', types: PAGE_VIEW },
  },
  ...windowed('page_view_count', { kind: 'events', aggregate: 'count', types: PAGE_VIEW }, [30], {
    description: 'Number of pages viewed',
    businessMeaning: 'Interest now',
    unit: 'count',
    tags: ['session'],
  }),
  {
    name: 'late_night_event_count',
    description: 'Events between 22:00 and 06:00 UTC',
    businessMeaning: 'Unusual hours',
    unit: 'count',
    tags: ['activity', 'time'],
    definition: { kind: 'events', aggregate: 'count', hours: LATE },
  },
  {
    name: 'late_night_share',
    description: 'Share of events between 22:00 and 06:00 UTC, 0..1',
    businessMeaning: 'Rhythm of the day',
    unit: 'share',
    tags: ['activity', 'time'],
    definition: {
      kind: 'expression',
      expression: divide(of('late_night_event_count'), of('event_count')),
    },
  },
  ...(['Sine', 'Cosine'] as const).map((part): StartFeature => ({
    name: `activity_hour_${part.toLowerCase()}`,
    description: `Mean ${part.toLowerCase()} of the hour of the day (UTC, the day as a circle) over 90 days, -1..1`,
    businessMeaning: 'When in the day the customer is active; 23:59 lies next to 00:01',
    unit: null,
    tags: ['activity', 'time', 'window'],
    definition: { kind: 'events', aggregate: 'mean', value: `hour${part}`, windowDays: 90 },
  })),
  {
    name: 'recency_score',
    description: '1 / (days since the last event + 1), 0..1; 0 without an event',
    businessMeaning: 'Freshness on one scale, the same offline and online',
    unit: 'score',
    tags: ['activity', 'score', 'clustering'],
    definition: {
      kind: 'expression',
      expression: {
        op: 'coalesce',
        of: [divide(1, { op: 'add', of: [of('days_since_last_activity'), 1] }), 0],
      },
    },
  },
  {
    name: 'engagement_score',
    description:
      'Mean of sessions / 100, mean session seconds / 3600 and page views / 50, each capped at 1; 0..1',
    businessMeaning: 'How much the customer uses what we offer',
    unit: 'score',
    tags: ['activity', 'score', 'clustering'],
    definition: {
      kind: 'expression',
      expression: divide(
        {
          op: 'add',
          of: [
            capped('session_count', 100),
            capped('session_seconds_mean', 3600),
            capped('page_view_count', 50),
          ],
        },
        3,
      ),
    },
  },
];

const tickets: StartFeature[] = [
  ...windowed('ticket_count', { kind: 'events', aggregate: 'count', types: TICKET }, [90], {
    description: 'Number of service tickets',
    businessMeaning: 'Trouble now',
    unit: 'count',
    tags: ['ticket'],
  }),
  {
    name: 'ticket_satisfaction_mean',
    description: 'Mean satisfaction stated on service tickets, 1..5',
    businessMeaning: 'Who is not content leaves',
    unit: 'score',
    tags: ['ticket'],
    definition: { kind: 'events', aggregate: 'mean', types: TICKET },
  },
  {
    name: 'ticket_resolution_hours_mean',
    description: 'Mean of the property `resolution_hours` of service tickets',
    businessMeaning: 'How long the customer had to wait for help',
    unit: 'hour',
    tags: ['ticket'],
    definition: {
      kind: 'events',
      aggregate: 'mean',
      value: { property: 'resolution_hours' },
      types: TICKET,
    },
  },
];

const attributeOf = (
  name: string,
  attribute: string,
  as: 'number' | 'text',
  description: string,
  businessMeaning: string,
): StartFeature => ({
  name,
  description,
  businessMeaning,
  unit: name === 'age' ? 'year' : null,
  tags: ['profile', 'attribute'],
  type: as === 'number' ? 'NUMERICAL' : 'CATEGORICAL',
  definition: { kind: 'attribute', name: attribute, as },
});

const profile: StartFeature[] = [
  attributeOf('age', 'age', 'number', 'Age as stated in the profile', 'Stage of life'),
  attributeOf('gender', 'gender', 'text', 'Gender as stated in the profile', 'Demographics'),
  attributeOf('city_tier', 'cityTier', 'text', 'Tier of the city', 'Spending power of the place'),
  attributeOf(
    'membership_level',
    'membershipLevel',
    'text',
    'Level of membership',
    'How far the customer has come with us',
  ),
  attributeOf('device_type', 'deviceType', 'text', 'Main device', 'How the customer reaches us'),
];

/** The features every installation starts with, as data; expressions come after what they refer to. */
export const START_SET: readonly NewFeature[] = inOrder([
  ...purchases,
  ...activity,
  ...tickets,
  ...profile,
]).map(({ type, definition, ...feature }) => ({
  ...feature,
  type: type ?? 'NUMERICAL',
  owner: 'augury',
  definition: definitionSchema.parse(definition),
}));

/** Expressions last, those on expressions after them; the order is otherwise kept. */
function inOrder(features: readonly StartFeature[]): StartFeature[] {
  const rank = (feature: StartFeature): number => {
    if (feature.definition.kind !== 'expression') return 0;
    const text = JSON.stringify(feature.definition);
    const uses = features.filter(({ name }) => text.includes(`{"feature":"${name}"}`));
    return 1 + Math.max(...uses.map(rank));
  };
  return [...features].sort((a, b) => rank(a) - rank(b));
}
