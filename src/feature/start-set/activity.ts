import {
  capped,
  divide,
  LATE_NIGHT,
  valueOf,
  windowed,
  type StartFeature,
} from './start-feature.js';

const SESSION = ['session_start'];
const SESSION_END = ['session_end'];
const PAGE_VIEW = ['page_view'];

/** What customers do: presence, sessions, pages, times, scores. */
export const activity: StartFeature[] = [
  {
    name: 'event_count',
    description: 'Number of events of any type',
    businessMeaning: 'How much the customer does at all',
    unit: 'count',
    tags: ['activity'],
    definition: { kind: 'events', aggregate: 'count' },
  },
  {
    name: 'days_since_last_activity',
    description: 'Days since the last event of any type',
    businessMeaning: 'Silence comes before leaving',
    unit: 'day',
    tags: ['activity'],
    definition: { kind: 'daysSince', of: 'lastEvent' },
  },
  {
    name: 'days_since_first_activity',
    description: 'Days since the first event of any type',
    businessMeaning: 'How long we have known the customer',
    unit: 'day',
    tags: ['activity'],
    definition: { kind: 'daysSince', of: 'firstEvent' },
  },
  {
    name: 'days_since_registration',
    description: 'Days since registration; missing when unknown',
    businessMeaning: 'Age of the account',
    unit: 'day',
    tags: ['profile'],
    definition: { kind: 'daysSince', of: 'registration' },
  },
  {
    name: 'tenure_days',
    description: 'Days since registration, or since the first event where it is unknown',
    businessMeaning: 'User lifetime',
    unit: 'day',
    tags: ['profile', 'clustering'],
    definition: {
      kind: 'expression',
      expression: {
        op: 'coalesce',
        of: [valueOf('days_since_registration'), valueOf('days_since_first_activity')],
      },
    },
  },
  {
    name: 'user_lifetime_days',
    description: 'Days from the first to the last event',
    businessMeaning: 'How long the customer has been with us, silence not counted',
    unit: 'day',
    tags: ['activity'],
    definition: {
      kind: 'expression',
      expression: {
        op: 'subtract',
        of: [valueOf('days_since_first_activity'), valueOf('days_since_last_activity')],
      },
    },
  },
  {
    name: 'device_count',
    description: 'Number of devices that events came from',
    businessMeaning: 'Many devices are a sign of a shared account',
    unit: 'count',
    tags: ['device'],
    definition: { kind: 'events', aggregate: 'distinct', of: 'device' },
  },
  ...windowed('active_days', { kind: 'events', aggregate: 'distinctDays' }, [30, 90], {
    description: 'UTC days with an event',
    businessMeaning: 'Habit',
    unit: 'day',
    tags: ['activity'],
  }),
  {
    name: 'session_count',
    description: 'Number of sessions started',
    businessMeaning: 'How often the customer comes',
    unit: 'count',
    tags: ['session', 'clustering'],
    definition: { kind: 'events', aggregate: 'count', types: SESSION },
  },
  ...windowed(
    'session_count',
    { kind: 'events', aggregate: 'count', types: SESSION },
    [7, 30, 90],
    {
      description: 'Number of sessions started',
      businessMeaning: 'How often the customer comes now',
      unit: 'count',
      tags: ['session'],
    },
  ),
  {
    name: 'session_seconds_mean',
    description: 'Mean length of a session',
    businessMeaning: 'How long the customer stays',
    unit: 'second',
    tags: ['session', 'clustering'],
    definition: { kind: 'events', aggregate: 'mean', types: SESSION_END },
  },
  {
    name: 'session_seconds_sum',
    description: 'Total length of all sessions',
    businessMeaning: 'Time given to us',
    unit: 'second',
    tags: ['session', 'clustering'],
    definition: { kind: 'events', aggregate: 'sum', types: SESSION_END },
  },
  {
    name: 'days_since_session_start',
    description: 'Days since a session last began',
    businessMeaning: 'When the customer last came',
    unit: 'day',
    tags: ['session'],
    definition: { kind: 'daysSince', of: 'lastEvent', types: SESSION },
  },
  {
    name: 'days_since_session_end',
    description: 'Days since a session last ended',
    businessMeaning: 'When the customer last left',
    unit: 'day',
    tags: ['session'],
    definition: { kind: 'daysSince', of: 'lastEvent', types: SESSION_END },
  },
  {
    name: 'in_session',
    description:
      'Whether the customer is there now: a session began within 24 hours, after the last one that ended',
    businessMeaning: 'Whom to speak to at this moment',
    unit: null,
    tags: ['session'],
    type: 'BOOLEAN',
    definition: {
      kind: 'expression',
      expression: {
        op: 'lessThan',
        of: [
          { op: 'coalesce', of: [valueOf('days_since_session_start'), 999] },
          { op: 'min', of: [{ op: 'coalesce', of: [valueOf('days_since_session_end'), 1] }, 1] },
        ],
      },
    },
  },
  {
    name: 'page_view_count',
    description: 'Number of pages viewed',
    businessMeaning: 'Interest',
    unit: 'count',
    tags: ['session', 'clustering'],
    definition: { kind: 'events', aggregate: 'count', types: PAGE_VIEW },
  },
  ...windowed('page_view_count', { kind: 'events', aggregate: 'count', types: PAGE_VIEW }, [30], {
    description: 'Number of pages viewed',
    businessMeaning: 'Interest now',
    unit: 'count',
    tags: ['session'],
  }),
  {
    name: 'late_night_event_count',
    description: 'Events between 22:00 and 06:00 UTC',
    businessMeaning: 'Unusual hours',
    unit: 'count',
    tags: ['activity', 'time'],
    definition: { kind: 'events', aggregate: 'count', hours: LATE_NIGHT },
  },
  {
    name: 'late_night_share',
    description: 'Share of events between 22:00 and 06:00 UTC, 0..1',
    businessMeaning: 'Rhythm of the day',
    unit: 'share',
    tags: ['activity', 'time'],
    definition: {
      kind: 'expression',
      expression: divide(valueOf('late_night_event_count'), valueOf('event_count')),
    },
  },
  ...(['Sine', 'Cosine'] as const).map((part): StartFeature => ({
    name: `activity_hour_${part.toLowerCase()}`,
    description: `Mean ${part.toLowerCase()} of the hour of the day (UTC, the day as a circle) over 90 days, -1..1`,
    businessMeaning: 'When in the day the customer is active; 23:59 lies next to 00:01',
    unit: 'ratio',
    tags: ['activity', 'time', 'window'],
    definition: { kind: 'events', aggregate: 'mean', value: `hour${part}`, windowDays: 90 },
  })),
  {
    name: 'recency_score',
    description: '1 / (days since the last event + 1), 0..1; 0 without an event',
    businessMeaning: 'Freshness on one scale, the same offline and online',
    unit: 'score',
    tags: ['activity', 'score', 'clustering'],
    definition: {
      kind: 'expression',
      expression: {
        op: 'coalesce',
        of: [divide(1, { op: 'add', of: [valueOf('days_since_last_activity'), 1] }), 0],
      },
    },
  },
  {
    name: 'engagement_score',
    description:
      'Mean of sessions / 100, mean session seconds / 3600 and page views / 50, each capped at 1; 0..1',
    businessMeaning: 'How much the customer uses what we offer',
    unit: 'score',
    tags: ['activity', 'score', 'clustering'],
    definition: {
      kind: 'expression',
      expression: divide(
        {
          op: 'add',
          of: [
            capped('session_count', 100),
            capped('session_seconds_mean', 3600),
            capped('page_view_count', 50),
          ],
        },
        3,
      ),
    },
  },
];
