import type { ExampleOperation } from './example.js';

/** How a version was judged. */
export const HOW_A_VERSION_WAS_JUDGED: ExampleOperation = {
  name: 'HowAVersionWasJudged',
  title: 'How a version was judged',
  purpose:
    'Metrics with intervals, groups with the worst one marked, thresholds, rules and the model card.',
  document: `# On customers it had not seen: how sure the figures
# are, for whom it works worse, and what a threshold
# costs. The card at the end is Markdown, to be kept.
query HowAVersionWasJudged($model: String!) {
  model(name: $model) {
    production {
      version
      algorithm
      targets {
        metric
        goal
        value
        met
      }
      metrics {
        name
        split
        value
        low
        high
      }
      baseline {
        name
        value
      }
      slices {
        dimension
        value
        rows
        worst
        metrics {
          name
          value
          low
          high
        }
      }
      fairness {
        attribute
        parityGap
        opportunityGap
      }
      thresholds {
        rule
        chosen
        threshold
        precision
        recall
        totalCost
      }
      cost(falsePositive: 10, falseNegative: 100) {
        bestThreshold
        totalCost
      }
      ruleChecks {
        name
        violations
        rows
        met
        veto
      }
      calibration {
        applied
        logLossBefore
        logLossAfter
      }
      calibrationCurve {
        x
        y
        count
      }
      card
    }
  }
}
`,
  variables: { model: 'churn' },
  needs: 'ANALYST',
};

/** What to look at. */
export const WHAT_TO_LOOK_AT: ExampleOperation = {
  name: 'WhatToLookAt',
  title: 'What to look at',
  purpose: 'Scores that wait for a verdict, the likeliest first, each with its reasons.',
  document: `# Filled by scoring everyone with a model that has
# bands ALLOW, REVIEW and BLOCK. decideReview ends one;
# its verdict is learned from.
query WhatToLookAt($model: String!) {
  reviews(model: $model, first: 20) {
    totalCount
    nodes {
      id
      decision
      probability
      createdAt
      user {
        externalId
      }
      prediction {
        reasons(first: 3) {
          text
          contribution
        }
      }
    }
  }
}
`,
  variables: { model: 'fraud' },
  needs: 'CRM',
};

/** Is the model well. */
export const IS_THE_MODEL_WELL: ExampleOperation = {
  name: 'IsTheModelWell',
  title: 'Is the model well',
  purpose: 'A probe answered now, batching, cache, the version in the shadow, and how it did.',
  document: `# health asks the model now; its counts are of the
# process that answers. shadow is null until a version
# is put there: promoteModel(stage: SHADOW).
query IsTheModelWell($model: String!) {
  model(name: $model) {
    health {
      healthy
      checkedAt
      predictions
      errors
      fallbackRate
      latencyMs {
        p50
        p95
        p99
      }
      batching {
        requests
        runs
        rowsPerRun
        runsPer1000Requests
      }
      resultCache {
        entries
        hits
        misses
        hitRatio
        evictions
      }
    }
    shadow {
      version
      shadowReport {
        predictions
        disagreements
        disagreementShare
        meanAbsoluteDifference
        correlation
      }
    }
    performance(by: DAY) {
      at
      predictions
      labelled
      metrics {
        name
        value
      }
    }
  }
}
`,
  variables: { model: 'churn' },
  needs: 'ANALYST',
};
