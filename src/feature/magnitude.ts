import { unreachable } from '../kernel/id.js';
import type { Expression } from './definition-expression.js';
import type { Definition } from './definition.js';
import { pickVersion, type FeatureDefinition } from './feature.js';

/**
 * Decimal exponents between which every non-zero value of a number lies. Postgres raises on overflow and
 * underflow of float8, which would fail the whole statement: formulas that could get there are refused.
 */
export interface Magnitude {
  low: number;
  high: number;
}

const LIMIT = 300;
/** A difference of floats is 0 or at least an ulp of its parts. */
const ULP = 16;
const STORED: Magnitude = { low: -15, high: 15 };

/** Bounds of the numbers a definition yields. `dependencies` are those of the feature. */
export function magnitudeOf(
  definition: Definition,
  dependencies: readonly FeatureDefinition[],
): Magnitude {
  switch (definition.kind) {
    case 'attribute':
      return STORED;
    case 'daysSince':
      return { low: -9, high: 7 };
    case 'instant':
      return { low: 0, high: 16 };
    case 'events':
      return aggregateMagnitude(definition.aggregate);
    case 'expression':
      return expressionMagnitude(definition.expression, dependencies);
    case 'bucket':
      return labelMagnitude(definition.labels);
    default:
      return unreachable(definition);
  }
}

function labelMagnitude(labels: readonly (number | string)[]): Magnitude {
  const parts = labels.map((label) => numberMagnitude(Number(label)));
  return {
    low: Math.min(...parts.map((part) => part.low)),
    high: Math.max(...parts.map((part) => part.high)),
  };
}

function numberMagnitude(value: number): Magnitude {
  const exponent = value === 0 ? 0 : Math.log10(Math.abs(value));
  return { low: Math.floor(exponent), high: Math.ceil(exponent) };
}

function aggregateMagnitude(
  aggregate: Extract<Definition, { kind: 'events' }>['aggregate'],
): Magnitude {
  switch (aggregate) {
    case 'count':
    case 'distinctDays':
    case 'distinct':
      return { low: 0, high: 10 };
    case 'share':
      return { low: -10, high: 0 };
    case 'sum':
      return { low: -31, high: 25 };
    case 'mean':
    case 'standardDeviation':
    case 'percentile':
    case 'shareAbovePercentile':
      return { low: -41, high: 16 };
    case 'min':
    case 'max':
    case 'first':
    case 'last':
      return { low: -31, high: 15 };
    default:
      return unreachable(aggregate);
  }
}

function expressionMagnitude(
  node: Expression,
  dependencies: readonly FeatureDefinition[],
): Magnitude {
  if (typeof node === 'number') return numberMagnitude(node);
  if ('feature' in node) {
    const target = pickVersion(
      dependencies.filter(({ name }) => name === node.feature),
      node.version,
    );
    return target ? magnitudeOf(target.definition, target.dependencies) : STORED;
  }
  const parts = node.of.map((part) => expressionMagnitude(part, dependencies));
  const [a = STORED, b = STORED] = parts;
  const low = Math.min(...parts.map((part) => part.low));
  const high = Math.max(...parts.map((part) => part.high));
  switch (node.op) {
    case 'add':
    case 'subtract':
      return { low: low - ULP, high: high + 1 };
    case 'multiply':
      return {
        low: parts.reduce((sum, part) => sum + part.low, 0),
        high: parts.reduce((sum, part) => sum + part.high, 0),
      };
    case 'divide':
      return { low: a.low - b.high, high: a.high - b.low };
    case 'min':
    case 'max':
    case 'coalesce':
    case 'negate':
    case 'absolute':
      return { low, high };
    case 'greaterThan':
    case 'lessThan':
      return { low: 0, high: 0 };
    case 'log1p':
      return { low: -17, high: 3 };
    case 'exp':
      return { low: -44, high: 44 };
    case 'squareRoot':
      return { low: Math.floor(low / 2), high: Math.ceil(high / 2) };
    case 'sine':
    case 'cosine':
      // periods are 1e-3..1e9: the angle stays a float64, and no multiple of pi lies nearer to one than this
      return { low: Math.min(low - 10, -40), high: 0 };
    default:
      return unreachable(node);
  }
}

/** Why a formula could leave the range of float64 somewhere inside, or null. */
export function checkMagnitude(
  definition: Definition,
  dependencies: readonly FeatureDefinition[],
): string | null {
  if (definition.kind !== 'expression') return null;
  const visit = (node: Expression): string | null => {
    const { low, high } = expressionMagnitude(node, dependencies);
    if (low < -LIMIT || high > LIMIT)
      return `the formula could reach 1e${high < LIMIT ? low : high}, outside 1e-${LIMIT}..1e${LIMIT}`;
    if (typeof node === 'number' || 'feature' in node) return null;
    for (const part of node.of) {
      const problem = visit(part);
      if (problem) return problem;
    }
    return null;
  };
  return visit(definition.expression);
}
