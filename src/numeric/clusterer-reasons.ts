import { applyPreparation, spaceWidth } from './apply-preparation.js';
import {
  clustererInputs,
  type Clusterer,
  type MedoidClusterer,
  type Memberships,
  type MixtureClusterer,
  type Preparation,
  type PrototypeClusterer,
} from './clusterer.js';
import { inputOfColumn, positionOf } from './encoding.js';
import type { FeatureTable } from './table.js';

/**
 * Why rows are in their segment and not in the runner-up, in log-odds of the two: for each row, `baseValue` plus its
 * contributions is log(probability of its segment / probability of the runner-up).
 */
export interface MembershipReasons {
  /** Shape [rows]: the most probable of the other segments; -1 where there is no other. */
  runnerUp: Int32Array;
  /** Shape [rows]: what no input accounts for, such as the sizes of a mixture's components. */
  baseValue: Float64Array;
  /** Row-major, shape [rows, inputs]; one-hot columns are summed into their input. */
  values: Float64Array;
  /** Numerical inputs, then categorical ones. */
  inputs: readonly string[];
}

/** Adds a row's contributions to `values` from `at` on; answers its base value. */
type SplitRow = (
  row: number,
  own: number,
  runnerUp: number,
  values: Float64Array,
  at: number,
) => number;

/** How a kind of clusterer tells its segments apart. */
interface Judge {
  /** Log of the probability of a segment, but for a constant of the row. */
  logit(row: number, segment: number): number;
  split: SplitRow;
}

/**
 * Exact additive reasons of memberships in the given segments. Prototypes: the difference of the squared distances to
 * the nearest prototypes of the two segments, column by column, divided by 2 x spread; where components are taken it is
 * still linear in the scaled columns, and spread over them by the components' rows. Medoids: the terms of Gower. A
 * mixture, and the border of noise, keep a quadratic form of the gap to a centre: a column's part is its gap times the
 * form's row of gaps, which is its Shapley value in the game whose players are the columns and whose absent columns
 * lie at the centre (each product of two columns is halved between them).
 * A missing number counts as what stands for it.
 * @throws RangeError if the table lacks an input or a segment is not 0..segments-1
 * Cost: that of the memberships, and O(inputs) a row; a mixture O(width²) a row.
 */
export function membershipReasons(
  clusterer: Clusterer,
  table: FeatureTable,
  { segment }: Pick<Memberships, 'segment'>,
): MembershipReasons {
  const { segments } = clusterer;
  if (segment.length !== table.rows)
    throw new RangeError(
      `segments must be those of ${String(table.rows)} rows, got ${String(segment.length)}`,
    );
  const { numericNames, categoricalNames } = clustererInputs(clusterer);
  const inputs = [...numericNames, ...categoricalNames];
  const judge = judgeOf(clusterer, table);
  const reasons: MembershipReasons = {
    runnerUp: new Int32Array(table.rows).fill(-1),
    baseValue: new Float64Array(table.rows),
    values: new Float64Array(table.rows * inputs.length),
    inputs,
  };
  for (let row = 0; row < table.rows; row++) {
    const own = segment[row]!;
    if (!(own >= 0 && own < segments))
      throw new RangeError(`segment must be 0..${String(segments - 1)}, got ${String(own)}`);
    const other = runnerUpOf(judge, segments, row, own);
    if (other < 0) continue;
    reasons.runnerUp[row] = other;
    reasons.baseValue[row] = judge.split(row, own, other, reasons.values, row * inputs.length);
  }
  return reasons;
}

/** Each row's contributions, the strongest first, of equally strong ones the earlier input. */
export function strongestReasons({
  values,
  inputs,
}: Pick<MembershipReasons, 'values' | 'inputs'>): { feature: string; contribution: number }[][] {
  const rows = inputs.length === 0 ? 0 : values.length / inputs.length;
  return Array.from({ length: rows }, (_, row) =>
    inputs
      .map((feature, j) => ({ feature, contribution: values[row * inputs.length + j]! }))
      .sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution)),
  );
}

function runnerUpOf(judge: Judge, segments: number, row: number, own: number): number {
  let best = -1;
  let most = -Infinity;
  for (let segment = 0; segment < segments; segment++) {
    if (segment === own) continue;
    const logit = judge.logit(row, segment);
    if (best >= 0 && !(logit > most)) continue;
    best = segment;
    most = logit;
  }
  return best;
}

