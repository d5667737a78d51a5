import { parentPort } from 'node:worker_threads';
import { compareToSketch } from '../../src/numeric/compare-sketch.js';
import { sketchNumber } from '../../src/numeric/distribution-sketch.js';
import { decileEdges, driftBins } from '../../src/numeric/drift-bins.js';
import { sortedFloats } from '../../src/numeric/float-sort.js';
import { kolmogorovSmirnov } from '../../src/numeric/kolmogorov-smirnov.js';
import { populationStabilityIndex } from '../../src/numeric/population-stability.js';
import { windowOf } from '../../src/numeric/sketch-window.js';
import { uniformAt } from '../support/synthetic.js';
import { median } from './bench-line.js';

export interface DriftFigure {
  name: string;
  seconds: number;
  detail: string;
}

const ROWS = 1_000_000;
const FEATURES = 20;
const TURNS = 3;

/** A feature of a window, as a model takes it: float32. */
function column(at: number): Float32Array {
  return Float32Array.from({ length: ROWS }, (_, row) => uniformAt(row, at, 3) ** (1 + at / 100));
}

function timed(work: () => unknown): number {
  return median(
    Array.from({ length: TURNS }, () => {
      const start = performance.now();
      work();
      return (performance.now() - start) / 1000;
    }),
  );
}

const features = Array.from({ length: FEATURES }, (_, at) => ({
  reference: column(at),
  current: column(FEATURES + at),
}));
const sketches = features.map(({ reference }) => sketchNumber(reference));
const kept = features.map(({ reference }) => {
  const bins = driftBins(decileEdges(sortedFloats(reference)));
  return { bins, expected: bins.count(reference).counts };
});
const sum = (value: (at: number) => number): number =>
  features.reduce((total, _, at) => total + value(at), 0);

const figures: DriftFigure[] = [
  {
    name: 'PSI against stored edges and counts',
    seconds: timed(() =>
      sum((at) =>
        populationStabilityIndex(
          kept[at]!.expected,
          kept[at]!.bins.count(features[at]!.current).counts,
        ),
      ),
    ),
    detail: 'the current window counted; goal <= 0.3 s',
  },
  {
    name: 'PSI, both windows counted',
    seconds: timed(() =>
      sum((at) =>
        populationStabilityIndex(
          kept[at]!.bins.count(features[at]!.reference).counts,
          kept[at]!.bins.count(features[at]!.current).counts,
        ),
      ),
    ),
    detail: 'edges stored',
  },
  {
    name: 'exact KS of both windows',
    seconds: timed(() =>
      sum((at) => kolmogorovSmirnov(features[at]!.reference, features[at]!.current).pValue),
    ),
    detail: 'both radix-sorted, chances included; goal <= 1.2 s',
  },
  {
    name: 'PSI, KS, chi-square, moments from sketches',
    seconds: timed(() =>
      sum((at) => {
        const window = windowOf(sketches[at]!);
        window.add(features[at]!.current);
        return compareToSketch(window).psi;
      }),
    ),
    detail: 'one pass over the current window; KS short by 1/2,048 at most',
  },
];
parentPort?.postMessage(figures);
