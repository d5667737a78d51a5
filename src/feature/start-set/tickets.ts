import { divide, valueOf, windowed, type StartFeature } from './start-feature.js';

const TICKET = ['ticket'];

/** Trouble: service tickets, as the events of their opening, solution and rating. */
export const tickets: StartFeature[] = [
  ...windowed('ticket_count', { kind: 'events', aggregate: 'count', types: TICKET }, [90], {
    description: 'Number of service tickets opened',
    businessMeaning: 'Trouble now',
    unit: 'count',
    tags: ['ticket'],
  }),
  {
    name: 'ticket_satisfaction_mean',
    description: 'Mean satisfaction stated on service tickets, 1..5',
    businessMeaning: 'Who is not content leaves',
    unit: 'score',
    tags: ['ticket'],
    definition: { kind: 'events', aggregate: 'mean', types: ['ticket', 'ticket_rated'] },
  },
  {
    name: 'ticket_resolution_seconds_mean',
    description: 'Mean time from opening to solution of the service tickets solved',
    businessMeaning: 'How long the customer had to wait for help',
    unit: 'second',
    tags: ['ticket'],
    definition: { kind: 'events', aggregate: 'mean', types: ['ticket_resolved'] },
  },
  {
    name: 'ticket_stated_resolution_hours_mean',
    description:
      'Mean of the property `resolution_hours` of service tickets imported as plain events',
    businessMeaning: 'How long the customer had to wait for help, as the source states it',
    unit: 'hour',
    tags: ['ticket'],
    definition: {
      kind: 'events',
      aggregate: 'mean',
      value: { property: 'resolution_hours' },
      types: TICKET,
    },
  },
  {
    name: 'ticket_resolution_hours_mean',
    description:
      'Mean hours from opening to solution of service tickets; without a solution known, what the source states',
    businessMeaning: 'How long the customer had to wait for help',
    unit: 'hour',
    tags: ['ticket'],
    definition: {
      kind: 'expression',
      expression: {
        op: 'coalesce',
        of: [
          divide(valueOf('ticket_resolution_seconds_mean'), 3600),
          valueOf('ticket_stated_resolution_hours_mean'),
        ],
      },
    },
  },
  {
    name: 'ticket_issue_types',
    description: 'Number of distinct texts of the property `issue_type` of service tickets',
    businessMeaning: 'One trouble again and again, or many kinds of it',
    unit: 'count',
    tags: ['ticket'],
    definition: {
      kind: 'events',
      aggregate: 'distinct',
      of: { property: 'issue_type' },
      types: TICKET,
    },
  },
];
