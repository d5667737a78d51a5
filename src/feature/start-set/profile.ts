import type { StartFeature } from './start-feature.js';

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
  unit: as === 'number' ? 'year' : null,
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
