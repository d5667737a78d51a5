/** An operation that the explorer offers to somebody who sees the graph for the first time. */
export interface ExampleOperation {
  /** The name of the operation in the document; unique. */
  name: string;
  /** What a reader of the list sees. */
  title: string;
  /** One sentence: what it answers, and what to look at. */
  purpose: string;
  document: string;
  /** JSON in which `{{customer}}`, `{{now}}` and `{{id}}` stand for what `fillVariables` knows. */
  variables: Readonly<Record<string, unknown>>;
  /** The least role that may run it. */
  needs: 'CRM' | 'ANALYST' | 'OPERATOR';
}

/** What is not known before somebody looks: a customer's key, the time, an id not used before. */
export interface ExampleFacts {
  customer: string;
  now: string;
  id: string;
}

/** The variables of an example with its facts filled in. */
export function fillVariables(
  { variables }: Pick<ExampleOperation, 'variables'>,
  facts: ExampleFacts,
): Record<string, unknown> {
  const filled = JSON.stringify(variables).replace(
    /\{\{(customer|now|id)\}\}/g,
    (_, name: keyof ExampleFacts) => JSON.stringify(facts[name]).slice(1, -1),
  );
  return JSON.parse(filled) as Record<string, unknown>;
}

const CUSTOMER_CARD = `# One round trip: who the customer is, what we know,
# what the model says and why. The answer tells what
# it cost, in extensions.counts.
query CustomerCard($customer: String!) {
  user(externalId: $customer) {
    id
    externalId
    name
    email
    redacted
    registeredAt
    lastActiveAt
    features(
      names: [
        "days_since_last_purchase"
        "purchase_count_90d"
        "purchase_sum_90d"
      ]
    ) {
      name
      number
      isMissing
    }
    prediction(model: "churn") {
      eligibility
      probability
      label
      risk
      confidence
      baseValue
      reasons(first: 5) {
        feature
        contribution
        direction
        text
      }
      source
      latencyMs
      modelVersion {
        version
        algorithm
      }
    }
    events(first: 5) {
      nodes {
        type
        at
        value
      }
    }
  }
}
`;

const QUIET_CUSTOMERS = `# Who has not been seen for longest, with the risk and why.
# The whole page is scored in one model run:
# see extensions.counts.onnxRuns.
query QuietCustomers($first: Int!) {
  users(
    orderBy: [{ by: LAST_ACTIVE_AT, direction: ASC }]
    first: $first
  ) {
    totalCount
    nodes {
      externalId
      lastActiveAt
      prediction(model: "churn") {
        eligibility
        probability
        risk
        reasons(first: 3) {
          text
        }
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
`;

const WHAT_THE_MODEL_IS = `# What answers, how good it was on rows it had not
# seen, and which versions there are.
query WhatTheModelIs($model: String!) {
  model(name: $model) {
    name
    description
    production {
      version
      algorithm
      trainedAt
      trainingRows
      testRows
      threshold
      metrics {
        name
        split
        value
      }
      confusionMatrix {
        truePositives
        falsePositives
        falseNegatives
        trueNegatives
      }
      importances {
        rank
        feature
        meanAbsoluteContribution
      }
    }
    versions(first: 10) {
      nodes {
        version
        stage
        algorithm
        trainedAt
      }
    }
  }
}
`;

const RECORD_PURCHASE = `# Something happens. Sent twice with the same id it
# counts once. Then run "Features of a customer" and
# see the sums move.
mutation RecordPurchase($customer: String!, $id: ID!, $at: DateTime!) {
  recordEvents(
    events: [
      {
        id: $id
        user: $customer
        type: "purchase"
        at: $at
        value: 49.9
        source: "explorer"
      }
    ]
  ) {
    accepted
    duplicates
    rejected {
      index
      code
      message
    }
    userErrors {
      code
      message
    }
  }
}
`;

const CUSTOMER_FEATURES = `# Every declared feature of one customer, as of now;
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
`;

const TRAIN_CHURN_MODEL = `# Starts a job and answers at once.
# Then run "Follow the jobs" to watch it.
mutation TrainChurnModel($input: TrainModelInput!) {
  trainModel(input: $input) {
    job {
      id
      kind
      status
    }
    userErrors {
      code
      message
      path
    }
  }
}
`;

const FOLLOW_JOBS = `# Stays open: every change of every job, as it
# happens (WebSocket).
subscription FollowJobs {
  jobChanged {
    id
    kind
    status
    progress
    stage
    error
  }
}
`;

const CUSTOMERS_AS_ROWS = `# An analyst's table: columns, features and score;
# name and email stay out of it.
query CustomersAsRows($first: Int!, $after: String) {
  users(
    orderBy: [{ by: LAST_ACTIVE_AT }]
    first: $first
    after: $after
  ) {
    totalCount
    nodes {
      externalId
      attributes
      registeredAt
      lastActiveAt
      features {
        name
        number
        text
      }
      prediction(model: "churn") {
        eligibility
        probability
        risk
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
`;

const WHO_AM_I = `# Whose key this is, and what is declared.
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
`;

/** What a CRM developer and an analyst would start from, in that order. */
export const EXAMPLE_OPERATIONS: readonly ExampleOperation[] = [
  {
    name: 'CustomerCard',
    title: 'Customer card',
    purpose: 'One customer with features, score, reasons and last events, in one round trip.',
    document: CUSTOMER_CARD,
    variables: { customer: '{{customer}}' },
    needs: 'CRM',
  },
  {
    name: 'QuietCustomers',
    title: 'Customers gone quiet',
    purpose: 'Those unseen for longest, each with risk and reasons, scored in one run.',
    document: QUIET_CUSTOMERS,
    variables: { first: 20 },
    needs: 'ANALYST',
  },
  {
    name: 'CustomersAsRows',
    title: 'Customers as rows',
    purpose: 'A page of customers with every feature and the score, for a table.',
    document: CUSTOMERS_AS_ROWS,
    variables: { first: 10 },
    needs: 'ANALYST',
  },
  {
    name: 'WhatTheModelIs',
    title: 'What the model is',
    purpose: 'The version that answers, its metrics, what it looks at, and its history.',
    document: WHAT_THE_MODEL_IS,
    variables: { model: 'churn' },
    needs: 'CRM',
  },
  {
    name: 'RecordPurchase',
    title: 'Record a purchase',
    purpose: 'Sends one event; run it twice and the second is a duplicate.',
    document: RECORD_PURCHASE,
    variables: { customer: '{{customer}}', id: '{{id}}', at: '{{now}}' },
    needs: 'OPERATOR',
  },
  {
    name: 'CustomerFeatures',
    title: 'Features of a customer',
    purpose: 'Every declared feature as of now; see them move after a purchase.',
    document: CUSTOMER_FEATURES,
    variables: { customer: '{{customer}}' },
    needs: 'CRM',
  },
  {
    name: 'TrainChurnModel',
    title: 'Train the churn model',
    purpose: 'Starts a training job; it becomes production only if it is better.',
    document: TRAIN_CHURN_MODEL,
    variables: { input: { model: 'churn', promoteIfBetter: true } },
    needs: 'OPERATOR',
  },
  {
    name: 'FollowJobs',
    title: 'Follow the jobs',
    purpose: 'A subscription: every change of every job, while this tab stays open.',
    document: FOLLOW_JOBS,
    variables: {},
    needs: 'ANALYST',
  },
  {
    name: 'WhoAmI',
    title: 'Who am I',
    purpose: 'Name and role of the key, and the features there are.',
    document: WHO_AM_I,
    variables: {},
    needs: 'CRM',
  },
];
