import type { ExampleOperation } from './example.js';

/** Check for drift. */
export const CHECK_DRIFT: ExampleOperation = {
  name: 'CheckDrift',
  title: 'Has the world moved: check now',
  purpose: 'Starts a check of the version in production; every night does the same.',
  document: `# Starts a job and answers at once; "Follow the jobs"
# watches it, "What drift checks found" shows the
# report. The first check of a version that came without
# a reference makes today's customers the reference.
mutation CheckDrift($model: String!) {
  detectDrift(input: { model: $model }) {
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
  variables: { model: 'churn' },
  needs: 'OPERATOR',
};

/** What drift checks found. */
export const DRIFT_REPORTS: ExampleOperation = {
  name: 'DriftReports',
  title: 'What drift checks found',
  purpose: 'The newest reports: what moved, how much that does to the score, and what was done.',
  document: `# consequence weighs what moved by what it does to the
# score: 0.1 and more is drift. because says it in words.
query DriftReports($model: String!) {
  driftReports(model: $model, first: 5) {
    nodes {
      createdAt
      modelVersion {
        version
      }
      referenceRows
      currentRows
      drifted
      consequence
      driftedShare
      accuracyFall
      action
      because
      retraining {
        id
        status
      }
      features {
        feature
        weight
        psi
        ks
        level
        missingReference
        missingCurrent
      }
      prediction {
        psi
        level
      }
    }
  }
}
`,
  variables: { model: 'churn' },
  needs: 'ANALYST',
};

/** What is watched. */
export const ALERT_RULES: ExampleOperation = {
  name: 'AlertRules',
  title: 'What is watched',
  purpose: 'The rules, the channels, and every metric that a rule can name, with its value now.',
  document: `# createAlertRule adds one; updateAlertRule gives one a
# channel of the file that AUGURY_CHANNELS names.
query AlertRules {
  alertRules {
    id
    name
    description
    metric
    labels
    comparison
    threshold
    forSeconds
    severity
    channels
    enabled
  }
  alertChannels {
    name
    kind
    target
    healthy
    lastError
  }
  alertMetrics {
    name
    description
    unit
    labels
    readings {
      labels
      value
    }
  }
}
`,
  variables: {},
  needs: 'ANALYST',
};

/** Open alerts. */
export const OPEN_ALERTS: ExampleOperation = {
  name: 'OpenAlerts',
  title: 'What is wrong now',
  purpose: 'Alerts that are not over, what happened to each, and who was told.',
  document: `# Nothing listed: all is well. acknowledgeAlert,
# silenceAlert and resolveAlert take the id.
# changesCursor is where to begin with "Follow the
# alerts", so that nothing is missed between the two.
query OpenAlerts {
  changesCursor(topic: ALERT)
  alerts(
    status: [PENDING, FIRING, ACKNOWLEDGED, SILENCED]
    first: 20
  ) {
    nodes {
      id
      status
      severity
      summary
      value
      threshold
      startedAt
      acknowledgedBy
      timeline {
        at
        action
        actor
        detail
      }
      deliveries {
        channel
        status
        attempts
        deliveredAt
        lastError
      }
    }
  }
}
`,
  variables: {},
  needs: 'ANALYST',
};

/** Follow the alerts. */
export const FOLLOW_ALERTS: ExampleOperation = {
  name: 'FollowAlerts',
  title: 'Follow the alerts',
  purpose: 'A subscription that can be resumed: with a cursor it first tells what was missed.',
  document: `# Stays open. Keep the last cursor; after a break pass
# it as $after: what was missed comes first, none lost,
# none twice. Without one it begins now.
subscription FollowAlerts($after: String) {
  alertChanged(after: $after) {
    cursor
    revision
    status
    severity
    summary
  }
}
`,
  variables: { after: null },
  needs: 'ANALYST',
};

/** The day in one page. */
export const DAILY_REPORT: ExampleOperation = {
  name: 'DailyReport',
  title: 'The day in one page',
  purpose: 'Today so far: rating, figures, alerts, drift and what to do about it.',
  document: `# Days that are over are written down at night (UTC)
# and stay as they were.
query DailyReport($date: Date!) {
  dailyReport(date: $date) {
    date
    soFar
    health
    rating
    predictions
    errorRate
    latencyMs {
      mean
      p95
    }
    diversity
    alertsFired
    drifted
    recommendations
    markdown
  }
}
`,
  variables: { date: '{{today}}' },
  needs: 'ANALYST',
};

/** For the auditor. */
export const AUDIT_REPORT: ExampleOperation = {
  name: 'AuditReport',
  title: 'For the auditor',
  purpose: 'All that is known of a model in one page: data, parameters, metrics, who approved it.',
  document: `# kind is MODEL, EXPERIMENT or SEGMENTATION; key is the
# name of the model, or the key of the other two.
query AuditReport($kind: AuditReportKind!, $key: String!) {
  auditReport(kind: $kind, key: $key) {
    title
    generatedAt
    markdown
    data
  }
}
`,
  variables: { kind: 'MODEL', key: 'churn' },
  needs: 'ANALYST',
};
