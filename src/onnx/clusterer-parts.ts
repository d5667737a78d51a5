import type {
  Clusterer,
  MedoidClusterer,
  MixtureClusterer,
  Preparation,
  PrototypeClusterer,
} from '../numeric/clusterer.js';
import { concat, DOUBLE, FLOAT, oneHot, type GraphPart } from './classifier-parts.js';
import { GraphDraft } from './graph-draft.js';
import { LARGEST_FLOAT } from './parity.js';

const BOOLEAN = 9;

/** Nodes of a clusterer that take `numeric` and `categorical` and give `probability`, `distance` and `segment`. */
export function membershipPart(clusterer: Clusterer): GraphPart {
  const draft = new GraphDraft();
  const { squared, logits } = answersOf(draft, clusterer);
  const shares = draft.node('Softmax', [logits], 'share', { axis: { integer: 1 } });
  const distance = draft.node('Sqrt', [squared], 'distance64');
  const bounded = draft.node(
    'Min',
    [distance, draft.doubles('largest', [1, 1], [LARGEST_FLOAT])],
    'distance_bounded',
  );
  draft.cast(shares, 'probability', FLOAT);
  draft.cast(bounded, 'distance', FLOAT);
  draft.node('ArgMax', [shares], 'segment', { axis: { integer: 1 }, keepdims: { integer: 0 } });
  return draft.part;
}

/** Names of the squared distances and of what Softmax makes probabilities of, both double [N, segments]. */
function answersOf(draft: GraphDraft, clusterer: Clusterer): { squared: string; logits: string } {
  switch (clusterer.kind) {
    case 'prototypes': {
      const squared = nearestSquares(draft, clusterer);
      return { squared, logits: spreadLogits(draft, squared, clusterer.spread) };
    }
    case 'mixture':
      return mixtureAnswers(draft, clusterer);
    case 'medoids': {
      const gower = gowerDistances(draft, clusterer);
      const squared = draft.node('Mul', [gower, gower], 'squared');
      return { squared, logits: spreadLogits(draft, squared, clusterer.spread) };
    }
  }
}

/** -(squared - the row's least) / (2 x spread): at most 0 and 0 somewhere, however far away the row is. */
function spreadLogits(draft: GraphDraft, squared: string, spread: number): string {
  const axis = draft.integers('last_axis', [1]);
  const least = draft.node('ReduceMin', [squared, axis], 'least', { keepdims: { integer: 1 } });
  const beyond = draft.node('Sub', [squared, least], 'beyond');
  return draft.node('Div', [beyond, draft.doubles('spread', [1, 1], [-2 * spread])], 'logits');
}

/** Squared distances to each segment's nearest prototype. */
function nearestSquares(draft: GraphDraft, clusterer: PrototypeClusterer): string {
  const { segments, prototypes, segmentOf, noise } = clusterer;
  const space = spacePart(draft, clusterer.preparation);
  const width = prototypes.length / segmentOf.length;
  const columns = Array.from({ length: segments }, (_, segment) => {
    const own = Array.from(segmentOf.keys()).filter((at) => segmentOf[at] === segment);
    const rows = own.flatMap((at) => [...prototypes.subarray(at * width, (at + 1) * width)]);
    const name = `prototypes_${String(segment)}`;
    if (own.length === 0) return null;
    const center = draft.doubles(name, [own.length, width], rows);
    return squaredTo(
      draft,
      space,
      own.length === 1 ? center : nearest(draft, space, center, width, rows),
    );
  });
  const some = columns.find((column) => column !== null) ?? '';
  const squares = columns.map((column) => {
    if (column !== null || !noise) return column ?? '';
    // A constant column of as many rows: where a distance is NaN it stays so, and the answer is refused.
    const unknown = draft.node('IsNaN', [some], 'unknown');
    const radius = draft.doubles('radius_squared', [1, 1], [noise.radius ** 2]);
    return draft.node('Where', [unknown, some, radius], 'noise_squared');
  });
  return draft.add(concat(squares, 'squared'));
}

/**
 * The nearest of several prototypes, one a row: found by |c|² - 2 x.c, which needs no [N, prototypes, width] in between;
 * the distance to it is then taken by differences, so that nothing cancels.
 */
