/** The tables that are watched. */
export const QUALITY_TABLES = ['CUSTOMER', 'EVENT', 'TICKET', 'DEVICE'] as const;
export type QualityTable = (typeof QUALITY_TABLES)[number];

/** Kinds of values that columns hold; `json` can only be present or absent. */
export type ColumnKind = 'number' | 'text' | 'boolean' | 'instant' | 'json';

/** A column of a watched table, as reports and rules name it. */
export interface QualityColumn {
  name: string;
  kind: ColumnKind;
  /** May be empty by design: its status is told, but does not count for the table's. */
  optional: boolean;
}

const need = (name: string, kind: ColumnKind): QualityColumn => ({ name, kind, optional: false });
const may = (name: string, kind: ColumnKind): QualityColumn => ({ name, kind, optional: true });

/** The catalogue of columns: the only names that a rule or a report can hold. */
export const QUALITY_COLUMNS: Readonly<Record<QualityTable, readonly QualityColumn[]>> = {
  CUSTOMER: [
    need('externalId', 'text'),
    may('name', 'text'),
    may('email', 'text'),
    need('registeredAt', 'instant'),
    need('lastActiveAt', 'instant'),
    need('consentProfiling', 'boolean'),
    need('consentMarketing', 'boolean'),
    need('createdAt', 'instant'),
    need('updatedAt', 'instant'),
  ],
  EVENT: [
    need('source', 'text'),
    need('key', 'text'),
    need('userId', 'number'),
    need('type', 'text'),
    need('at', 'instant'),
    may('value', 'number'),
    may('properties', 'json'),
    may('deviceId', 'number'),
    need('receivedAt', 'instant'),
  ],
  TICKET: [
    need('source', 'text'),
    need('key', 'text'),
    need('userId', 'number'),
    need('issueType', 'text'),
    may('text', 'text'),
    need('openedAt', 'instant'),
    may('resolvedAt', 'instant'),
    may('satisfaction', 'number'),
    may('ratedAt', 'instant'),
    need('createdAt', 'instant'),
    need('updatedAt', 'instant'),
  ],
  DEVICE: [
    need('key', 'text'),
    may('type', 'text'),
    may('osVersion', 'text'),
    may('firstSeenAt', 'instant'),
    need('createdAt', 'instant'),
    need('updatedAt', 'instant'),
  ],
};

/** The column of a table by its name, or null. */
export function columnOf(table: QualityTable, name: string): QualityColumn | null {
  return QUALITY_COLUMNS[table].find((column) => column.name === name) ?? null;
}
