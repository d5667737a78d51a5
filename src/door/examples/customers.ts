import type { ExampleOperation } from './example.js';

/** Customer card. */
export const CUSTOMER_CARD: ExampleOperation = {
  name: 'CustomerCard',
  title: 'Customer card',
  purpose: 'One customer with features, score, reasons and last events, in one round trip.',
  document: `# One round trip: who the customer is, what we know,
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
`,
  variables: { customer: '{{customer}}' },
  needs: 'CRM',
};

/** Customers gone quiet. */
export const QUIET_CUSTOMERS: ExampleOperation = {
  name: 'QuietCustomers',
  title: 'Customers gone quiet',
  purpose: 'Those unseen for longest, each with risk and reasons, scored in one run.',
  document: `# Who has not been seen for longest, with the risk and why.
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
`,
  variables: { first: 20 },
  needs: 'ANALYST',
};

/** Customers as rows. */
export const CUSTOMERS_AS_ROWS: ExampleOperation = {
  name: 'CustomersAsRows',
  title: 'Customers as rows',
  purpose: 'A page of customers with every feature and the score, for a table.',
  document: `# An analyst's table: columns, features and score;
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
`,
  variables: { first: 10 },
  needs: 'ANALYST',
};

/** Record a purchase. */
export const RECORD_PURCHASE: ExampleOperation = {
  name: 'RecordPurchase',
  title: 'Record a purchase',
  purpose: 'Sends one event; run it twice and the second is a duplicate.',
  document: `# Something happens. Sent twice with the same id it
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
`,
  variables: { customer: '{{customer}}', id: '{{id}}', at: '{{now}}' },
  needs: 'OPERATOR',
};

/** Tickets and devices. */
export const TICKETS_AND_DEVICES: ExampleOperation = {
  name: 'TicketsAndDevices',
  title: 'Tickets and devices',
  purpose: 'What a customer complained of, how it was solved, and what they use the shop with.',
  document: `# What the customer wrote to the service about, and
# the devices they were seen with. A device may be
# shared: userCount says by how many.
query TicketsAndDevices($customer: String!) {
  user(externalId: $customer) {
    name
    tickets(first: 5) {
      nodes {
        issueType
        openedAt
        resolutionSeconds
        satisfaction
      }
    }
    devices(first: 5) {
      edges {
        lastSeenAt
        node {
          key
          type
          osVersion
          userCount
        }
      }
    }
  }
}
`,
  variables: { customer: '{{customer}}' },
  needs: 'CRM',
};
