import { windowed, type StartFeature } from './start-feature.js';

const TICKET = ['ticket'];

/** Trouble: service tickets. */
export const tickets: StartFeature[] = [
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

/** Who customers are. */
export const profile: StartFeature[] = [
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
