import { seededRandom } from '../kernel/random.js';
import type { Classifier, SingleClassifier } from '../numeric/classifier.js';
import {
  isClusterer,
  type Clusterer,
  type MedoidClusterer,
  type Preparation,
} from '../numeric/clusterer.js';
import { packRows } from './rows.js';
import type { PackedRows } from './rows.js';
import type { ModelInputs } from './model-inputs.js';

const ROWS = 64;

/**
 * Generated rows for the check on loading, always the same ones for a model. The first is all zeros and
 * empty strings. A model of ours also gets missing numbers, values where its answers change, listed and unknown
 * categories; a foreign graph gets standard normal numbers and empty strings.
 */
export function probeRows(
  inputs: ModelInputs,
  artifact: Classifier | Clusterer | null,
): PackedRows {
  const random = seededRandom(20);
  const { numericCount, categoricalCount } = inputs;
  const centre = centres(artifact);
  const categories = artifact ? categoriesOf(artifact) : [];
  const number = (row: number, column: number): number => {
    if (row === 0) return 0;
    if (artifact && random.next() < 0.2) return NaN;
    const around = centre(column, random.next());
    return random.next() < 0.5 && artifact ? around : around + random.normal();
  };
  const category = (row: number, column: number): string => {
    const listed = categories[column] ?? [];
    if (row === 0 || !artifact) return '';
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

/** Values where a column's answer changes: thresholds of trees, the mean of a standardised column, places of clusters. */
function centres(
  artifact: Classifier | Clusterer | null,
): (column: number, share: number) => number {
  const byColumn = new Map<number, number[]>();
  const add = (column: number, value: number): void => {
    if (column < 0 || !Number.isFinite(value)) return;
    const list = byColumn.get(column);
    if (list) list.push(value);
    else byColumn.set(column, [value]);
  };
  if (artifact && isClusterer(artifact)) {
    if (artifact.kind === 'medoids') medoidPlaces(artifact, add);
    else preparedPlaces(artifact.preparation, add);
  }
  // a blend's members lay out their categories each in its own way, but numbers come first in all of them
  else
    for (const member of membersOf(artifact))
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

type AddPlace = (column: number, value: number) => void;

/** Bounds and what fills, and -2..2 scales around the mean. */
function preparedPlaces(preparation: Preparation, add: AddPlace): void {
  const { fill, low, high, logarithm, mean, scale } = preparation;
  fill.forEach((value, column) => {
    for (const place of [value, low[column], high[column]]) add(column, place ?? NaN);
    for (let step = -2; step <= 2; step++) {
      const place = (mean[column] ?? NaN) + step * (scale[column] ?? NaN);
      add(column, logarithm[column] === 1 ? Math.expm1(place) : place);
    }
  });
}

/** Each medoid, half a range beside it, and beyond the range. */
function medoidPlaces({ medoidNumbers, range }: MedoidClusterer, add: AddPlace): void {
  medoidNumbers.forEach((value, at) => {
    const column = at % range.length;
    for (const ranges of [0, -0.5, 0.5, 1.5]) add(column, value + ranges * (range[column] ?? NaN));
  });
}

function categoriesOf(artifact: Classifier | Clusterer): readonly (readonly string[])[] {
  if (artifact.kind !== 'medoids')
    return ('encoding' in artifact ? artifact : artifact.preparation).encoding.categories;
  const { categoricalNames, medoidTexts } = artifact;
  return categoricalNames.map((_, column) =>
    medoidTexts.filter((__, at) => at % categoricalNames.length === column),
  );
}

function membersOf(classifier: Classifier | null): SingleClassifier[] {
  if (!classifier) return [];
  if (classifier.kind !== 'blend') return [classifier];
  return classifier.members.map((member) => member.classifier);
}
