import { seededRandom } from '../kernel/random.js';
import type { Classifier } from '../numeric/classifier.js';
import { packRows } from './rows.js';
import type { PackedRows } from './rows.js';
import type { ModelInputs } from './model-inputs.js';

const ROWS = 64;

/**
 * Generated rows for the check on loading, always the same ones for a model. The first is all zeros and
 * empty strings. A classifier of ours also gets missing numbers, values on its thresholds, listed and unknown
 * categories; a foreign graph gets standard normal numbers and empty strings.
 */
export function probeRows(inputs: ModelInputs, classifier: Classifier | null): PackedRows {
  const random = seededRandom(20);
  const { numericCount, categoricalCount } = inputs;
  const centre = centres(classifier);
  const number = (row: number, column: number): number => {
    if (row === 0) return 0;
    if (classifier && random.next() < 0.2) return NaN;
    const around = centre(column, random.next());
    return random.next() < 0.5 && classifier ? around : around + random.normal();
  };
  const category = (row: number, column: number): string => {
    const listed = classifier?.encoding.categories[column] ?? [];
    if (row === 0 || !classifier) return '';
    return listed[random.int(listed.length + 1)] ?? 'a category nobody has';
  };
  const table = {
    rows: ROWS,
    numericNames: new Array<string>(numericCount).fill(''),
    numeric: Float32Array.from({ length: ROWS * numericCount }, (_, i) =>
      number(Math.floor(i / numericCount), i % numericCount),
    ),
    categoricalNames: new Array<string>(categoricalCount).fill(''),
    categorical: Array.from({ length: ROWS * categoricalCount }, (_, i) =>
      category(Math.floor(i / categoricalCount), i % categoricalCount),
    ),
  };
  return packRows([{ request: { table }, from: 0, to: ROWS }]);
}

/** Values where a column's answer changes: thresholds of the forest, the mean of the linear model. */
function centres(classifier: Classifier | null): (column: number, share: number) => number {
  if (!classifier) return () => 0;
  if (classifier.kind === 'logistic') return (column) => classifier.mean[column] ?? 0;
  const { feature, threshold } = classifier.forest;
  const byColumn = new Map<number, number[]>();
  feature.forEach((column, node) => {
    const value = threshold[node] ?? 0;
    if (column < 0 || !Number.isFinite(value)) return;
    const list = byColumn.get(column);
    if (list) list.push(value);
    else byColumn.set(column, [value]);
  });
  return (column, share) => {
    const list = byColumn.get(column) ?? [];
    return list[Math.floor(share * list.length)] ?? 0;
  };
}
