import { divide, LATE_NIGHT, valueOf, windowed, type StartFeature } from './start-feature.js';

const PURCHASE = ['purchase'];

/** What customers bought: recency, frequency, value. */
export const purchases: StartFeature[] = [
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
      expression: { op: 'coalesce', of: [valueOf('days_since_last_purchase'), 999] },
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
        {
          op: 'subtract',
          of: [valueOf('days_since_first_purchase'), valueOf('days_since_last_purchase')],
        },
        { op: 'subtract', of: [valueOf('purchase_days'), 1] },
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
        of: [divide(valueOf('purchase_count'), valueOf('tenure_days')), 0],
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
    definition: { kind: 'events', aggregate: 'count', types: PURCHASE, hours: LATE_NIGHT },
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
