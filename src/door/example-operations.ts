import type { ExampleOperation } from './examples/example.js';
import {
  CUSTOMER_CARD,
  QUIET_CUSTOMERS,
  CUSTOMERS_AS_ROWS,
  RECORD_PURCHASE,
  TICKETS_AND_DEVICES,
} from './examples/customers.js';
import { DATA_QUALITY, EXPORT_CUSTOMER, LATEST_RANKING, RANK_FEATURES } from './examples/data.js';
import {
  FEATURES_BY_NAME,
  FEATURE_TABLE,
  CUSTOMER_FEATURES,
  WHO_AM_I,
} from './examples/features.js';
import {
  HOW_A_VERSION_WAS_JUDGED,
  IS_THE_MODEL_WELL,
  WHAT_TO_LOOK_AT,
} from './examples/judging.js';
import { SEGMENT_OF_CUSTOMER, SEGMENTS_AND_PERSONAS, WHERE_TO_ACT } from './examples/segments.js';
import { WHAT_THE_MODEL_IS, TRAIN_CHURN_MODEL, FOLLOW_JOBS } from './examples/models.js';

/** What a CRM developer and an analyst would start from, in that order. */
export const EXAMPLE_OPERATIONS: readonly ExampleOperation[] = [
  CUSTOMER_CARD,
  QUIET_CUSTOMERS,
  CUSTOMERS_AS_ROWS,
  TICKETS_AND_DEVICES,
  SEGMENT_OF_CUSTOMER,
  SEGMENTS_AND_PERSONAS,
  WHERE_TO_ACT,
  WHAT_THE_MODEL_IS,
  HOW_A_VERSION_WAS_JUDGED,
  IS_THE_MODEL_WELL,
  WHAT_TO_LOOK_AT,
  RECORD_PURCHASE,
  FEATURES_BY_NAME,
  FEATURE_TABLE,
  CUSTOMER_FEATURES,
  DATA_QUALITY,
  RANK_FEATURES,
  LATEST_RANKING,
  TRAIN_CHURN_MODEL,
  FOLLOW_JOBS,
  EXPORT_CUSTOMER,
  WHO_AM_I,
];
