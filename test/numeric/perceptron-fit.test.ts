import { describe, expect, test } from 'vitest';
import { defaultLogisticParameters, fitLogistic, marginsOf } from '../../src/numeric/logistic.js';
import { logLossOfMargins } from '../../src/numeric/metrics.js';
import {
  createPerceptronWeights,
  perceptronGradient,
  type PerceptronTask,
  type PerceptronWeights,
} from '../../src/numeric/perceptron-fit-gradient.js';
import {
  defaultPerceptronParameters,
  fitPerceptron,
  marginsOfPerceptron,
  type PerceptronFit,
  type PerceptronOptions,
  type PerceptronParameters,
} from '../../src/numeric/perceptron-fit.js';
import { normalVariate } from '../../src/numeric/random-variates.js';
import { randomStream } from '../../src/numeric/random.js';
import {
  fitStandardisation,
  standardise,
  type StandardisedRows,
} from '../../src/numeric/standardise.js';
import type { DesignMatrix } from '../../src/numeric/table.js';
import { rankAuc, syntheticClassification, uniformAt } from '../support/synthetic.js';

interface Part {
  data: StandardisedRows;
  labels: Uint8Array;
}

const set = syntheticClassification(5000);
const standardisation = fitStandardisation(set.train.x, set.train.x.columns);

function part({ x, labels }: { x: DesignMatrix; labels: Uint8Array }): Part {
  return { data: standardise(x, standardisation), labels };
}

const train = part(set.train);
const held = part(set.test);

function fit(
  { data, labels }: Part,
  change: Partial<PerceptronParameters> = {},
  options: PerceptronOptions = {},
): PerceptronFit {
  return fitPerceptron(data, labels, { ...defaultPerceptronParameters, ...change }, options);
}

/** Rows with two plain columns, one that is mostly 0 (packed with a shift) and a constant one. */
function mixedRows(rows: number, seed: number): Part {
  const values = new Float32Array(4 * rows);
  const labels = new Uint8Array(rows);
  for (let i = 0; i < rows; i++) {
    const u = (column: number) => uniformAt(i, column, seed);
    values.set([u(0), 10 * u(1), u(2) < 0.2 ? 1 : 0, 3], 4 * i);
    labels[i] = u(3) < 0.4 ? 1 : 0;
  }
  labels.set([0, 1]);
  const x = { rows, columns: 4, values };
  return { data: standardise(x, fitStandardisation(x, 4)), labels };
}

/** Points of a square, label 1 inside a circle; the columns are uniform, so one standardisation serves all seeds. */
function circle(rows: number, seed: number): Part {
  const values = new Float32Array(2 * rows);
  for (let at = 0; at < values.length; at++) values[at] = uniformAt(at, 0, seed) - 0.5;
  const labels = Uint8Array.from({ length: rows }, (_, i) =>
    Math.hypot(values[2 * i] ?? NaN, values[2 * i + 1] ?? NaN) < 0.35 ? 1 : 0,
  );
  const scale = Float64Array.of(Math.sqrt(1 / 12), Math.sqrt(1 / 12));
  const x = { rows, columns: 2, values };
  const centred = { median: new Float32Array(2), mean: new Float64Array(2), scale };
  return { data: standardise(x, centred), labels };
}

function randomWeights(columns: number, hidden: number, seed: number): PerceptronWeights {
  const next = randomStream(seed);
  const weights = createPerceptronWeights(columns, hidden);
  weights.flat.forEach((_, i) => (weights.flat[i] = normalVariate(next, 0, 0.7)));
  return weights;
}

function taskOf({ data, labels }: Part, positiveWeight: number, l2: number): PerceptronTask {
  return { data, labels, positiveWeight, meanWeight: 1.3, l2 };
}

/** Margins from dense standardised rows, by the definition. */
function plainMargins(fitted: PerceptronFit, { data }: Part): number[] {
  const hidden = fitted.hiddenBias.length;
  return Array.from({ length: data.rows }, (_, i) => {
    const z = Array.from(data.shift, (shift) => -shift);
    for (let at = data.rowStart[i] ?? 0; at < (data.rowStart[i + 1] ?? 0); at++) {
      const j = data.column[at] ?? 0;
      z[j] = (z[j] ?? 0) + (data.value[at] ?? 0);
    }
    let margin = fitted.outputBias;
    for (let h = 0; h < hidden; h++) {
      const drive = z.reduce(
        (sum, value, j) => sum + value * (fitted.hiddenWeights[j * hidden + h] ?? NaN),
        fitted.hiddenBias[h] ?? NaN,
      );
      margin += (fitted.outputWeights[h] ?? NaN) * Math.max(0, drive);
    }
    return margin;
  });
}

