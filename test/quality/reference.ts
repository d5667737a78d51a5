/** A stored row as the reference sees it: values by column, null where missing. */
export type Row = Record<string, string | number | boolean | Date | null>;

/** Missing, distinct: as one would count them by hand. */
export function referenceColumn(rows: readonly Row[], name: string) {
  const values = rows
    .map((row) => row[name] ?? null)
    .filter((value) => value !== null && value !== '');
  const texts = values.map((value) => (value instanceof Date ? value.getTime() : value));
  return { missing: rows.length - values.length, distinct: new Set(texts).size };
}

/** Quantile of definition 7, on a copy. */
function quantile(values: readonly number[], fraction: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const place = fraction * (sorted.length - 1);
  const low = sorted[Math.floor(place)] ?? NaN;
  return low + ((sorted[Math.ceil(place)] ?? NaN) - low) * (place - Math.floor(place));
}

/** Numbers outside of 1.5 interquartile ranges and of 3 standard deviations, within each group. */
export function referenceOutliers(rows: readonly { group: string; value: number }[]) {
  let outliers = 0;
  let outliers3Sigma = 0;
  for (const group of new Set(rows.map((row) => row.group))) {
    const values = rows.filter((row) => row.group === group).map(({ value }) => value);
    const [q1, q3] = [quantile(values, 0.25), quantile(values, 0.75)];
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    const deviation = Math.sqrt(squares / (values.length - 1));
    for (const value of values) {
      if (value < q1 - 1.5 * (q3 - q1) || value > q3 + 1.5 * (q3 - q1)) outliers += 1;
      if (Math.abs(value - mean) > 3 * deviation) outliers3Sigma += 1;
    }
  }
  return { outliers, outliers3Sigma };
}

/** Rows in excess of the first with the same key; null keys are alike to none. */
export function referenceDuplicates(keys: readonly (string | null)[]): number {
  const known = keys.filter((key) => key !== null);
  return known.length - new Set(known).size;
}

/** Population stability in tenths of the reference: cut points are its values at ranks ceil(n / 10) … */
export function referencePsi(reference: readonly number[], current: readonly number[]): number {
  const sorted = [...reference].sort((a, b) => a - b);
  const cuts = [1, 2, 3, 4, 5, 6, 7, 8, 9].map(
    (tenth) => sorted[Math.max(0, Math.ceil((tenth / 10) * sorted.length) - 1)] ?? NaN,
  );
  const shares = (values: readonly number[]): number[] =>
    Array.from({ length: 10 }, (_, bin) => {
      const inBin = values.filter((value) => cuts.filter((cut) => value >= cut).length === bin);
      return Math.max(inBin.length / values.length, 1e-6);
    });
  const [e, a] = [shares(reference), shares(current)];
  return e.reduce(
    (sum, expected, bin) => sum + ((a[bin] ?? 0) - expected) * Math.log((a[bin] ?? 0) / expected),
    0,
  );
}
