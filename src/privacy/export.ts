import { encodeId } from '../kernel/id.js';

/** What ids and bytes mean to people. */
export interface Names {
  eventTypes: ReadonlyMap<number, string>;
  eventSources: ReadonlyMap<number, string>;
  models: ReadonlyMap<string, string>;
  versions: ReadonlyMap<string, { name: string; featureNames: readonly string[] }>;
  devices: ReadonlyMap<number, string>;
}

/** A row as PostgreSQL's `to_jsonb` gives it. */
export type JsonRow = Record<string, unknown>;

/** Ids of the graph for the tables that have nodes. */
const NODE_OF_TABLE: Readonly<Record<string, string>> = {
  customer: 'User',
  prediction: 'Prediction',
  job: 'Job',
  device: 'Device',
  ticket: 'Ticket',
};

/** Bytes as `to_jsonb` gives them. */
const BYTES = /^\\x[0-9a-f]*$/;

/**
 * A row for people: ids as those of the graph, two-byte ids and uuids of ours as names, the inputs of a
 * prediction by the name of the feature. Other bytes are left out: they are nobody's alone.
 */
export function exportedRow(table: string, row: JsonRow, names: Names): JsonRow {
  const shown: JsonRow = {};
  for (const [column, value] of Object.entries(row)) {
    if (table === 'prediction' && (column === 'numeric' || column === 'categorical')) continue;
    if (typeof value === 'string' && BYTES.test(value)) continue;
    const [name, told] = toldAs(table, column, value, names);
    shown[name] = told;
  }
  if (table === 'prediction') shown['inputs'] = inputsOf(row, names);
  return shown;
}

function toldAs(table: string, column: string, value: unknown, names: Names): [string, unknown] {
  if (typeof value !== 'string' && typeof value !== 'number') return [column, value];
  const number = Number(value);
  const text = String(value);
  const node = NODE_OF_TABLE[table];
  switch (column) {
    case 'id':
      return ['id', node ? encodeId(node, text) : value];
    case 'user_id':
      return ['user', encodeId('User', text)];
    case 'type_id':
      return ['type', names.eventTypes.get(number) ?? value];
    case 'source_id':
      return ['source', names.eventSources.get(number) ?? value];
    case 'device_id':
      return ['device', names.devices.get(number) ?? encodeId('Device', text)];
    case 'model_id':
      return ['model', names.models.get(text) ?? value];
    case 'model_version_id':
      return ['model_version', names.versions.get(text)?.name ?? value];
    default:
      return [column, value];
  }
}

function inputsOf(row: JsonRow, names: Names): JsonRow {
  const version = names.versions.get(String(row['model_version_id']));
  const numbers = floatsOf(String(row['numeric']));
  const texts = Array.isArray(row['categorical']) ? (row['categorical'] as unknown[]) : [];
  const nameAt = (index: number): string => version?.featureNames[index] ?? `input ${index + 1}`;
  const numeric = numbers.map((value, index): [string, unknown] => [
    nameAt(index),
    Number.isNaN(value) ? null : value,
  ]);
  const categorical = texts.map((value, index): [string, unknown] => [
    nameAt(numbers.length + index),
    value === '' ? null : value,
  ]);
  return Object.fromEntries([...numeric, ...categorical]);
}

function floatsOf(hex: string): number[] {
  const bytes = Buffer.from(hex.slice(2), 'hex');
  return Array.from({ length: Math.floor(bytes.length / 4) }, (_, i) => bytes.readFloatLE(i * 4));
}
