import {
  definitionSchema,
  quantileBucket,
  type Definition,
  type QuantileBucket,
} from './definition.js';
import type { NewFeature } from './feature.js';

/** A feature whose bounds are fitted on the customers of the installation, or that builds on such ones. */
export type FittedFeature = Omit<NewFeature, 'definition'> & {
  definition: Definition | QuantileBucket;
};

const FIFTHS_UP = [1, 2, 3, 4, 5];

/** 1 to 5 by fifths of a feature of the start set. */
function score(
  name: string,
  feature: string,
  labels: number[],
  about: Pick<NewFeature, 'description' | 'businessMeaning'>,
): FittedFeature {
  return {
    ...about,
    name,
    type: 'NUMERICAL',
    unit: 'score',
    owner: 'augury',
    tags: ['rfm', 'purchase', 'fitted'],
    definition: quantileBucket.parse({ kind: 'bucket', of: { feature }, quantiles: 5, labels }),
  };
}

/**
 * Features of every installation that need bounds of its own: they cannot be there before it has customers.
 * What builds on another one comes after it.
 */
export const FITTED_SET: readonly FittedFeature[] = [
  {
    name: 'user_value_tier',
    description: 'low, medium, high or vip: the quarter of customers by the sum of all purchases',
    businessMeaning: 'How much the customer is worth beside the others',
    type: 'CATEGORICAL',
    unit: null,
    owner: 'augury',
    tags: ['purchase', 'tier', 'fitted'],
    definition: quantileBucket.parse({
      kind: 'bucket',
      of: { feature: 'purchase_sum' },
      quantiles: 4,
      labels: ['low', 'medium', 'high', 'vip'],
    }),
  },
  score('rfm_recency_score', 'days_since_last_purchase', FIFTHS_UP.toReversed(), {
    description:
      '5 for the fifth of customers who bought last, 1 for the fifth that bought longest ago; missing without a purchase',
    businessMeaning: 'Recency beside the others',
  }),
  score('rfm_frequency_score', 'purchase_count', FIFTHS_UP, {
    description: '1 to 5 by fifths of the number of purchases, 5 the most',
    businessMeaning: 'Frequency beside the others',
  }),
  score('rfm_monetary_score', 'purchase_sum', FIFTHS_UP, {
    description: '1 to 5 by fifths of the sum of all purchases, 5 the most',
    businessMeaning: 'Monetary value beside the others',
  }),
  {
    name: 'rfm_score',
    description:
      'Recency, frequency and monetary score together, 3..15; missing without a purchase',
    businessMeaning: 'One number for who are the best customers',
    type: 'NUMERICAL',
    unit: 'score',
    owner: 'augury',
    tags: ['rfm', 'purchase', 'fitted'],
    definition: definitionSchema.parse({
      kind: 'expression',
      expression: {
        op: 'add',
        of: [
          { feature: 'rfm_recency_score' },
          { feature: 'rfm_frequency_score' },
          { feature: 'rfm_monetary_score' },
        ],
      },
    }),
  },
];
