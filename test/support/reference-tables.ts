import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';
import { parse } from 'csv-parse/sync';
import { isTestRow } from '../../src/model/train/training.js';
import { projectRoot } from '../../src/plant/paths.js';
import type { FeatureTable } from '../../src/numeric/table.js';

/** The public data sets lie beside the project; they are not copied into it. */
const dataFolder = path.join(projectRoot, '..', 'shared', 'data');

/** True where the public data sets can be read; says so aloud where not. */
export function haveReferenceData(): boolean {
  const have = fs.existsSync(path.join(dataFolder, 'reference'));
  if (!have) console.warn(`SKIPPED: no public data sets in ${dataFolder}`);
  return have;
}

/** Parsed reference result, e.g. `classify_telco`. */
export function readReference(name: string): unknown {
  return JSON.parse(fs.readFileSync(path.join(dataFolder, 'reference', `${name}.json`), 'utf8'));
}

export interface LabelledTable {
  table: FeatureTable;
  labels: Uint8Array;
}

type Row = Record<string, string>;

function readRows(file: string): Row[] {
  const bytes = zlib.gunzipSync(fs.readFileSync(path.join(dataFolder, file)));
  return parse(bytes, { columns: true, bom: true });
}

/** A number; anything that does not read as one (blank too) is missing. */
function number(text: string): number {
  return text.trim() === '' ? Number.NaN : Number(text);
}

function tableOf(
  rows: readonly Row[],
  numericNames: readonly string[],
  categoricalNames: readonly string[],
): FeatureTable {
  return {
    rows: rows.length,
    numericNames,
    numeric: Float32Array.from(
      rows.flatMap((row) => numericNames.map((name) => number(row[name] ?? ''))),
    ),
    categoricalNames,
    categorical: rows.flatMap((row) => categoricalNames.map((name) => row[name] ?? '')),
  };
}

function columnsBut(rows: readonly Row[], ...without: string[]): string[] {
  return Object.keys(rows[0] ?? {}).filter((name) => !without.includes(name));
}

/** Telco churn from attributes alone; the 11 blank `TotalCharges` are missing. */
export function telcoTable(): LabelledTable {
  const rows = readRows('telco_customer_churn.csv.gz');
  const numeric = ['SeniorCitizen', 'tenure', 'MonthlyCharges', 'TotalCharges'];
  const categorical = columnsBut(rows, 'customerID', 'Churn', ...numeric);
  const labels = Uint8Array.from(rows, (row) => (row.Churn === 'Yes' ? 1 : 0));
  return { table: tableOf(rows, numeric, categorical), labels };
}

/** Online shoppers: does the session buy? Codes are categories, `Weekend` is 0/1. */
export function onlineShoppersTable(): LabelledTable {
  const rows = readRows('online_shoppers_intention.csv.gz').map((row) => ({
    ...row,
    Weekend: row.Weekend === 'TRUE' ? '1' : '0',
  })) satisfies Row[];
  const categorical = [
    'Month',
    'OperatingSystems',
    'Browser',
    'Region',
    'TrafficType',
    'VisitorType',
  ];
  const numeric = columnsBut(rows, 'Revenue', ...categorical);
  const labels = Uint8Array.from(rows, (row: Row) => (row.Revenue === 'TRUE' ? 1 : 0));
  return { table: tableOf(rows, numeric, categorical), labels };
}

/** Vehicle claims: is the claim a fraud? `PolicyNumber` is dropped. */
export function vehicleClaimsTable(): LabelledTable {
  const rows = readRows('vehicle_claim_fraud.csv.gz');
  const numeric = [
    'WeekOfMonth',
    'WeekOfMonthClaimed',
    'Age',
    'RepNumber',
    'Deductible',
    'DriverRating',
    'Year',
  ];
  const categorical = columnsBut(rows, 'FraudFound_P', 'PolicyNumber', ...numeric);
  const labels = Uint8Array.from(rows, (row) => (row.FraudFound_P === '1' ? 1 : 0));
  return { table: tableOf(rows, numeric, categorical), labels };
}

const day = 86_400_000;

interface Purchase {
  at: number;
  quantity: number;
  amount: number;
}

const cdnowNames = [
  'recency_days',
  'tenure_days',
  'n_lines',
  'n_days',
  'amount_sum',
  'qty_sum',
  'amount_mean',
  'lines_30d',
  'amount_30d',
  'lines_90d',
  'amount_90d',
  'gap_mean',
];

function cdnowRow(purchases: readonly Purchase[], asOf: number): number[] {
  const sum = (list: readonly Purchase[], key: 'quantity' | 'amount') =>
    list.reduce((total, purchase) => total + purchase[key], 0);
  const within = (days: number) => purchases.filter(({ at }) => at >= asOf - days * day);
  const first = Math.min(...purchases.map(({ at }) => at));
  const last = Math.max(...purchases.map(({ at }) => at));
  const days = new Set(purchases.map(({ at }) => at)).size;
  const amount = sum(purchases, 'amount');
  return [
    (asOf - last) / day,
    (asOf - first) / day,
    purchases.length,
    days,
    amount,
    sum(purchases, 'quantity'),
    amount / purchases.length,
    within(30).length,
    sum(within(30), 'amount'),
    within(90).length,
    sum(within(90), 'amount'),
    days > 1 ? (last - first) / day / (days - 1) : -1, // as in the reference
  ];
}

/** CDNOW: features as of 1997-10-01, churn = no purchase from then to 1998-06-30; ascending customers. */
export function cdnowTable(): LabelledTable {
  const asOf = Date.parse('1997-10-01');
  const before = new Map<number, Purchase[]>();
  const returned = new Set<number>();
  for (const row of readRows('cdnow.csv.gz')) {
    const customer = Number(row.customer_id);
    const at = Date.parse(row.date ?? '');
    const list = before.get(customer) ?? [];
    if (at < asOf) list.push({ at, quantity: Number(row.quantity), amount: Number(row.amount) });
    else returned.add(customer);
    before.set(customer, list);
  }
  const customers = [...before.keys()].sort((a, b) => a - b);
  const numeric = Float32Array.from(
    customers.flatMap((customer) => cdnowRow(before.get(customer) ?? [], asOf)),
  );
  const table: FeatureTable = {
    rows: customers.length,
    numericNames: cdnowNames,
    numeric,
    categoricalNames: [],
    categorical: [],
  };
  return { table, labels: Uint8Array.from(customers, (id) => (returned.has(id) ? 0 : 1)) };
}

/** Indices of the training and the test rows of the documented split. */
export function documentedSplit(rows: number): { train: number[]; test: number[] } {
  const all = Array.from({ length: rows }, (_, i) => i);
  return { train: all.filter((i) => !isTestRow(i)), test: all.filter(isTestRow) };
}
