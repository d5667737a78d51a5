import type { ExampleOperation } from './example.js';

/** What the model is. */
export const WHAT_THE_MODEL_IS: ExampleOperation = {
  name: 'WhatTheModelIs',
  title: 'What the model is',
  purpose: 'The version that answers, its metrics, what it looks at, and its history.',
  document: `# What answers, how good it was on rows it had not
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
`,
  variables: { model: 'churn' },
  needs: 'CRM',
};

/** Train the churn model. */
export const TRAIN_CHURN_MODEL: ExampleOperation = {
  name: 'TrainChurnModel',
  title: 'Train the churn model',
  purpose: 'Starts a training job; it becomes production only if it is better.',
  document: `# Starts a job and answers at once.
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
`,
  variables: { input: { model: 'churn', promoteIfBetter: true } },
  needs: 'OPERATOR',
};

/** Follow the jobs. */
export const FOLLOW_JOBS: ExampleOperation = {
  name: 'FollowJobs',
  title: 'Follow the jobs',
  purpose: 'A subscription: every change of every job, while this tab stays open.',
  document: `# Stays open: every change of every job, as it
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
`,
  variables: {},
  needs: 'ANALYST',
};
