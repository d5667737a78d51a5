import type { ExampleOperation } from './example.js';

/** The segments of the shop with their personas. */
export const SEGMENTS_AND_PERSONAS: ExampleOperation = {
  name: 'SegmentsAndPersonas',
  title: 'Segments and personas',
  purpose: 'Which groups of customers there are, why, what they are like and what to do.',
  document: `# The live segmentation: every segment with what it is
# like, what to do, and what sets it apart. Set the
# locale to zh for Chinese.
query SegmentsAndPersonas($locale: String!) {
  segmentation(key: "persona") {
    version
    algorithm
    rows
    chosenBecause
    stability {
      mean
      standardDeviation
    }
    segments {
      key
      name
      size
      share
      persona(locale: $locale) {
        quadrant
        traits
        insights
        strategies
        goals
        labels {
          dimension
          label
          rule
        }
      }
      compare(to: ALL) {
        metrics {
          feature
          mean
          otherMean
          direction
        }
      }
    }
  }
}
`,
  variables: { locale: 'en' },
  needs: 'CRM',
};

/** Where a customer belongs, and why. */
export const SEGMENT_OF_CUSTOMER: ExampleOperation = {
  name: 'SegmentOfCustomer',
  title: 'Segment of a customer',
  purpose: 'The persona of one customer, why, since when, and where the customer was before.',
  document: `# Decided when asked: record a purchase and ask again.
query SegmentOfCustomer($customer: String!) {
  user(externalId: $customer) {
    name
    segment {
      segment {
        key
        name
        persona {
          quadrant
          strategies
        }
      }
      probability
      since
      previous {
        name
      }
      reasons(first: 3) {
        text
        contribution
      }
      history(first: 5) {
        nodes {
          segment {
            name
          }
          since
          until
        }
      }
    }
  }
}
`,
  variables: { customer: '{{customer}}' },
  needs: 'CRM',
};

/** The priority matrix with some customers of each segment. */
export const WHERE_TO_ACT: ExampleOperation = {
  name: 'WhereToAct',
  title: 'Where to act',
  purpose: 'Segments by value and activity, and customers of each with their risk.',
  document: `# Value and activity of every segment (1 to 3), and
# the first of its customers. \`userGroups\` counts
# customers by QUADRANT, SEGMENT and RISK.
query WhereToAct {
  segmentation(key: "persona") {
    priorityMatrix {
      name
      value
      activity
      quadrant
      size
    }
    distribution {
      total
      diversity
    }
    segments {
      name
      users(first: 3) {
        totalCount
        nodes {
          externalId
          prediction(model: "churn") {
            probability
            risk
          }
          segment {
            since
            reasons(first: 1) {
              text
            }
          }
        }
      }
    }
  }
}
`,
  variables: {},
  needs: 'ANALYST',
};
