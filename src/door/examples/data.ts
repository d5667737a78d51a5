import type { ExampleOperation } from './example.js';

/** Data quality. */
export const DATA_QUALITY: ExampleOperation = {
  name: 'DataQuality',
  title: 'How good the data is',
  purpose:
    'The newest scan of every table: what is missing, which rules are broken and by which rows.',
  document: `# The newest scan: what is missing, which rules rows
# break and examples of them. A scan runs every night
# and after imports; scanDataQuality starts one now.
query DataQuality {
  dataQuality {
    status
    rows
    duplicates
    scannedAt
    columns {
      name
      missingShare
      outliers
      status
    }
    checks {
      name
      rule
      rows
      violations
      sampleIds
      status
    }
  }
}
`,
  variables: {},
  needs: 'ANALYST',
};

/** Selection of features. */
export const RANK_FEATURES: ExampleOperation = {
  name: 'RankFeatures',
  title: 'Which features matter',
  purpose:
    'Starts a ranking of every approved feature for a model, by six methods; “Follow the jobs” shows how it goes.',
  document: `# Ranks every approved feature for the model by
# correlation, mutual information, ANOVA F, chi-square,
# importance and recursive elimination. It is a job:
# see it in "Follow the jobs", its result in
# "The latest ranking".
mutation RankFeatures {
  selectFeatures(input: { model: "churn" }) {
    job {
      id
      status
    }
    userErrors {
      code
      message
      path
    }
  }
}
`,
  variables: {},
  needs: 'OPERATOR',
};

/** The latest ranking. */
export const LATEST_RANKING: ExampleOperation = {
  name: 'LatestRanking',
  title: 'The latest ranking',
  purpose:
    'What the newest ranking of features found: votes of the methods, and which say the same.',
  document: `# Votes: how many methods would take the feature.
query LatestRanking {
  model(name: "churn") {
    selections(first: 1) {
      asOf
      rows
      positiveShare
      overall {
        rank
        name
        votes
        rankedBy
        selected
      }
      redundant {
        a
        b
        r
      }
    }
  }
}
`,
  variables: {},
  needs: 'ANALYST',
};

/** Everything held about a customer. */
export const EXPORT_CUSTOMER: ExampleOperation = {
  name: 'ExportCustomer',
  title: 'Everything held about a customer',
  purpose: 'What a customer may ask for: every row of every table about them, in words.',
  document: `# Every row of every table about one customer. It is
# a mutation because it is written to the audit trail.
# eraseUser removes all of it for good.
mutation ExportCustomer($customer: String!) {
  exportUser(externalId: $customer) {
    data
    userErrors {
      code
      message
    }
  }
}
`,
  variables: { customer: '{{customer}}' },
  needs: 'ADMIN',
};
