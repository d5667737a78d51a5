import fs from 'node:fs';
import zlib from 'node:zlib';
import { parse } from 'csv-parse/sync';
import { z } from 'zod';
import type { PointMatrix } from '../../src/numeric/clustering.js';
import { sharedData } from './shared-data.js';

const run = z.object({
  k: z.int(),
  inertia: z.number(),
  silhouette_sample: z.number(),
  calinski_harabasz: z.number(),
  davies_bouldin: z.number(),
  sizes: z.array(z.int()),
  centers_scaled: z.array(z.array(z.number())),
});
const reference = z.object({
  mean: z.array(z.number()),
  std: z.array(z.number()),
  first3_scaled: z.array(z.array(z.number())),
  kmeans: z.array(run),
  chosen: z.record(z.string(), z.int()),
});

/** A public data set, scaled as in the reference, with what scikit-learn 1.2.1 found in it. */
export interface ClusterReference {
  points: PointMatrix;
  reference: z.infer<typeof reference>;
  /** Rows of which the reference took silhouettes; null: all. */
  silhouetteRows: number[] | null;
  /** Values of a column of the file, one a row; of Telco only. */
  column: (name: string) => string[];
}

type Row = Record<string, string>;

function readRows(file: string): Row[] {
  return parse(zlib.gunzipSync(fs.readFileSync(file)), { columns: true, bom: true });
}

function scaled(raw: number[][], { mean, std }: z.infer<typeof reference>): PointMatrix {
  const values = raw.flatMap((row) =>
    row.map((value, j) => (value - (mean[j] ?? 0)) / (std[j] ?? 1)),
  );
  return { rows: raw.length, columns: mean.length, values: Float64Array.from(values) };
}

/** Tenure, monthly and total charges (blank = 0) of 7,043 Telco customers; null where the file is not there. */
export function telcoNumeric(): ClusterReference | null {
  const file = sharedData('telco_customer_churn.csv.gz');
  const results = sharedData('reference/cluster_telco_numeric.json');
  if (file === null || results === null) return null;
  const rows = readRows(file);
  const found = reference.parse(JSON.parse(fs.readFileSync(results, 'utf8')));
  const raw = rows.map((row) =>
    ['tenure', 'MonthlyCharges', 'TotalCharges'].map((name) => Number(row[name]?.trim() ?? 0)),
  );
  return {
    points: scaled(raw, found),
    reference: found,
    silhouetteRows: null,
    column: (name) => rows.map((row) => row[name] ?? ''),
  };
}

const DAY = 86_400_000;

/** Recency, frequency in days and sum of 23,570 CDNOW customers as of 1998-07-01, log1p; null where it is not there. */
export function cdnowRfm(): ClusterReference | null {
  const file = sharedData('cdnow.csv.gz');
  const results = sharedData('reference/cluster_cdnow_rfm.json');
  if (file === null || results === null) return null;
  const bought = new Map<number, { days: Set<number>; amount: number }>();
  for (const row of readRows(file)) {
    const customer = Number(row.customer_id);
    const seen = bought.get(customer) ?? { days: new Set(), amount: 0 };
    seen.days.add(Date.parse(row.date ?? ''));
    seen.amount += Number(row.amount);
    bought.set(customer, seen);
  }
  const found = reference.parse(JSON.parse(fs.readFileSync(results, 'utf8')));
  const asOf = Date.parse('1998-07-01');
  const raw = [...bought.keys()]
    .sort((a, b) => a - b)
    .map((customer) => {
      const { days, amount } = bought.get(customer) ?? { days: new Set<number>(), amount: 0 };
      return [(asOf - Math.max(...days)) / DAY, days.size, amount].map(Math.log1p);
    });
  const isSampled = (row: number): boolean =>
    Math.imul(row, 2654435761) >>> 0 < (5000 / raw.length) * 4294967296;
  return {
    points: scaled(raw, found),
    reference: found,
    silhouetteRows: [...raw.keys()].filter(isSampled),
    column: () => [],
  };
}

/** The nearest centre of each row, the first of equally near ones. */
export function nearestCenters({ rows, columns, values }: PointMatrix, centers: number[][]) {
  return Int32Array.from({ length: rows }, (_, row) => {
    const squares = centers.map((center) =>
      center.reduce((sum, c, j) => sum + ((values[row * columns + j] ?? 0) - c) ** 2, 0),
    );
    return squares.indexOf(Math.min(...squares));
  });
}