function nearest(
  draft: GraphDraft,
  space: string,
  center: string,
  width: number,
  rows: readonly number[],
): string {
  const norms = new Float64Array(rows.length / width);
  rows.forEach((value, at) => {
    norms[Math.floor(at / width)]! += value * value;
  });
  const scores = draft.node(
    'Gemm',
    [space, center, draft.doubles(`${center}_norms`, [1, norms.length], norms)],
    `${center}_scores`,
    { alpha: { float: -2 }, transB: { integer: 1 } },
  );
  const index = draft.node('ArgMin', [scores], `${center}_index`, {
    axis: { integer: 1 },
    keepdims: { integer: 0 },
  });
  return draft.node('Gather', [center, index], `${center}_nearest`, { axis: { integer: 0 } });
}

/** |space - center|², double [N, 1]. */
function squaredTo(draft: GraphDraft, space: string, center: string): string {
  return sumOfSquares(draft, draft.node('Sub', [space, center], `${center}_gap`));
}

function sumOfSquares(draft: GraphDraft, gaps: string): string {
  const axis = draft.integers('last_axis', [1]);
  return draft.node('ReduceSumSquare', [gaps, axis], `${gaps}_squared`, {
    keepdims: { integer: 1 },
  });
}

function mixtureAnswers(
  draft: GraphDraft,
  clusterer: MixtureClusterer,
): { squared: string; logits: string } {
  const { segments, weights, means, whitening, logDeterminants } = clusterer;
  const space = spacePart(draft, clusterer.preparation);
  const width = means.length / segments;
  const columns = Array.from({ length: segments }, (_, segment) => {
    const name = (what: string): string => `${what}_${String(segment)}`;
    const mean = means.subarray(segment * width, (segment + 1) * width);
    const factor = whitening.subarray(segment * width ** 2, (segment + 1) * width ** 2);
    const center = draft.doubles(name('mean'), [1, width], mean);
    const gap = draft.node('Sub', [space, center], name('gap'));
    const white = draft.node(
      'Gemm',
      [gap, draft.doubles(name('whitening'), [width, width], factor)],
      name('white'),
      { transB: { integer: 1 } },
    );
    return sumOfSquares(draft, white);
  });
  const squared = draft.add(concat(columns, 'squared'));
  const half = draft.node('Mul', [squared, draft.doubles('half', [1, 1], [-0.5])], 'exponent');
  const priors = Array.from(weights, (w, s) => Math.log(w) - 0.5 * (logDeterminants[s] ?? NaN));
  const prior = draft.doubles('prior', [1, segments], priors);
  return { squared, logits: draft.node('Add', [half, prior], 'logits') };
}

/** Distances of Gower, double [N, segments]; 1 where no input is known on both sides. */
function gowerDistances(draft: GraphDraft, clusterer: MedoidClusterer): string {
  const { segments, numericNames, categoricalNames, weight, medoidNumbers, medoidTexts } =
    clusterer;
  const sides = [
    ...(numericNames.length > 0 ? [numberTerms(draft, clusterer)] : []),
    ...(categoricalNames.length > 0 ? [textTerms(draft, clusterer)] : []),
  ];
  const inputs = weight.length;
  const numbers = numericNames.length;
  const isKnown = (segment: number, input: number): boolean =>
    input < numbers
      ? !Number.isNaN(medoidNumbers[segment * numbers + input])
      : medoidTexts[segment * categoricalNames.length + input - numbers] !== '';
  const own = Array.from({ length: segments }, (_, segment) =>
    Array.from(weight, (value, input) => (isKnown(segment, input) ? value : 0)),
  );
  const known = draft.add(
    concat(
      sides.map((side) => side.known),
      'known',
    ),
  );
  const sums = own.map((weights, segment) => {
    const name = (what: string): string => `${what}_${String(segment)}`;
    const parts = sides.map((side) => side.terms(segment));
    const terms = draft.add(concat(parts, name('terms')));
    const column = draft.doubles(name('weights'), [inputs, 1], weights);
    return draft.node('MatMul', [terms, column], name('sum'));
  });
  const sum = draft.add(concat(sums, 'sums'));
  const columns = Array.from({ length: inputs * segments }, (_, at) => {
    return own[at % segments]?.[Math.floor(at / segments)] ?? 0;
  });
  const all = draft.doubles('all_weights', [inputs, segments], columns);
  const total = draft.node('MatMul', [known, all], 'total');
  const isComparable = draft.node('Greater', [total, zero(draft)], 'comparable');
  const mean = draft.node('Div', [sum, total], 'mean');
  return draft.node('Where', [isComparable, mean, one(draft)], 'gower');
}

/** One side of Gower's terms: 1 where the row knows the input, and the unweighted terms of a segment, 0 elsewhere. */
interface GowerSide {
  known: string;
  terms: (segment: number) => string;
}

