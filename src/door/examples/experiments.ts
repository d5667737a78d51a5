import type { ExampleOperation } from './example.js';

/** Start an experiment. */
export const START_EXPERIMENT: ExampleOperation = {
  name: 'StartExperiment',
  title: 'Start an experiment',
  purpose:
    'Writes down an experiment of two treatments and starts it; the same key cannot be used again.',
  document: `# The arms, what decides, and what must not suffer.
# Who is in which arm is a hash of key and customer, so
# nothing else has to be prepared. startExperiment runs
# after createExperiment has answered.
mutation StartExperiment(
  $key: String!
  $from: DateTime!
  $until: DateTime!
) {
  createExperiment(
    input: {
      key: $key
      hypothesis: "A voucher brings quiet customers back"
      variants: [
        { key: "control", weight: 1, control: true }
        {
          key: "voucher"
          weight: 1
          payload: { percent: 10 }
        }
      ]
      primaryMetric: "share:purchase"
      guardrails: ["count:support_ticket"]
      lowerIsBetter: ["count:support_ticket"]
      startsAt: $from
      endsAt: $until
    }
  ) {
    userErrors {
      code
      message
      path
    }
  }
  startExperiment(key: $key) {
    experiment {
      key
      status
      startedAt
      variants {
        key
        weight
      }
    }
    userErrors {
      code
      message
      path
    }
  }
}
`,
  variables: { key: 'voucher', from: '{{now}}', until: '{{later}}' },
  needs: 'OPERATOR',
};

/** Which arm is this customer in. */
export const ARM_OF_CUSTOMER: ExampleOperation = {
  name: 'ArmOfCustomer',
  title: 'Which arm is this customer in',
  purpose: 'The arm in every running experiment; reading it counts as the exposure.',
  document: `# What the shop asks before it shows something. The
# first question is the exposure: from assignedAt on,
# what the customer does counts for the arm.
query ArmOfCustomer($customer: String!) {
  user(externalId: $customer) {
    externalId
    assignments {
      experiment {
        key
      }
      variant {
        key
        payload
      }
      assignedAt
      exposures
    }
  }
}
`,
  variables: { customer: '{{customer}}' },
  needs: 'CRM',
};

/** Which arm is better. */
export const EXPERIMENT_RESULTS: ExampleOperation = {
  name: 'ExperimentResults',
  title: 'Which arm is better',
  purpose: 'Arms, differences with intervals, and the decision with its reason in words.',
  document: `# experiment is null until "Start an experiment" ran.
# sequentialPValue holds however often you look;
# waitingFor says what there is too little of.
query ExperimentResults($key: String!) {
  experiment(key: $key) {
    status
    hypothesis
    results {
      decision
      reason
      winner {
        key
      }
      waitingFor
      sampleRatio {
        pValue
        mismatch
      }
      variants {
        variant {
          key
          control
        }
        users
        outcomes
        mean
        low
        high
      }
      comparisons {
        metric
        treatment {
          key
        }
        difference
        low
        high
        relativeLift
        sequentialPValue
        significant
        verdict
      }
    }
  }
}
`,
  variables: { key: 'voucher' },
  needs: 'ANALYST',
};
