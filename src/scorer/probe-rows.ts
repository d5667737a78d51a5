import { seededRandom } from '../kernel/random.js';
import type { Classifier, SingleClassifier } from '../numeric/classifier.js';
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

/** Values where a column's answer changes: thresholds of trees, the mean of a standardised column. */
function centres(classifier: Classifier | null): (column: number, share: number) => number {
  const byColumn = new Map<number, number[]>();
  const add = (column: number, value: number): void => {
    if (column < 0 || !Number.isFinite(value)) return;
    const list = byColumn.get(column);
    if (list) list.push(value);
    else byColumn.set(column, [value]);
  };
  // a blend's members lay out their categories each in its own way, but numbers come first in all of them
  for (const member of membersOf(classifier))
    if ('forest' in member)
      member.forest.feature.forEach((column, node) => {
        add(column, member.forest.threshold[node] ?? 0);
      });
    else
      member.mean.forEach((mean, column) => {
        add(column, mean);
      });
  return (column, share) => {
    const list = byColumn.get(column) ?? [];
    return list[Math.floor(share * list.length)] ?? 0;
  };
}

function membersOf(classifier: Classifier | null): SingleClassifier[] {
  if (!classifier) return [];
  if (classifier.kind !== 'blend') return [classifier];
  return classifier.members.map((member) => member.classifier);
}
