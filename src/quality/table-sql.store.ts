import type { ColumnKind, QualityTable } from './table.js';

/** A watched table in SQL; every text here is a constant. */
export interface TableSql {
  /** From clause. */
  from: string;
  /** Typed id of a row, as the graph gives it. */
  id: string;
  /** Stable order of rows, for samples. */
  order: string;
  /** 64-bit hash of what identifies a row. */
  rowHash: string;
  /** Wall time at which the row came in or changed last. */
  fresh: string;
  /** Columns by their names in the catalogue. */
  columns: Readonly<Record<string, string>>;
  /** JSON that attributes or properties live in. */
  open: string | null;
  /** The number whose outliers are counted, and the group within which, and when it was told. */
  number: { column: string; group: string; groupName: string; at: string } | null;
  /** One row with `n`: rows in excess of the first of their like; may use the CTEs of `repeats`. */
  duplicates: string;
}

const text = (column: string): string => `nullif(${column}, '')`;

/** SQL of every watched table. */
export const TABLE_SQL: Readonly<Record<QualityTable, TableSql>> = {
  CUSTOMER: {
    from: 'customer c',
    id: `'User:' || c.id`,
    order: 'c.id',
    rowHash: 'hashint8extended(c.id, 0)',
    fresh: 'c.updated_at',
    columns: {
      externalId: text('c.external_id'),
      name: text('c.name'),
      email: text('c.email'),
      registeredAt: 'c.registered_at',
      lastActiveAt: 'c.last_active_at',
      consentProfiling: 'c.consent_profiling',
      consentMarketing: 'c.consent_marketing',
      createdAt: 'c.created_at',
      updatedAt: 'c.updated_at',
    },
    open: 'c.attributes',
    number: null,
    duplicates: `select coalesce(sum(k.n - 1), 0) as n from (
        select count(*) as n from customer c where nullif(c.email, '') is not null
        group by lower(c.email)) k`,
  },
  EVENT: {
    from: `event e left join event_type t on t.id = e.type_id
      left join event_source s on s.id = e.source_id`,
    id: `'Event:' || s.name || ':' || e.key`,
    order: 'e.at, s.name collate "C", e.key collate "C"',
    rowHash: 'hashtextextended(e.key, e.source_id)',
    fresh: 'e.received_at',
    columns: {
      source: 's.name',
      key: text('e.key'),
      userId: 'e.user_id',
      type: 't.name',
      at: 'e.at',
      value: 'e.value',
      properties: `nullif(e.properties, '{}'::jsonb)`,
      deviceId: 'e.device_id',
      receivedAt: 'e.received_at',
    },
    open: 'e.properties',
    number: { column: 'e.value', group: 'e.type_id', groupName: 't.name', at: 'e.at' },
    duplicates: `select coalesce(sum(k.n - 1), 0) as n from (
        select count(*) as n from twins w
        group by w.user_id, w.at, w.type_id, w.source_id, w.value) k`,
  },
  TICKET: {
    from: 'ticket k',
    id: `'Ticket:' || k.id`,
    order: 'k.id',
    rowHash: 'hashint8extended(k.id, 0)',
    fresh: 'k.updated_at',
    columns: {
      source: text('k.source'),
      key: text('k.key'),
      userId: 'k.user_id',
      issueType: text('k.issue_type'),
      text: text('k.text'),
      openedAt: 'k.opened_at',
      resolvedAt: 'k.resolved_at',
      satisfaction: 'k.satisfaction',
      ratedAt: 'k.rated_at',
      createdAt: 'k.created_at',
      updatedAt: 'k.updated_at',
    },
    open: null,
    number: { column: 'k.satisfaction', group: '0', groupName: `''`, at: 'k.rated_at' },
    duplicates: `select coalesce(sum(g.n - 1), 0) as n from (
        select count(*) as n from ticket k
        group by k.user_id, k.issue_type, k.opened_at, k.text) g`,
  },
  DEVICE: {
    from: 'device d',
    id: `'Device:' || d.id`,
    order: 'd.id',
    rowHash: 'hashint8extended(d.id, 0)',
    fresh: 'd.updated_at',
    columns: {
      key: text('d.key'),
      type: text('d.type'),
      osVersion: text('d.os_version'),
      firstSeenAt: 'd.first_seen_at',
      createdAt: 'd.created_at',
      updatedAt: 'd.updated_at',
    },
    open: null,
    number: null,
    duplicates: `select coalesce(sum(k.n - 1), 0) as n from (
        select count(*) as n from device d group by lower(btrim(d.key))) k`,
  },
};

/** 64-bit hash of a value of the kind; null of null. */
export function hashSql(sql: string, kind: ColumnKind, name: string): string {
  switch (kind) {
    case 'text':
      return `hashtextextended(${sql}, 0)`;
    case 'boolean':
      return `hashint8extended((${sql})::int, 0)`;
    case 'instant':
      return `timestamp_hash_extended(${sql} at time zone 'UTC', 0)`;
    case 'json':
      return `jsonb_hash_extended(${sql}, 0)`;
    case 'number':
      return name.endsWith('Id') ? `hashint8extended(${sql}, 0)` : `hashfloat8extended(${sql}, 0)`;
  }
}
