import { z } from 'zod';
import { chiSquareTest } from '../numeric/chi-square.js';
import { populationStabilityIndex } from '../numeric/population-stability.js';
import {
  checkStatus,
  completenessOf,
  estimateDistinct,
  tableStatus,
  type CategoryBias,
  type ColumnQuality,
  type ColumnShift,
  type QualityCheck,
  type StoredRule,
  type TableScan,
} from './quality.js';
import { ruleText } from './rule.js';
import { QUALITY_COLUMNS, type QualityTable } from './table.js';

const count = z.number();
const listOf = <T extends z.ZodType>(item: T) =>
  z
    .array(item)
    .nullish()
    .transform((rows) => rows ?? []);
const shiftRow = z.object({ g: z.string(), current: z.boolean(), bin: z.int(), n: count });

/** The one row that a scan's statement answers. */
export const rawScan = z.looseObject({
  stats: z.record(z.string(), count),
  broken: listOf(z.object({ rule: z.int(), ids: z.array(z.string()) })),
  duplicates: count,
  sources: listOf(
    z.object({
      source: z.string().nullable(),
      rows: count,
      received: count,
      longest: z.number().nullable(),
      p99: z.number().nullable(),
    }),
  ),
  crossed: z.object({ told: count, agreed: count }).nullish(),
  shift: listOf(shiftRow),
  attributes: listOf(
    z.object({
      name: z.string(),
      present: count,
      kinds: z.array(z.string()),
      v: count,
      d: count,
      outliers: count,
      outliers3: count,
    }),
  ),
  bias: listOf(z.object({ name: z.string(), value: z.string(), n: count, active: count })),
  attribute_shift: listOf(shiftRow),
});
export type RawScan = z.infer<typeof rawScan>;
type ShiftRow = z.infer<typeof shiftRow>;

const uniqueRow = z.object({
  broken: count,
  fresh: count,
  ids: z.array(z.string()).nullable(),
});

/** What the rows of a scan mean: counts become columns, checks and statuses. */
export function readScan(
  table: QualityTable,
  rules: readonly StoredRule[],
  raw: RawScan,
  bits: number,
): Omit<TableScan, 'asOf' | 'scannedAt' | 'seconds'> {
  const rows = raw.stats['rows'] ?? 0;
  const columns = [...fixedColumns(table, raw, bits), ...attributeColumns(raw, rows, bits)];
  const checks = rules.map((rule, index) => checkOf(rule, index, raw));
  return {
    table,
    rows,
    columns,
    checks,
    duplicates: raw.duplicates,
    sources: raw.sources
      .map(({ source, rows: of, received, longest, p99 }) => ({
        source: source ?? '',
        rows: of,
        received,
        maxLagSeconds: longest,
        p99LagSeconds: p99,
      }))
      .sort((a, b) => b.rows - a.rows || (a.source < b.source ? -1 : 1)),
    crossSource: raw.crossed ?? null,
    bias: biasOf(raw),
    shift: [
      ...shiftOf(raw.shift, valueName(table)),
      ...shiftOf(raw.attribute_shift, attributeName),
    ],
    status: tableStatus(columns, checks),
  };
}

const valueName =
  (table: QualityTable) =>
  (group: string): string =>
    table === 'EVENT' ? `value of ${group}` : 'satisfaction';
const attributeName = (name: string): string => `attributes.${name}`;

/** Columns whose outliers are counted. */
const MEASURED: ReadonlySet<string> = new Set(['value', 'satisfaction']);

function fixedColumns(table: QualityTable, { stats }: RawScan, bits: number): ColumnQuality[] {
  const rows = stats['rows'] ?? 0;
  return QUALITY_COLUMNS[table].map(({ name, kind, optional }, index) => {
    const present = stats[`p${index}`] ?? 0;
    const sample = { values: stats[`v${index}`] ?? 0, inRows: stats[`d${index}`] ?? 0 };
    const measured = MEASURED.has(name);
    return columnQuality({
      name,
      dataType: kind,
      rows,
      present,
      distinct: estimateDistinct(sample, bits, present),
      bits,
      outliers: measured ? (stats['outliers'] ?? 0) : 0,
      outliers3Sigma: measured ? (stats['outliers3'] ?? 0) : 0,
      optional,
    });
  });
}

