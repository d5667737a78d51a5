import { AppError } from '../../kernel/error.js';
import { cellText, isBlank, numberIn, parseNumber, RowError, truthIn, type Cell } from './cell.js';
import { nearNames, unknownColumn, type CellGetter, type Columns } from './columns.js';
import { parseExpression, type Comparison, type Expression } from './expression.js';
import { FUNCTIONS } from './functions.js';

function describe(expression: Expression): string {
  return expression.kind === 'column' ? expression.name : 'a value of the expression';
}

/** As numbers where both sides are numbers in full, otherwise as text; null when a side is blank. */
function order(a: Cell, b: Cell): number | null {
  if (isBlank(a) || isBlank(b)) return null;
  const x = typeof a === 'number' ? a : parseNumber(cellText(a));
  const y = typeof b === 'number' ? b : parseNumber(cellText(b));
  if (x !== null && y !== null) return x - y;
  const s = cellText(a);
  const t = cellText(b);
  return s < t ? -1 : s > t ? 1 : 0;
}

function same(a: Cell, b: Cell): boolean {
  if (typeof a === 'boolean' || typeof b === 'boolean')
    return cellText(a).toLowerCase() === cellText(b).toLowerCase();
  if (isBlank(a) || isBlank(b)) return isBlank(a) && isBlank(b);
  return order(a, b) === 0;
}

function compare(operator: Comparison, a: Cell, b: Cell): boolean {
  switch (operator) {
    case '=':
      return same(a, b);
    case '!=':
      return !same(a, b);
    case '<':
      return (order(a, b) ?? 0) < 0;
    case '<=':
      return (order(a, b) ?? 1) <= 0;
    case '>':
      return (order(a, b) ?? 0) > 0;
    case '>=':
      return (order(a, b) ?? -1) >= 0;
  }
}

/**
 * Compiles an expression against the columns of a file.
 * Blanks: arithmetic with one gives a blank, a comparison with one is false, except `=` and `!=`.
 * A bare word on the right of a comparison, or in a list, that is no column stands for itself: `Churn = Yes`.
 * @throws AppError INVALID that names the unknown column or function and the near ones
 */
export function compileExpression(text: string, columns: Columns, where: string): CellGetter {
  const compile = (expression: Expression): CellGetter => {
    switch (expression.kind) {
      case 'number':
      case 'text':
      case 'boolean': {
        const { value } = expression;
        return () => value;
      }
      case 'column':
        return column(expression.name);
      case 'negate': {
        const of = compile(expression.of);
        const what = describe(expression.of);
        return (cells) => {
          const value = numberIn(of(cells), what);
          return value === null ? null : -value;
        };
      }
      case 'not': {
        const of = truth(expression.of);
        return (cells) => !of(cells);
      }
      case 'empty': {
        const of = compile(expression.of);
        return (cells) => isBlank(of(cells)) !== expression.negated;
      }
      case 'in': {
        const of = compile(expression.of);
        const items = expression.items.map(operand);
        return (cells) => {
          const value = of(cells);
          return items.some((item) => same(value, item(cells))) !== expression.negated;
        };
      }
      case 'arithmetic':
        return arithmetic(expression);
      case 'comparison': {
        const left = compile(expression.left);
        const right = operand(expression.right);
        return (cells) => compare(expression.operator, left(cells), right(cells));
      }
      case 'logic': {
        const left = truth(expression.left);
        const right = truth(expression.right);
        return expression.operator === 'and'
          ? (cells) => left(cells) && right(cells)
          : (cells) => left(cells) || right(cells);
      }
      case 'call':
        return call(expression.name, expression.items);
    }
  };

  const column = (name: string): CellGetter => {
    const getter = columns.find(name);
    if (getter === null) throw new AppError('INVALID', unknownColumn(name, columns.names, where));
    return getter;
  };

  const operand = (expression: Expression): CellGetter => {
    if (expression.kind !== 'column' || expression.quoted || columns.find(expression.name))
      return compile(expression);
    return () => expression.name;
  };

  const truth = (expression: Expression): ((cells: readonly Cell[]) => boolean) => {
    const of = compile(expression);
    const what = describe(expression);
    return (cells) => truthIn(of(cells), what);
  };

  const arithmetic = (expression: Extract<Expression, { kind: 'arithmetic' }>): CellGetter => {
    const left = compile(expression.left);
    const right = compile(expression.right);
    const [a, b] = [describe(expression.left), describe(expression.right)];
    return (cells) => {
      const x = numberIn(left(cells), a);
      const y = numberIn(right(cells), b);
      if (x === null || y === null) return null;
      switch (expression.operator) {
        case '+':
          return x + y;
        case '-':
          return x - y;
        case '*':
          return x * y;
        case '/':
        case '%':
          if (y === 0) throw new RowError(`division by zero: ${b} is 0`);
          return expression.operator === '/' ? x / y : x % y;
      }
    };
  };

  const call = (name: string, items: readonly Expression[]): CellGetter => {
    const rule = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
    if (rule === undefined) {
      const near = nearNames(name, Object.keys(FUNCTIONS));
      throw new AppError(
        'INVALID',
        `${where}: there is no function ${name}()${near.length > 0 ? `; did you mean ${near.join('() or ')}()?` : ''} (functions: ${Object.keys(FUNCTIONS).join(', ')})`,
      );
    }
    if (items.length < rule.least || items.length > rule.most)
      throw new AppError(
        'INVALID',
        `${where}: ${name}() takes ${rule.least === rule.most ? rule.least : `${rule.least} to ${rule.most}`} values, got ${items.length}`,
      );
    return rule.make(items.map(compile), items, describe, columns);
  };

  return compile(parseExpression(text));
}