function numberTerms(draft: GraphDraft, clusterer: MedoidClusterer): GowerSide {
  const { medoidNumbers, range } = clusterer;
  const width = range.length;
  const raw = draft.cast('numeric', 'numeric64', DOUBLE);
  const missing = draft.node('IsNaN', [raw], 'missing');
  const known = draft.node('Where', [missing, zero(draft), one(draft)], 'known_numbers');
  const filled = draft.node('Where', [missing, zero(draft), raw], 'filled');
  const ranges = draft.doubles('range', [1, width], range);
  return {
    known,
    terms: (segment) => {
      const name = (what: string): string => `${what}_${String(segment)}`;
      const own = medoidNumbers
        .slice(segment * width, (segment + 1) * width)
        .map((value) => (Number.isNaN(value) ? 0 : value));
      const medoid = draft.doubles(name('medoid'), [1, width], own);
      const gap = draft.node('Sub', [filled, medoid], name('gap'));
      const size = draft.node('Abs', [gap], name('size'));
      const share = draft.node('Div', [size, ranges], name('share'));
      const term = draft.node('Min', [share, one(draft)], name('term'));
      return draft.node('Mul', [term, known], name('known_term'));
    },
  };
}

function textTerms(draft: GraphDraft, clusterer: MedoidClusterer): GowerSide {
  const { medoidTexts, categoricalNames } = clusterer;
  const width = categoricalNames.length;
  const none = draft.texts('no_text', [1, 1], ['']);
  const missing = draft.node('Equal', ['categorical', none], 'missing_texts');
  const known = draft.node('Where', [missing, zero(draft), one(draft)], 'known_texts');
  return {
    known,
    terms: (segment) => {
      const name = (what: string): string => `${what}_${String(segment)}`;
      const own = medoidTexts.slice(segment * width, (segment + 1) * width);
      const medoid = draft.texts(name('medoid_texts'), [1, width], own);
      const equal = draft.node('Equal', ['categorical', medoid], name('equal'));
      return draft.node('Where', [equal, zero(draft), known], name('unequal'));
    },
  };
}

function zero(draft: GraphDraft): string {
  return draft.doubles('zero', [1, 1], [0]);
}

function one(draft: GraphDraft): string {
  return draft.doubles('one', [1, 1], [1]);
}

/** Raw inputs in the space of a preparation, double [N, width]. */
function spacePart(draft: GraphDraft, preparation: Preparation): string {
  const { encoding, mean, scale, weight, rotation } = preparation;
  const columns = mean.length;
  const blocks = encoding.numericNames.length > 0 ? [numbersPart(draft, preparation)] : [];
  const { nodes, constants, outputs } = oneHot(encoding, '');
  draft.part.nodes.push(...nodes);
  draft.part.constants.push(...constants);
  for (const block of outputs) blocks.push(draft.cast(block, `${block}_64`, DOUBLE));
  const design = draft.add(concat(blocks, 'design'));
  const row = (name: string, values: Float64Array): string =>
    draft.doubles(name, [1, columns], values);
  const centred = draft.node('Sub', [design, row('mean', mean)], 'centred');
  const scaled = draft.node('Div', [centred, row('scale', scale)], 'scaled');
  const weighted = draft.node('Mul', [scaled, row('weight', weight)], 'weighted');
  if (!rotation) return weighted;
  const axes = draft.doubles('components', [rotation.kept, columns], rotation.components);
  return draft.node('Gemm', [weighted, axes], 'rotated', { transB: { integer: 1 } });
}

/** Numbers filled, cut to their bounds, and put through log1p where that is wanted. */
function numbersPart(draft: GraphDraft, preparation: Preparation): string {
  const { fill, low, high, logarithm } = preparation;
  const row = (name: string, values: ArrayLike<number>): string =>
    draft.doubles(name, [1, fill.length], values);
  const raw = draft.cast('numeric', 'numeric64', DOUBLE);
  const missing = draft.node('IsNaN', [raw], 'missing');
  const filled = draft.node('Where', [missing, row('fill', fill), raw], 'filled');
  const raised = draft.node('Max', [filled, row('low', low)], 'raised');
  const cut = draft.node('Min', [raised, row('high', high)], 'cut');
  if (!logarithm.includes(1)) return cut;
  // NaN for a number below -1, which Where then leaves out: under a logarithm nothing is below 0.
  const above = draft.node('Add', [cut, one(draft)], 'above');
  const logged = draft.node('Log', [above], 'logged');
  const chosen = draft.cast(row('logarithm', logarithm), 'is_logged', BOOLEAN);
  return draft.node('Where', [chosen, logged, cut], 'numbers');
}