function judgeOf(clusterer: Clusterer, table: FeatureTable): Judge {
  switch (clusterer.kind) {
    case 'prototypes':
      return prototypeJudge(clusterer, table);
    case 'mixture':
      return mixtureJudge(clusterer, table);
    case 'medoids':
      return medoidJudge(clusterer, table);
  }
}

/** Rows before and after the components, and the way back from a direction of the space to the inputs. */
interface Spaces {
  width: number;
  /** The point of a row. */
  point(row: number): Float64Array;
  /**
   * Adds direction . (space of (scaled columns - center's)) to `values` from `at` on, column by column, times `factor`;
   * answers what of direction . (point - center) that leaves over, 0 up to rounding when components are orthonormal.
   */
  spreadOut(
    row: number,
    direction: Float64Array,
    center: Float64Array,
    factor: number,
    values: Float64Array,
    at: number,
  ): number;
}

function spacesOf(preparation: Preparation, table: FeatureTable): Spaces {
  const { rotation, mean } = preparation;
  const columns = mean.length;
  const width = spaceWidth(preparation);
  const scaled = applyPreparation({ ...preparation, rotation: null }, table).values;
  const points = rotation ? applyPreparation(preparation, table).values : scaled;
  const inputOf = inputOfColumn(preparation.encoding);
  const back = (vector: Float64Array): Float64Array =>
    rotation ? transposed(rotation.components, vector, columns) : vector;
  const point = (row: number): Float64Array => points.subarray(row * width, (row + 1) * width);
  return {
    width,
    point,
    spreadOut(row, direction, center, factor, values, at) {
      const weights = back(direction);
      const origin = back(center);
      let accounted = 0;
      for (let j = 0; j < columns; j++) {
        const part = weights[j]! * (scaled[row * columns + j]! - origin[j]!);
        values[at + inputOf[j]!]! += factor * part;
        accounted += part;
      }
      if (!rotation) return 0;
      return factor * (dot(direction, difference(point(row), center)) - accounted);
    },
  };
}

function prototypeJudge(clusterer: PrototypeClusterer, table: FeatureTable): Judge {
  const { prototypes, segmentOf, segments, spread, noise } = clusterer;
  const spaces = spacesOf(clusterer.preparation, table);
  const { width, point } = spaces;
  const prototypesOf: Float64Array[][] = Array.from({ length: segments }, () => []);
  segmentOf.forEach((segment, at) =>
    prototypesOf[segment]!.push(prototypes.subarray(at * width, (at + 1) * width)),
  );
  const nearest = (row: number, segment: number): { at: Float64Array; squared: number } => {
    const x = point(row);
    let best = { at: x, squared: Infinity };
    for (const at of prototypesOf[segment]!) {
      const squared = squaredLength(difference(x, at));
      if (squared < best.squared || best.at === x) best = { at, squared };
    }
    return best;
  };
  /** Adds the squared distance to a segment, times `factor`; noise is at its radius whatever the inputs. */
  const addSquared = (row: number, segment: number, factor: number, ...to: Place): number => {
    if (segment === noise?.segment) return factor * noise.radius ** 2;
    const { at: center } = nearest(row, segment);
    return spaces.spreadOut(row, difference(point(row), center), center, factor, ...to);
  };
  return {
    logit: (row, segment) =>
      segment === noise?.segment
        ? -(noise.radius ** 2) / (2 * spread)
        : -nearest(row, segment).squared / (2 * spread),
    split(row, own, other, ...to) {
      const factor = 1 / (2 * spread);
      if (own === noise?.segment || other === noise?.segment)
        return addSquared(row, other, factor, ...to) + addSquared(row, own, -factor, ...to);
      // |x-b|² - |x-a|² = 2 (a-b).(x - (a+b)/2): linear in x, so that nothing large cancels
      const a = nearest(row, own).at;
      const b = nearest(row, other).at;
      const middle = a.map((value, j) => (value + b[j]!) / 2);
      return spaces.spreadOut(row, difference(a, b), middle, 1 / spread, ...to);
    },
  };
}

type Place = [values: Float64Array, at: number];