function attributeColumns({ attributes }: RawScan, rows: number, bits: number): ColumnQuality[] {
  return attributes.map(({ name, present, kinds, v, d, outliers, outliers3 }) =>
    columnQuality({
      name: attributeName(name),
      dataType: kinds.map((kind) => (kind === 'string' ? 'text' : kind)).join(' or '),
      rows,
      present,
      distinct: estimateDistinct({ values: v, inRows: d }, bits, present),
      bits,
      outliers,
      outliers3Sigma: outliers3,
      optional: true,
    }),
  );
}

function columnQuality(
  found: Pick<
    ColumnQuality,
    'name' | 'dataType' | 'distinct' | 'outliers' | 'outliers3Sigma' | 'optional'
  > & { rows: number; present: number; bits: number },
): ColumnQuality {
  const { rows, present, bits, ...rest } = found;
  const missing = rows - present;
  return {
    ...rest,
    missing,
    missingShare: rows > 0 ? missing / rows : 0,
    distinctMethod: bits === 0 ? 'EXACT' : 'ESTIMATE',
    status: completenessOf(missing, rows),
  };
}

function checkOf(stored: StoredRule, index: number, raw: RawScan): QualityCheck {
  const { stats } = raw;
  const { rule } = stored;
  const unique = 'unique' in rule ? uniqueRow.parse(raw[`unique_${index}`]) : null;
  const counts = {
    rows: stats[`s${index}`] ?? 0,
    violations: unique ? unique.broken : (stats[`b${index}`] ?? 0),
    freshRows: stats[`s${index}_fresh`] ?? 0,
    freshViolations: unique ? unique.fresh : (stats[`b${index}_fresh`] ?? 0),
  };
  return {
    name: stored.name,
    rule: ruleText(rule),
    ...counts,
    sampleIds: unique
      ? (unique.ids ?? [])
      : (raw.broken.find((each) => each.rule === index)?.ids ?? []),
    status: checkStatus(counts, rule.tolerance, stored.severity),
  };
}

/** Chi-square test of each attribute's categories among the active against the others. */
function biasOf({ bias }: RawScan): CategoryBias[] {
  const byName = groupBy(bias, ({ name }) => name);
  return [...byName].map(([attribute, found]) => {
    const all = found.reduce((sum, { n }) => sum + n, 0);
    const active = found.reduce((sum, row) => sum + row.active, 0);
    const { pValue } = chiSquareTest({
      rows: 2,
      columns: found.length,
      counts: Float64Array.from([
        ...found.map((row) => row.active),
        ...found.map((row) => row.n - row.active),
      ]),
    });
    const categories = found
      .map(({ value, n, active: ofValue }) => ({
        value,
        share: n / all,
        activeShare: active > 0 ? ofValue / active : 0,
      }))
      .sort((a, b) => b.share - a.share || (a.value < b.value ? -1 : 1));
    return { attribute, categories, pValue };
  });
}

const BINS = 10;

/** Population stability of each group that both windows have rows of. */
function shiftOf(rows: readonly ShiftRow[], nameOf: (group: string) => string): ColumnShift[] {
  return [...groupBy(rows, ({ g }) => g)].flatMap(([group, counts]) => {
    const reference = new Float64Array(BINS);
    const current = new Float64Array(BINS);
    for (const { bin, n, current: isCurrent } of counts) (isCurrent ? current : reference)[bin] = n;
    const sum = (values: Float64Array): number => values.reduce((total, n) => total + n, 0);
    const [referenceRows, currentRows] = [sum(reference), sum(current)];
    if (referenceRows === 0 || currentRows === 0) return [];
    const psi = populationStabilityIndex(reference, current);
    return [{ column: nameOf(group), psi, referenceRows, currentRows }];
  });
}

function groupBy<T>(rows: readonly T[], keyOf: (row: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    const group = groups.get(keyOf(row));
    if (group) group.push(row);
    else groups.set(keyOf(row), [row]);
  }
  return groups;
}