describe('the gradient of the perceptron', () => {
  test.each([
    { positiveWeight: 1, l2: 0 },
    { positiveWeight: 3, l2: 0 },
    { positiveWeight: 0.5, l2: 0.2 },
  ])('%o: equals finite differences of the loss in every weight', ({ positiveWeight, l2 }) => {
    const rows = mixedRows(30, 8);
    const task = taskOf(rows, positiveWeight, l2);
    const weights = randomWeights(4, 5, 2);
    const order = Int32Array.from({ length: 30 }, (_, i) => 29 - i);
    const gradient = createPerceptronWeights(4, 5);
    const spare = createPerceptronWeights(4, 5);
    perceptronGradient(weights, task, order, 4, 28, gradient);
    const lossAt = (i: number, step: number) => {
      const moved = createPerceptronWeights(4, 5);
      moved.flat.set(weights.flat);
      moved.flat[i] = (moved.flat[i] ?? NaN) + step;
      return perceptronGradient(moved, task, order, 4, 28, spare);
    };
    weights.flat.forEach((_, i) => {
      const slope = (lossAt(i, 1e-6) - lossAt(i, -1e-6)) / 2e-6;
      expect(gradient.flat[i]).toBeCloseTo(slope, 7);
    });
  });

  test('the loss of all rows is the mean log loss of their margins', () => {
    const rows = mixedRows(50, 9);
    const weights = randomWeights(4, 6, 3);
    const order = Int32Array.from({ length: 50 }, (_, i) => i);
    const task = { ...taskOf(rows, 1, 0), meanWeight: 1 };
    const loss = perceptronGradient(weights, task, order, 0, 50, createPerceptronWeights(4, 6));
    const fitted = { ...weights, outputBias: weights.outputBias[0] ?? NaN };
    const margins = marginsOfPerceptron(fitted, rows.data);
    expect(loss).toBeCloseTo(logLossOfMargins(rows.labels, margins), 12);
  });
});

