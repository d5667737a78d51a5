import type {
  Clusterer,
  MedoidClusterer,
  Memberships,
  Preparation,
} from '../../src/numeric/clusterer.js';
import type { FeatureTable } from '../../src/numeric/table.js';

/** Memberships straight from the definitions of the kinds of clusterers, slow and obvious: the twin of tests. */
export function naiveMemberships(clusterer: Clusterer, table: FeatureTable): Memberships {
  const { segments } = clusterer;
  const rows = Array.from({ length: table.rows }, (_, row) => naiveRow(clusterer, table, row));
  return {
    segments,
    segment: Int32Array.from(rows, ({ probability }) =>
      probability.indexOf(Math.max(...probability)),
    ),
    probability: Float64Array.from(rows.flatMap(({ probability }) => probability)),
    distance: Float64Array.from(rows.flatMap(({ distance }) => distance)),
  };
}

interface NaiveRow {
  distance: number[];
  /** Log of the probabilities but for a constant. */
  logits: number[];
  probability: number[];
}

/** One row's answer; `logits` keep what probabilities of 0 have lost. */
export function naiveRow(clusterer: Clusterer, table: FeatureTable, row: number): NaiveRow {
  const { distance, logits } = distancesOf(clusterer, table, row);
  const most = Math.max(...logits);
  const parts = logits.map((value) => Math.exp(value - most));
  const sum = parts.reduce((total, value) => total + value, 0);
  return { distance, logits, probability: parts.map((part) => part / sum) };
}

function distancesOf(
  clusterer: Clusterer,
  table: FeatureTable,
  row: number,
): Omit<NaiveRow, 'probability'> {
  const { segments } = clusterer;
  const each = Array.from({ length: segments }, (_, segment) => segment);
  const bySpread = (distance: number[], spread: number) => ({
    distance,
    logits: distance.map((d) => -(d ** 2) / (2 * spread)),
  });
  if (clusterer.kind === 'medoids')
    return bySpread(
      each.map((segment) => gower(clusterer, table, row, segment)),
      clusterer.spread,
    );
  const y = naivePoint(clusterer.preparation, table, row);
  const width = y.length;
  if (clusterer.kind === 'prototypes') {
    const { prototypes, segmentOf, noise, spread } = clusterer;
    const to = (at: number): number =>
      Math.sqrt(y.reduce((sum, v, j) => sum + (v - prototypes[at * width + j]!) ** 2, 0));
    const distance = each.map((segment) =>
      segment === noise?.segment
        ? noise.radius
        : Math.min(...Array.from(segmentOf, (s, at) => (s === segment ? to(at) : Infinity))),
    );
    return bySpread(distance, spread);
  }
  const { means, whitening, weights, logDeterminants } = clusterer;
  const squared = each.map((segment) => {
    const gap = y.map((v, j) => v - means[segment * width + j]!);
    const white = gap.map((_, i) =>
      gap.reduce((sum, v, j) => sum + whitening[(segment * width + i) * width + j]! * v, 0),
    );
    return white.reduce((sum, v) => sum + v * v, 0);
  });
  return {
    distance: squared.map(Math.sqrt),
    logits: squared.map((d2, s) => Math.log(weights[s]!) - 0.5 * (d2 + logDeterminants[s]!)),
  };
}

/** A row in the space of a preparation. */
function naivePoint(preparation: Preparation, table: FeatureTable, row: number): number[] {
  const { encoding, fill, low, high, logarithm, mean, scale, weight, rotation } = preparation;
  const numbers = encoding.numericNames.map((_, j) => {
    const raw = table.numeric[row * encoding.numericNames.length + j]!;
    const cut = Math.min(Math.max(Number.isNaN(raw) ? fill[j]! : raw, low[j]!), high[j]!);
    return logarithm[j] === 1 ? Math.log1p(cut) : cut;
  });
  const blocks = encoding.categories.flatMap((list, i) => {
    const given = table.categorical[row * encoding.categories.length + i];
    return list.map((category) => (category === given ? 1 : 0));
  });
  const z = [...numbers, ...blocks].map((x, j) => ((x - mean[j]!) / scale[j]!) * weight[j]!);
  if (!rotation) return z;
  return Array.from({ length: rotation.kept }, (_, i) =>
    z.reduce((sum, v, j) => sum + rotation.components[i * z.length + j]! * v, 0),
  );
}

function gower(
  clusterer: MedoidClusterer,
  table: FeatureTable,
  row: number,
  segment: number,
): number {
  const { numericNames, categoricalNames, range, weight } = clusterer;
  const numbers = numericNames.length;
  const texts = categoricalNames.length;
  let sum = 0;
  let total = 0;
  for (let j = 0; j < numbers; j++) {
    const a = table.numeric[row * numbers + j]!;
    const b = clusterer.medoidNumbers[segment * numbers + j]!;
    if (Number.isNaN(a) || Number.isNaN(b)) continue;
    sum += weight[j]! * Math.min(1, Math.abs(a - b) / range[j]!);
    total += weight[j]!;
  }
  for (let j = 0; j < texts; j++) {
    const a = table.categorical[row * texts + j]!;
    const b = clusterer.medoidTexts[segment * texts + j]!;
    if (a === '' || b === '') continue;
    sum += a === b ? 0 : weight[numbers + j]!;
    total += weight[numbers + j]!;
  }
  return total > 0 ? sum / total : 1;
}
