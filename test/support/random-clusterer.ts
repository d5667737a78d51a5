import type { Random } from '../../src/kernel/random.js';
import type { Encoding } from '../../src/numeric/classifier.js';
import {
  clustererInputs,
  type Clusterer,
  type MedoidClusterer,
  type MixtureClusterer,
  type Preparation,
  type PrototypeClusterer,
} from '../../src/numeric/clusterer.js';
import type { FeatureTable } from '../../src/numeric/table.js';
import { designColumns } from '../../src/numeric/encoding.js';

export interface SpaceShape {
  /** Principal components; null: none are taken. */
  kept: number | null;
  /** Whether numbers have bounds. */
  bounded: boolean;
}

/** A preparation as fitting could have left it; its components are orthonormal. */
export function randomPreparation(
  random: Random,
  encoding: Encoding,
  { kept, bounded }: SpaceShape,
): Preparation {
  const numbers = encoding.numericNames.length;
  const columns = designColumns(encoding);
  const normals = (length: number): Float64Array =>
    Float64Array.from({ length }, () => random.normal());
  const logarithm = Uint8Array.from({ length: numbers }, () => random.int(2));
  return {
    encoding,
    fill: normals(numbers),
    low: normals(numbers).map((x, j) =>
      logarithm[j] ? 0 : bounded ? -1 - Math.abs(x) : -Infinity,
    ),
    high: normals(numbers).map((x) => (bounded ? 1 + Math.abs(x) : Infinity)),
    logarithm,
    mean: normals(columns).map((x) => x / 4),
    scale: normals(columns).map((x) => 0.3 + Math.abs(x)),
    weight: normals(columns).map((x) => 0.5 + Math.abs(x) / 2),
    rotation: kept === null ? null : { kept, components: orthonormal(random, kept, columns) },
  };
}

/** Gram-Schmidt on normal rows. */
function orthonormal(random: Random, kept: number, columns: number): Float64Array {
  const rows: number[][] = [];
  while (rows.length < kept) {
    let row = Array.from({ length: columns }, () => random.normal());
    for (const other of [...rows, ...rows]) {
      const along = row.reduce((sum, v, j) => sum + v * other[j]!, 0);
      row = row.map((v, j) => v - along * other[j]!);
    }
    const length = Math.hypot(...row);
    rows.push(row.map((v) => v / length));
  }
  return Float64Array.from(rows.flat());
}

const widthOf = ({ rotation, mean }: Preparation): number => rotation?.kept ?? mean.length;

/** `most` prototypes a segment at most, in any order; with noise, one segment more. */
export function randomPrototypes(
  random: Random,
  preparation: Preparation,
  shape: { segments: number; most: number; noise: boolean },
): PrototypeClusterer {
  const noise = shape.noise
    ? { radius: 0.5 + random.next(), segment: random.int(shape.segments + 1) }
    : null;
  const segments = shape.segments + (noise ? 1 : 0);
  const segmentOf: number[] = [];
  for (let segment = 0; segment < segments; segment++)
    if (segment !== noise?.segment)
      for (let count = 1 + random.int(shape.most); count > 0; count--)
        segmentOf.splice(random.int(segmentOf.length + 1), 0, segment);
  return {
    kind: 'prototypes',
    preparation,
    segments,
    prototypes: Float64Array.from({ length: segmentOf.length * widthOf(preparation) }, () =>
      random.normal(),
    ),
    segmentOf: Int32Array.from(segmentOf),
    spread: 0.2 + random.next(),
    noise,
  };
}

export function randomMixture(
  random: Random,
  preparation: Preparation,
  segments: number,
): MixtureClusterer {
  const width = widthOf(preparation);
  const parts = Float64Array.from({ length: segments }, () => 0.1 + random.next());
  const sum = parts.reduce((total, value) => total + value, 0);
  const whitening = new Float64Array(segments * width * width);
  const logDeterminants = new Float64Array(segments);
  for (let s = 0; s < segments; s++)
    for (let i = 0; i < width; i++)
      for (let j = 0; j <= i; j++) {
        const value = i === j ? 0.3 + Math.abs(random.normal()) : random.normal() / 2;
        whitening[(s * width + i) * width + j] = value;
        if (i === j) logDeterminants[s]! -= 2 * Math.log(value);
      }
  return {
    kind: 'mixture',
    preparation,
    segments,
    weights: parts.map((part) => part / sum),
    means: Float64Array.from({ length: segments * width }, () => random.normal()),
    whitening,
    logDeterminants,
  };
}

/** A tenth of what medoids know is missing. */
export function randomMedoids(
  random: Random,
  encoding: Encoding,
  segments: number,
): MedoidClusterer {
  const { numericNames, categoricalNames, categories } = encoding;
  const positive = (length: number): Float64Array =>
    Float64Array.from({ length }, () => 0.2 + 3 * random.next());
  const isMissing = (): boolean => random.next() < 0.1;
  return {
    kind: 'medoids',
    numericNames,
    categoricalNames,
    segments,
    range: positive(numericNames.length),
    weight: positive(numericNames.length + categoricalNames.length),
    medoidNumbers: Float64Array.from({ length: segments * numericNames.length }, () =>
      isMissing() ? NaN : Math.fround(random.normal()),
    ),
    medoidTexts: Array.from({ length: segments }, () =>
      categories.map((list) => (isMissing() ? '' : (list[random.int(list.length)] ?? 'rare'))),
    ).flat(),
    spread: 0.02 + random.next() / 5,
  };
}

/**
 * Rows that look for trouble: a fifth of the numbers is missing, a tenth far away (up to 10^6), categories are listed,
 * missing or unknown.
 */
export function randomRows(random: Random, clusterer: Clusterer, rows: number): FeatureTable {
  const { numericNames, categoricalNames } = clustererInputs(clusterer);
  const known = (column: number): readonly string[] =>
    clusterer.kind === 'medoids'
      ? clusterer.medoidTexts.filter((_, at) => at % categoricalNames.length === column)
      : (clusterer.preparation.encoding.categories[column] ?? []);
  const number = (): number => {
    const kind = random.next();
    if (kind < 0.2) return NaN;
    return random.normal() * (kind < 0.3 ? 10 ** random.int(7) : 1.5);
  };
  return {
    rows,
    numericNames,
    numeric: new Float32Array(rows * numericNames.length).map(number),
    categoricalNames,
    categorical: Array.from({ length: rows * categoricalNames.length }, (_, at) => {
      const list = known(at % categoricalNames.length);
      const pick = random.int(list.length + 2);
      return list[pick] ?? (pick === list.length ? '' : 'never seen');
    }),
  };
}
