import { unreachable } from '../kernel/id.js';
import type { Expression } from './definition-expression.js';
import type { Placeholders } from './placeholders.js';

/**
 * A formula as SQL over float8 columns. No operation can raise: divisions by zero and logarithms outside
 * their range are null, and magnitude.ts refuses formulas that could overflow.
 */
export function expressionSql(
  expression: Expression,
  columnOf: (name: string, version: number | undefined) => string,
  at: Placeholders,
): string {
  const compile = (node: Expression): string => {
    if (typeof node === 'number') return at.constant(node, 'float8');
    if ('feature' in node) return columnOf(node.feature, node.version);
    const parts = node.of.map(compile);
    const [a = 'null', b = 'null'] = parts;
    switch (node.op) {
      case 'add':
        return `(${parts.join(' + ')})`;
      case 'multiply':
        return `(${parts.join(' * ')})`;
      case 'coalesce':
        return `coalesce(${parts.join(', ')})`;
      case 'min':
        return extreme('least', parts);
      case 'max':
        return extreme('greatest', parts);
      case 'subtract':
        return `(${a} - ${b})`;
      case 'divide':
        return `(${a} / nullif(${b}, 0))`;
      case 'greaterThan':
        return `(${a} > ${b})::int::float8`;
      case 'lessThan':
        return `(${a} < ${b})::int::float8`;
      case 'log1p':
        return `ln(nullif(greatest(1 + ${a}, 0), 0))`;
      case 'exp':
        // least and greatest skip nulls: 0 * a brings them back
        return `exp(greatest(least(${a}, 100), -100) + 0 * ${a})`;
      case 'negate':
        return `(-${a})`;
      case 'absolute':
        return `abs(${a})`;
      case 'squareRoot':
        return `sqrt(case when ${a} >= 0 then ${a} end)`;
      case 'sine':
        return `sin(2 * pi() * ${a} / ${at.constant(node.period, 'float8')})`;
      case 'cosine':
        return `cos(2 * pi() * ${a} / ${at.constant(node.period, 'float8')})`;
      default:
        return unreachable(node);
    }
  };
  return compile(expression);
}

/** Postgres' least and greatest skip nulls; here a missing part makes the result missing. */
function extreme(call: 'least' | 'greatest', parts: readonly string[]): string {
  const present = parts.map((part) => `${part} is not null`).join(' and ');
  return `(case when ${present} then ${call}(${parts.join(', ')}) end)`;
}