describe('the perceptron', () => {
  test('learns exclusive or, which no linear model can', () => {
    const values = Float32Array.of(0, 0, 0, 1, 1, 0, 1, 1);
    const x = { rows: 4, columns: 2, values };
    const rows = {
      data: standardise(x, fitStandardisation(x, 2)),
      labels: Uint8Array.of(0, 1, 1, 0),
    };
    const change = { hidden: 8, learningRate: 0.05, epochs: 400, batchRows: 4, l2: 0 };
    const margins = marginsOfPerceptron(fit(rows, change), rows.data);
    expect(Array.from(margins, (margin) => (margin > 3 ? 1 : margin < -3 ? 0 : NaN))).toEqual([
      0, 1, 1, 0,
    ]);
  });

  test('tells the inside of a circle from the outside, where a linear model is at a loss', () => {
    const [rows, stop, fresh] = [circle(1500, 1), circle(500, 2), circle(500, 3)];
    const own = fit(rows, { learningRate: 0.01 }, { validation: stop });
    expect(rankAuc(marginsOfPerceptron(own, fresh.data), fresh.labels)).toBeGreaterThan(0.98);
    const linear = fitLogistic(rows.data, rows.labels, defaultLogisticParameters);
    expect(rankAuc(marginsOf(linear, fresh.data), fresh.labels)).toBeLessThan(0.6);
  });

  test('stops when the validation log loss no longer falls and keeps its lowest point', () => {
    const own = fit(train, { patience: 3, learningRate: 0.02 }, { validation: held });
    const curve = Array.from(own.validationLogLoss);
    expect(curve).toHaveLength(own.epochs + 3);
    expect(Math.min(...curve)).toBe(curve[own.epochs - 1]);
    const margins = marginsOfPerceptron(own, held.data);
    expect(logLossOfMargins(held.labels, margins)).toBeCloseTo(Math.min(...curve), 12);
  });

  test('the weights kept are those of a fit of so many epochs without a validation part', () => {
    const own = fit(train, { patience: 3, learningRate: 0.02 }, { validation: held });
    const again = fit(train, { epochs: own.epochs, learningRate: 0.02 });
    expect(again).toEqual({ ...own, validationLogLoss: new Float64Array(0) });
  });

  test('with patience 0 it never stops early; the caller may', () => {
    const change = { epochs: 6, patience: 0, learningRate: 0.5 };
    expect(fit(train, change, { validation: held }).validationLogLoss).toHaveLength(6);
    const seen: (number | null)[] = [];
    const stopped = fit(train, change, {
      onEpoch: (epoch, loss) => {
        seen.push(loss);
        return epoch < 2;
      },
    });
    expect(stopped.epochs).toBe(2);
    expect(seen).toEqual([null, null]);
  });

  test('the same seed gives the same weights bit for bit, another seed others', () => {
    const grown = (seed: number) => fit(train, { epochs: 3, seed });
    expect(grown(5)).toEqual(grown(5));
    expect(grown(5)).not.toEqual(grown(6));
  });

  test('margins are those of its definition, shifts of packed columns included', () => {
    const rows = mixedRows(60, 4);
    const own = fit(rows, { epochs: 5, hidden: 7 });
    const margins = marginsOfPerceptron(own, rows.data);
    plainMargins(own, rows).forEach((margin, row) => {
      expect(margins[row]).toBeCloseTo(margin, 10);
    });
  });

  test('weight decay makes the weights small, a positive weight raises the margins', () => {
    const size = ({ hiddenWeights }: PerceptronFit) =>
      hiddenWeights.reduce((sum, weight) => sum + weight * weight, 0);
    const plain = fit(train, { epochs: 5 });
    expect(size(fit(train, { epochs: 5, l2: 0.1 }))).toBeLessThan(0.5 * size(plain));
    const mean = (own: PerceptronFit) =>
      marginsOfPerceptron(own, held.data).reduce((sum, margin) => sum + margin, 0) /
      held.labels.length;
    const raised = mean(fit(train, { epochs: 5, positiveWeight: 4 })) - mean(plain);
    expect(raised).toBeGreaterThan(0.7 * Math.log(4));
    expect(raised).toBeLessThan(1.3 * Math.log(4));
  });

  test('the validation curve weighs rows as training does', () => {
    const own = fit(train, { epochs: 1, positiveWeight: 4 }, { validation: held });
    const margins = marginsOfPerceptron(own, held.data);
    let [sum, total] = [0, 0];
    margins.forEach((margin, row) => {
      const weight = held.labels[row] === 1 ? 4 : 1;
      sum += weight * Math.log1p(Math.exp(held.labels[row] === 1 ? -margin : margin));
      total += weight;
    });
    expect(own.validationLogLoss[0]).toBeCloseTo(sum / total, 10);
  });

  test('constant and all-missing columns change no margin', () => {
    const values = Float32Array.of(1, NaN, 7, 2, NaN, 7, 3, NaN, 7, 4, NaN, 7);
    const x = { rows: 4, columns: 3, values };
    const scaled = fitStandardisation(x, 3);
    const rows = { data: standardise(x, scaled), labels: Uint8Array.of(0, 1, 0, 1) };
    const own = fit(rows, { epochs: 5 });
    const other = { ...x, values: values.map((value, at) => (at % 3 === 1 ? NaN : value)) };
    expect(marginsOfPerceptron(own, standardise(other, scaled))).toEqual(
      marginsOfPerceptron(own, rows.data),
    );
    expect(marginsOfPerceptron(own, rows.data).every(Number.isFinite)).toBe(true);
  });

  test('without columns it is the log-odds of the share of positives', () => {
    const x = { rows: 4, columns: 0, values: new Float32Array(0) };
    const data = standardise(x, fitStandardisation(x, 0));
    const own = fit({ data, labels: Uint8Array.of(0, 1, 0, 0) }, { epochs: 1, learningRate: 1e-9 });
    expect(marginsOfPerceptron(own, data)[0]).toBeCloseTo(Math.log(1 / 3), 6);
  });

  const infinite = (): Part => {
    const x = { rows: 3, columns: 1, values: Float32Array.of(1, Infinity, 2) };
    return { data: standardise(x, fitStandardisation(x, 1)), labels: Uint8Array.of(0, 1, 0) };
  };
  const withValidation = (validation: Part) => fit(train, {}, { validation });

  test.each<[string, () => unknown, string]>([
    ['too few units', () => fit(train, { hidden: 3 }), 'hidden must be an integer 4 to 64, got 3'],
    ['a rate of 0', () => fit(train, { learningRate: 0 }), 'learningRate must be above 0 up to 1'],
    [
      'an empty batch',
      () => fit(train, { batchRows: 0 }),
      'batchRows must be an integer 1 to 65536',
    ],
    ['no epoch', () => fit(train, { epochs: 0 }), 'epochs must be an integer 1 to 10000, got 0'],
    ['negative patience', () => fit(train, { patience: -1 }), 'patience must be an integer 0 to'],
    ['a decay of NaN', () => fit(train, { l2: NaN }), 'l2 must be 0 to 1000000, got NaN'],
    [
      'weightless positives',
      () => fit(train, { positiveWeight: 0 }),
      'positiveWeight must be above 0',
    ],
    ['half a seed', () => fit(train, { seed: 0.5 }), 'seed must be an integer 0 to'],
    [
      'one class',
      () => fit({ ...train, labels: new Uint8Array(train.labels.length) }),
      'both 0 and 1, got only label 0',
    ],
    ['too few labels', () => fit({ ...train, labels: held.labels }), 'training labels must have'],
    ['an infinite value', () => fit(infinite()), 'standardised values must be finite'],
    [
      'a validation part of other columns',
      () => withValidation(mixedRows(9, 1)),
      'validation must have 20 columns, got 4',
    ],
    [
      'a validation part without rows',
      () =>
        withValidation(
          part({
            x: { rows: 0, columns: 20, values: new Float32Array(0) },
            labels: new Uint8Array(0),
          }),
        ),
      'validation must have at least 1 row, got 0',
    ],
    [
      'validation labels of 2',
      () => withValidation({ ...held, labels: held.labels.map((label) => 2 * label) }),
      'validation labels must be 0 or 1, got 2',
    ],
  ])('%s is refused with its name and bound', (_, run, message) => {
    expect(run).toThrow(message);
  });
});
