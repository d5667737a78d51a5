import type { ExampleOperation } from './examples/example.js';
import {
  CUSTOMER_CARD,
  QUIET_CUSTOMERS,
  CUSTOMERS_AS_ROWS,
  RECORD_PURCHASE,
} from './examples/customers.js';
import {
  FEATURES_BY_NAME,
  FEATURE_TABLE,
  CUSTOMER_FEATURES,
  WHO_AM_I,
} from './examples/features.js';
import { WHAT_THE_MODEL_IS, TRAIN_CHURN_MODEL, FOLLOW_JOBS } from './examples/models.js';

/** What a CRM developer and an analyst would start from, in that order. */
export const EXAMPLE_OPERATIONS: readonly ExampleOperation[] = [
  CUSTOMER_CARD,
  QUIET_CUSTOMERS,
  CUSTOMERS_AS_ROWS,
  WHAT_THE_MODEL_IS,
  RECORD_PURCHASE,
  FEATURES_BY_NAME,
  FEATURE_TABLE,
  CUSTOMER_FEATURES,
  TRAIN_CHURN_MODEL,
  FOLLOW_JOBS,
  WHO_AM_I,
];
