import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fixedColumns } from '../../../src/cli/import/columns.js';
import { compileExpression } from '../../../src/cli/import/evaluate.js';
import { parseExpression, type Expression } from '../../../src/cli/import/expression.js';
import type { Cell } from '../../../src/cli/import/cell.js';

const names = ['Quantity', 'UnitPrice', 'Churn', 'Unit Price', 'country', 'note', 'empty'];
const row: Cell[] = ['6', '2.55', 'Yes', '9', 'Germany', ' ', 'full'];

function run(text: string, cells: Cell[] = row): Cell {
  return compileExpression(text, fixedColumns(names), '--value')(cells);
}

/** A fully bracketed twin of an expression's text. */
function show(e: Expression): string {
  switch (e.kind) {
    case 'number':
      return String(e.value);
    case 'column':
      return e.name;
    case 'negate':
      return `(-${show(e.of)})`;
    case 'not':
      return `(not ${show(e.of)})`;
    case 'arithmetic':
    case 'comparison':
    case 'logic':
      return `(${show(e.left)} ${e.operator} ${show(e.right)})`;
    case 'text':
    case 'boolean':
    case 'empty':
    case 'in':
    case 'call':
      return e.kind;
  }
}

describe('an import expression', () => {
  it.each<[string, string]>([
    ['a + b * c', '(a + (b * c))'],
    ['a - b - c', '((a - b) - c)'],
    ['a / b / c', '((a / b) / c)'],
    ['-a * b', '((-a) * b)'],
    ['not a = b and c', '((not (a = b)) and c)'],
    ['a or b and c or d', '((a or (b and c)) or d)'],
    ['a + 1 > b * 2', '((a + 1) > (b * 2))'],
    ['(a or b) and c', '((a or b) and c)'],
  ])('binds %s as %s', (text, bracketed) => {
    expect(show(parseExpression(text))).toBe(bracketed);
  });

  it.each<[string, Cell]>([
    ['Quantity * UnitPrice', 15.299999999999999],
    ['Quantity + -2', 4],
    ['Quantity % 4', 2],
    ['`Unit Price` / 2', 4.5],
    ['"Unit Price" - 1', 8],
    ['Churn = Yes', true],
    ["Churn = 'No'", false],
    ['Churn != Yes', false],
    ['Quantity > 0 and Churn = Yes', true],
    ['Quantity >= 6 and not (Quantity < 6)', true],
    ['Quantity = 6.0', true],
    ['note is empty', true],
    ['note is not empty', false],
    ['`empty` is not empty', true],
    ["country in ('France', Germany)", true],
    ['country not in (France, Spain)', true],
    ['lower(country)', 'germany'],
    ["number('1.234,5', ',')", 1234.5],
    ["date('31/12/2020 23:59', 'DD/MM/YYYY HH:mm')", '2020-12-31T23:59:00.000Z'],
    ['if(Churn = Yes, 1, 0) + 1', 2],
    ["coalesce(note, country, 'x')", 'Germany'],
    ["concat(country, '-', Quantity)", 'Germany-6'],
    ['round(UnitPrice, 0) + abs(-1) + min(3, 2) + max(1, 4) + floor(1.9) + ceil(0.1)', 12],
    ["replace(country, 'many', '')", 'Ger'],
    ["contains(country, 'erm') and startsWith(country, 'G') and endsWith(country, 'y')", true],
    ['note * 2', null],
    ['note > 0', false],
    ['true', true],
    ['quantity', '6'],
  ])('answers %s with %j', (text, value) => {
    expect(run(text)).toBe(value);
  });

  it('computes arithmetic as JavaScript does, for any nesting', () => {
    const tree: fc.Arbitrary<string> = fc.letrec<{ e: string }>((tie) => ({
      e: fc.oneof(
        { maxDepth: 4 },
        fc.integer({ min: 0, max: 99 }).map(String),
        fc
          .tuple(tie('e'), fc.constantFrom('+', '-', '*'), tie('e'))
          .map(([a, operator, b]) => `${a} ${operator} ${b}`),
        tie('e').map((e) => `(${e})`),
        tie('e').map((e) => `- (${e})`),
      ),
    })).e;
    fc.assert(
      fc.property(tree, (text) => {
        // eslint-disable-next-line @typescript-eslint/no-implied-eval
        const expected = new Function(`return ${text};`)() as number;
        expect((run(text) as number) + 0).toBe(expected + 0);
      }),
    );
  });

  it('never throws anything but a sentence on arbitrary text', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), (text) => {
        try {
          run(text);
        } catch (error) {
          expect((error as Error).name).toMatch(/^(AppError|RowError)$/);
        }
      }),
    );
  });

  it('names the unknown column and the ones that are near', () => {
    expect(() => run('Quantty * UnitPrice')).toThrow(
      /--value: there is no column "Quantty"; did you mean "Quantity"\?/,
    );
  });

  it('names the unknown function, also one that objects have by birth', () => {
    expect(() => run('lowr(country)')).toThrow(/no function lowr\(\); did you mean lower\(\)/);
    expect(() => run('constructor(country)')).toThrow(/no function constructor\(\)/);
  });

  it.each<[string, RegExp]>([
    ['Quantity *', /expected a column, a number, a text or "\(" at place 11, but it ends/],
    ['(Quantity', /expected "\)" at place 10/],
    [
      'Quantity UnitPrice',
      /expected an operator or the end at place 10, but "UnitPrice" stands there/,
    ],
    ["country = 'Ger", /the ' at place 11 is never closed/],
    ['a # b', /"#" at place 3 is no part of an expression/],
    ['lower()', /lower\(\) takes 1 values, got 0/],
    ['number(country, Quantity)', /must be a text in 'quotes'/],
    ['('.repeat(200), /nests at most 100 deep/],
  ])('refuses %s with the place', (text, message) => {
    expect(() => run(text)).toThrow(message);
  });

  it('rejects the row, not the file, when a cell is no number', () => {
    expect(() => run('Quantity * UnitPrice', ['six', '1'])).toThrow(
      'Quantity is "six", not a number',
    );
    expect(() => run('1 / Quantity', ['0'])).toThrow('division by zero: Quantity is 0');
  });
});
