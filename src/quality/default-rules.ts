import type { RuleStatus } from './quality.js';
import type { RuleInput } from './rule.js';
import type { QualityTable } from './table.js';

/** A rule that a new installation starts with. */
export interface DefaultRule {
  name: string;
  description: string;
  table: QualityTable;
  severity: RuleStatus;
  rule: RuleInput;
}

/** One row in a hundred may be wrong before models are kept away: a refund in the wrong column is not a broken batch. */
const FEW = 0.01;
const column = (name: string) => ({ column: name });
const NOW = { now: true } as const;

/** The rules seeded once; whoever runs the installation may change or remove them. */
export const DEFAULT_RULES: readonly DefaultRule[] = [
  {
    name: 'purchase_amount_not_negative',
    description: 'Amounts of purchases are 0 or more.',
    table: 'EVENT',
    severity: 'FAILED',
    rule: {
      when: [{ of: column('type'), op: 'eq', to: 'purchase' }],
      check: [{ of: column('value'), op: 'gte', to: 0 }],
      tolerance: FEW,
    },
  },
  {
    name: 'purchase_has_amount',
    description: 'Every purchase tells its amount.',
    table: 'EVENT',
    severity: 'FAILED',
    rule: {
      when: [{ of: column('type'), op: 'eq', to: 'purchase' }],
      check: [{ of: column('value'), op: 'present' }],
      tolerance: 0.1,
    },
  },
  {
    name: 'session_seconds_not_negative',
    description: 'Sessions last 0 seconds or more.',
    table: 'EVENT',
    severity: 'FAILED',
    rule: {
      when: [{ of: column('type'), op: 'in', values: ['session_start', 'session_end'] }],
      check: [{ of: column('value'), op: 'gte', to: 0 }],
      tolerance: FEW,
    },
  },
  {
    name: 'event_not_in_future',
    description: 'Events lie at most 5 minutes ahead of the scan.',
    table: 'EVENT',
    severity: 'FAILED',
    rule: {
      check: [{ of: column('at'), op: 'lte', to: { now: true, plusSeconds: 300 } }],
      tolerance: FEW,
    },
  },
  {
    name: 'ticket_event_satisfaction_in_range',
    description: 'Satisfaction told by an event is 1..5.',
    table: 'EVENT',
    severity: 'FAILED',
    rule: {
      when: [{ of: column('type'), op: 'in', values: ['ticket', 'ticket_rated'] }],
      check: [
        { of: column('value'), op: 'gte', to: 1 },
        { of: column('value'), op: 'lte', to: 5 },
      ],
      tolerance: FEW,
    },
  },
  {
    name: 'registered_not_in_future',
    description: 'Nobody registers after the scan.',
    table: 'CUSTOMER',
    severity: 'FAILED',
    rule: { check: [{ of: column('registeredAt'), op: 'lte', to: NOW }], tolerance: FEW },
  },
  {
    name: 'last_active_not_in_future',
    description: 'The last activity lies at most 5 minutes ahead of the scan.',
    table: 'CUSTOMER',
    severity: 'FAILED',
    rule: {
      check: [{ of: column('lastActiveAt'), op: 'lte', to: { now: true, plusSeconds: 300 } }],
      tolerance: FEW,
    },
  },
  {
    name: 'registered_before_last_active',
    description: 'Customers register before their last activity.',
    table: 'CUSTOMER',
    severity: 'WARNING',
    rule: { check: [{ of: column('registeredAt'), op: 'lte', to: column('lastActiveAt') }] },
  },
  {
    name: 'age_in_range',
    description: 'Age is 0..130 years.',
    table: 'CUSTOMER',
    severity: 'FAILED',
    rule: {
      check: [
        { of: { attribute: 'age' }, op: 'gte', to: 0 },
        { of: { attribute: 'age' }, op: 'lte', to: 130 },
      ],
      tolerance: FEW,
    },
  },
  {
    name: 'age_is_number',
    description: 'Age, where told, is a number.',
    table: 'CUSTOMER',
    severity: 'FAILED',
    rule: { check: [{ of: { attribute: 'age' }, op: 'isA', kind: 'number' }], tolerance: FEW },
  },
  {
    name: 'email_well_formed',
    description: 'E-mail addresses look like one.',
    table: 'CUSTOMER',
    severity: 'WARNING',
    rule: { check: [{ of: column('email'), op: 'matches', form: 'email' }] },
  },
  {
    name: 'resolved_after_opened',
    description: 'Tickets are resolved when they are opened or later.',
    table: 'TICKET',
    severity: 'FAILED',
    rule: {
      check: [{ of: column('resolvedAt'), op: 'gte', to: column('openedAt') }],
      tolerance: FEW,
    },
  },
  {
    name: 'satisfaction_in_range',
    description: 'Satisfaction is 1..5.',
    table: 'TICKET',
    severity: 'FAILED',
    rule: {
      check: [
        { of: column('satisfaction'), op: 'gte', to: 1 },
        { of: column('satisfaction'), op: 'lte', to: 5 },
      ],
      tolerance: FEW,
    },
  },
  {
    name: 'device_first_seen_not_in_future',
    description: 'Devices were first seen at most 5 minutes ahead of the scan.',
    table: 'DEVICE',
    severity: 'WARNING',
    rule: {
      check: [{ of: column('firstSeenAt'), op: 'lte', to: { now: true, plusSeconds: 300 } }],
    },
  },
];
