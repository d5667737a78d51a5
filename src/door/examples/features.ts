import type { ExampleOperation } from './example.js';

/** Features by name. */
export const FEATURES_BY_NAME: ExampleOperation = {
  name: 'FeaturesByName',
  title: 'Features by name',
  purpose:
    'Features as typed fields; the editor suggests every one there is, deprecated ones struck through.',
  document: `# Features as fields, each in its own type. Press
# Ctrl+Space in there for all that are declared: what
# is approved this minute is suggested this minute.
query FeaturesByName($customer: String!) {
  user(externalId: $customer) {
    externalId
    featureSet {
      days_since_last_purchase
      purchase_count_90d
      purchase_sum_90d
      missingReason
      computedAt
    }
  }
}
`,
  variables: { customer: '{{customer}}' },
  needs: 'CRM',
};

/** Feature table. */
export const FEATURE_TABLE: ExampleOperation = {
  name: 'FeatureTable',
  title: 'Feature table',
  purpose: 'Customers with a few features as columns, as of an instant, in one statement.',
  document: `# One row a customer, one column a feature, as of an
# instant. Only what is selected is computed, in one
# statement for the page: see extensions.counts.sql.
query FeatureTable($first: Int!, $asOf: DateTime!) {
  users(first: $first) {
    nodes {
      externalId
      featureSet(asOf: $asOf) {
        days_since_last_activity
        event_count_30d
        purchase_mean
        evening_user
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
`,
  variables: { first: 20, asOf: '{{now}}' },
  needs: 'ANALYST',
};

/** Features of a customer. */
export const CUSTOMER_FEATURES: ExampleOperation = {
  name: 'CustomerFeatures',
  title: 'Features of a customer',
  purpose: 'Every declared feature as of now; see them move after a purchase.',
  document: `# Every declared feature of one customer, as of now;
# pass asOf to ask about the past.
query CustomerFeatures($customer: String!) {
  user(externalId: $customer) {
    externalId
    features {
      name
      number
      text
      boolean
      isMissing
      asOf
    }
  }
}
`,
  variables: { customer: '{{customer}}' },
  needs: 'CRM',
};

/** Who am I. */
export const WHO_AM_I: ExampleOperation = {
  name: 'WhoAmI',
  title: 'Who am I',
  purpose: 'Name and role of the key, and the features there are.',
  document: `# Whose key this is, and what is declared.
query WhoAmI {
  viewer {
    name
    role
  }
  features {
    name
    type
    unit
    description
  }
}
`,
  variables: {},
  needs: 'CRM',
};