function mixtureJudge(clusterer: MixtureClusterer, table: FeatureTable): Judge {
  const { means, whitening, weights, logDeterminants } = clusterer;
  const spaces = spacesOf(clusterer.preparation, table);
  const { width, point } = spaces;
  const meanOf = (s: number): Float64Array => means.subarray(s * width, (s + 1) * width);
  const factorOf = (s: number): Float64Array =>
    whitening.subarray(s * width * width, (s + 1) * width * width);
  const prior = (s: number): number => Math.log(weights[s]!) - 0.5 * logDeterminants[s]!;
  const whitened = (row: number, s: number): Float64Array =>
    multiplied(factorOf(s), difference(point(row), meanOf(s)));
  const addSquared = (row: number, s: number, factor: number, ...to: Place): number => {
    // the precision times the gap
    const direction = transposed(factorOf(s), whitened(row, s), width);
    return spaces.spreadOut(row, direction, meanOf(s), factor, ...to);
  };
  return {
    logit: (row, segment) => prior(segment) - 0.5 * squaredLength(whitened(row, segment)),
    split: (row, own, other, ...to) =>
      prior(own) -
      prior(other) +
      addSquared(row, other, 0.5, ...to) +
      addSquared(row, own, -0.5, ...to),
  };
}

function medoidJudge(clusterer: MedoidClusterer, table: FeatureTable): Judge {
  const { numericNames, categoricalNames, range, weight, spread } = clusterer;
  const { medoidNumbers, medoidTexts } = clusterer;
  const inputs = weight.length;
  const numbers = numericNames.map((name) => positionOf(name, table.numericNames, 'numeric'));
  const texts = categoricalNames.map((name) =>
    positionOf(name, table.categoricalNames, 'categorical'),
  );
  const width = table.numericNames.length;
  const textWidth = table.categoricalNames.length;
  /** 0..1; NaN where either side is missing. */
  const unlikeness = (row: number, segment: number, input: number): number => {
    if (input < numbers.length) {
      const value = table.numeric[row * width + numbers[input]!]!;
      const gap = Math.abs(value - medoidNumbers[segment * numbers.length + input]!);
      return Math.min(1, gap / range[input]!);
    }
    const text = input - numbers.length;
    const value = table.categorical[row * textWidth + texts[text]!]!;
    const other = medoidTexts[segment * texts.length + text]!;
    if (value === '' || other === '') return NaN;
    return value === other ? 0 : 1;
  };
  /** Parts of the distance, which is their sum and `rest`: 1 where no input can be compared. */
  const parts = (row: number, segment: number): { of: Float64Array; rest: number } => {
    const of = Float64Array.from({ length: inputs }, (_, j) => unlikeness(row, segment, j));
    let total = 0;
    for (let j = 0; j < inputs; j++) if (!Number.isNaN(of[j]!)) total += weight[j]!;
    for (let j = 0; j < inputs; j++)
      of[j] = Number.isNaN(of[j]!) ? 0 : (of[j]! * weight[j]!) / total;
    return { of, rest: total > 0 ? 0 : 1 };
  };
  const distance = ({ of, rest }: ReturnType<typeof parts>): number =>
    of.reduce((sum, part) => sum + part, rest);
  return {
    logit: (row, segment) => -(distance(parts(row, segment)) ** 2) / (2 * spread),
    split(row, own, other, values, at) {
      const a = parts(row, own);
      const b = parts(row, other);
      // b² - a² = (b - a) (b + a), and the first factor is a sum over the inputs
      const factor = (distance(a) + distance(b)) / (2 * spread);
      for (let j = 0; j < inputs; j++) values[at + j]! += factor * (b.of[j]! - a.of[j]!);
      return factor * (b.rest - a.rest);
    },
  };
}

function difference(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, j) => value - b[j]!);
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, j) => sum + value * b[j]!, 0);
}

function squaredLength(vector: Float64Array): number {
  return dot(vector, vector);
}

/** A row-major matrix times a vector. */
function multiplied(matrix: Float64Array, vector: Float64Array): Float64Array {
  const columns = vector.length;
  return Float64Array.from({ length: matrix.length / columns }, (_, i) =>
    dot(matrix.subarray(i * columns, (i + 1) * columns), vector),
  );
}

/** The transpose of a row-major matrix with so many columns, times a vector. */
function transposed(matrix: Float64Array, vector: Float64Array, columns: number): Float64Array {
  const product = new Float64Array(columns);
  vector.forEach((value, i) => {
    for (let j = 0; j < columns; j++) product[j]! += matrix[i * columns + j]! * value;
  });
  return product;
}
