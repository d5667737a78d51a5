import type { Expression } from '../definition-expression.js';
import { divide, valueOf, windowed, type StartFeature } from './start-feature.js';

/** (now - before) / (now + before): -1 gone, 0 as ever, 1 new; missing where both are 0. */
function trend(now: string, before: string): Expression {
  const of: [Expression, Expression] = [valueOf(now), valueOf(before)];
  return divide({ op: 'subtract', of }, { op: 'add', of });
}

/** The 30 days before the last 30 days, and the trend from them to `<prefix>_count_30d`. */
function trended(prefix: string, what: string, tag: string, types?: string[]): StartFeature[] {
  const tags = [tag, 'window'];
  return [
    {
      name: `${prefix}_count_30d_before`,
      description: `Number of ${what} in the 30 days before the last 30 days`,
      businessMeaning: 'What the last 30 days are to be compared with',
      unit: 'count',
      tags,
      definition: {
        kind: 'events',
        aggregate: 'count',
        windowDays: 30,
        offsetDays: 30,
        ...(types ? { types } : {}),
      },
    },
    {
      name: `${prefix}_trend_30d`,
      description: `(now - before) / (now + before) of ${what} in the last 30 days and the 30 before, -1..1; missing without any`,
      businessMeaning: 'Whether the customer is warming up or cooling down',
      unit: 'ratio',
      tags,
      definition: {
        kind: 'expression',
        expression: trend(`${prefix}_count_30d`, `${prefix}_count_30d_before`),
      },
    },
  ];
}

/** How what customers do is spread over time: trends, consistency, hours of the day. */
export const rhythm: StartFeature[] = [
  ...windowed('event_count', { kind: 'events', aggregate: 'count' }, [30], {
    description: 'Number of events of any type',
    businessMeaning: 'How much the customer does now',
    unit: 'count',
    tags: ['activity'],
  }),
  ...trended('event', 'events of any type', 'activity'),
  ...trended('session', 'sessions started', 'session', ['session_start']),
  ...trended('purchase', 'purchases', 'purchase', ['purchase']),
  {
    name: 'activity_consistency',
    description:
      'UTC days with an event in the last 90 days / days since the first event, these kept within 1..90; at most 1',
    businessMeaning: 'A customer of every day, or of some days',
    unit: 'share',
    tags: ['activity', 'time', 'window'],
    definition: {
      kind: 'expression',
      expression: {
        op: 'min',
        of: [
          1,
          divide(valueOf('active_days_90d'), {
            op: 'max',
            of: [1, { op: 'min', of: [90, valueOf('days_since_first_activity')] }],
          }),
        ],
      },
    },
  },
  {
    name: 'evening_event_share',
    description: 'Share of events between 18:00 and 24:00 UTC, 0..1',
    businessMeaning: 'Rhythm of the day: leisure',
    unit: 'share',
    tags: ['activity', 'time'],
    definition: { kind: 'events', aggregate: 'share', that: { hours: { from: 18, to: 24 } } },
  },
  {
    name: 'evening_user',
    description: 'Whether more than half of the events lie between 18:00 and 24:00 UTC',
    businessMeaning: 'When to reach the customer',
    unit: null,
    tags: ['activity', 'time'],
    type: 'BOOLEAN',
    definition: {
      kind: 'expression',
      expression: { op: 'greaterThan', of: [valueOf('evening_event_share'), 0.5] },
    },
  },
];
